/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * digest - SHA-256 (FIPS 180-4), by libsodium; the only file that includes it.
 */
#ifndef SPOOL_DIGEST_H
#define SPOOL_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_HEX_SIZE 65 /* 64 lower-case hex digits and the final zero */

struct digest; /* a running computation; heap */

struct digest *digest_new(void);
void digest_add(struct digest *d, const void *data, size_t len);
/* With its final zero, so that "ab", "c" differs from "a", "bc". */
void digest_add_string(struct digest *d, const char *s);
/* The hash of what was added so far: writes DIGEST_HEX_SIZE bytes; d goes on. */
void digest_peek(const struct digest *d, char *hex);
/* Writes DIGEST_HEX_SIZE bytes and frees d. */
void digest_finish(struct digest *d, char *hex);

void digest_buffer(const void *data, size_t len, char *hex); /* all in one */

/* Reads fd from its start with pread to the end. 0, or negative errno
 * (-ECANCELED: worker_is_ending). *ret_size (may be NULL):
 * bytes read. */
int digest_fd(int fd, char *hex, uint64_t *ret_size);

/* Writes hex_len lower-case hex digits of randomness and a final zero into out (nonces, ids). */
void digest_nonce(char *out, size_t hex_len);

#endif
