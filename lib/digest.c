/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * digest - SHA-256 (FIPS 180-4) and random nonces, by libsodium; the only file that includes it.
 *
 * Touches nothing; digest_fd reads its descriptor with pread, so that the file offset stays
 * where it was. May be called from any thread: nothing here is shared.
 */
#include "digest.h"
#include "worker.h"
#include "xalloc.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE 65536

_Static_assert(DIGEST_HEX_SIZE == crypto_hash_sha256_BYTES * 2 + 1, "size of a digest in hex");

struct digest {
	crypto_hash_sha256_state state;
};

struct digest *digest_new(void)
{
	struct digest *d = xcalloc(1, sizeof(*d));

	crypto_hash_sha256_init(&d->state);
	return d;
}

void digest_add(struct digest *d, const void *data, size_t len)
{
	crypto_hash_sha256_update(&d->state, data, len);
}

void digest_add_string(struct digest *d, const char *s)
{
	digest_add(d, s, strlen(s) + 1);
}

void digest_peek(const struct digest *d, char *hex)
{
	crypto_hash_sha256_state copy = d->state;
	unsigned char sum[crypto_hash_sha256_BYTES];

	crypto_hash_sha256_final(&copy, sum);
	sodium_bin2hex(hex, DIGEST_HEX_SIZE, sum, sizeof(sum));
}

void digest_finish(struct digest *d, char *hex)
{
	digest_peek(d, hex);
	free(d);
}

void digest_buffer(const void *data, size_t len, char *hex)
{
	unsigned char sum[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(sum, data, len);
	sodium_bin2hex(hex, DIGEST_HEX_SIZE, sum, sizeof(sum));
}

int digest_fd(int fd, char *hex, uint64_t *ret_size)
{
	struct digest *d = digest_new();
	char *buf = xcalloc(1, READ_SIZE);
	off_t at = 0;
	ssize_t n;

	for (;;) {
		if (worker_is_ending()) {
			errno = ECANCELED;
			n = -1;
			break;
		}
		n = pread(fd, buf, READ_SIZE, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		digest_add(d, buf, (size_t)n);
		at += n;
	}
	if (n < 0)
		n = -errno;
	free(buf);
	if (n < 0) {
		free(d);
		return (int)n;
	}
	digest_finish(d, hex);
	if (ret_size)
		*ret_size = (uint64_t)at;
	return 0;
}

void digest_nonce(char *out, size_t hex_len)
{
	static const char digits[] = "0123456789abcdef";

	if (sodium_init() < 0) {
		fprintf(stderr, "no randomness: libsodium cannot be initialised; giving up\n");
		abort();
	}
	randombytes_buf(out, hex_len);
	for (size_t i = 0; i < hex_len; i++)
		out[i] = digits[out[i] & 15];
	out[hex_len] = '\0';
}
