/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of lib/digest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "digest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* FIPS 180-4's own examples. */
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define LONG_TEXT "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
#define LONG "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
#define MILLION "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

static void known_answers(void **state)
{
	char hex[DIGEST_HEX_SIZE];

	(void)state;
	digest_buffer("", 0, hex);
	assert_string_equal(hex, EMPTY);
	digest_buffer("abc", 3, hex);
	assert_string_equal(hex, ABC);
	digest_buffer(LONG_TEXT, strlen(LONG_TEXT), hex);
	assert_string_equal(hex, LONG);
}

static void pieces_make_the_whole(void **state)
{
	struct digest *d = digest_new();
	char hex[DIGEST_HEX_SIZE];

	(void)state;
	digest_add(d, "", 0);
	digest_add(d, "a", 1);
	digest_peek(d, hex);
	digest_add(d, "bc", 2);
	digest_peek(d, hex);
	assert_string_equal(hex, ABC);
	digest_finish(d, hex);
	assert_string_equal(hex, ABC);
}

static void of_strings(char *hex, const char *a, const char *b)
{
	struct digest *d = digest_new();

	digest_add_string(d, a);
	digest_add_string(d, b);
	digest_finish(d, hex);
}

static void strings_are_kept_apart(void **state)
{
	char one[DIGEST_HEX_SIZE], other[DIGEST_HEX_SIZE];

	(void)state;
	of_strings(one, "ab", "c");
	of_strings(other, "a", "bc");
	assert_string_not_equal(one, other);
}

static void files_are_read_from_their_start(void **state)
{
	char path[] = "/tmp/test_digest.XXXXXX", hex[DIGEST_HEX_SIZE];
	char *text = malloc(1000000);
	uint64_t size = 0;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	memset(text, 'a', 1000000);
	assert_int_equal(write(fd, text, 1000000), 1000000);
	assert_int_equal(lseek(fd, 17, SEEK_SET), 17);
	assert_int_equal(digest_fd(fd, hex, &size), 0);
	assert_string_equal(hex, MILLION);
	assert_int_equal(size, 1000000);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 17);
	close(fd);
	free(text);
}

static void errors_of_reading_are_told(void **state)
{
	char hex[DIGEST_HEX_SIZE];

	(void)state;
	assert_int_equal(digest_fd(-1, hex, NULL), -EBADF);
}

static void nonces_differ(void **state)
{
	char a[33], b[33], odd[8];

	(void)state;
	digest_nonce(a, 32);
	digest_nonce(b, 32);
	digest_nonce(odd, 7);
	assert_int_equal(strspn(a, "0123456789abcdef"), 32);
	assert_int_equal(strlen(a), 32);
	assert_int_equal(strlen(odd), 7);
	assert_string_not_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(pieces_make_the_whole),
		cmocka_unit_test(strings_are_kept_apart),
		cmocka_unit_test(files_are_read_from_their_start),
		cmocka_unit_test(errors_of_reading_are_told),
		cmocka_unit_test(nonces_differ),
	};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
