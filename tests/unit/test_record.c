/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of lib/record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "digest.h"
#include "record.h"
#include "xalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "spool-test 1"
#define FIRST "offer {\n  id = \"1\"\n}\n"
#define SECOND "claim {\n}\n"

struct text {
	char *bytes;
	size_t len;
};

static void append(struct text *t, const char *block)
{
	size_t len;
	char *more = record_append(t->bytes ? t->bytes : "", t->len, MAGIC, block, &len);

	assert_non_null(more);
	assert_int_equal(strlen(more), len);
	t->bytes = xrealloc(t->bytes, t->len + len + 1, 1);
	memcpy(t->bytes + t->len, more, len + 1);
	t->len += len;
	free(more);
}

static struct text two_blocks(size_t *ret_first)
{
	struct text t = { 0 };

	append(&t, FIRST);
	*ret_first = t.len;
	append(&t, SECOND);
	return t;
}

static void the_format_is_what_it_says(void **state)
{
	struct text t = { 0 };
	char hex[DIGEST_HEX_SIZE], *expected;

	(void)state;
	append(&t, FIRST);
	digest_buffer(MAGIC "\n" FIRST, strlen(MAGIC "\n" FIRST), hex);
	expected = xasprintf(MAGIC "\n" FIRST "# sum %s\n", hex);
	assert_string_equal(t.bytes, expected);
	free(expected);
	free(t.bytes);
}

static void blocks_come_one_by_one(void **state)
{
	size_t first, valid, len, pos = 0;
	struct text t = two_blocks(&first);
	const char *block;

	(void)state;
	assert_int_equal(record_check(t.bytes, t.len, MAGIC, &valid), RECORD_WHOLE);
	assert_int_equal(valid, t.len);
	block = record_block(t.bytes, valid, &pos, &len);
	assert_int_equal(len, strlen(FIRST));
	assert_memory_equal(block, FIRST, len);
	block = record_block(t.bytes, valid, &pos, &len);
	assert_int_equal(len, strlen(SECOND));
	assert_memory_equal(block, SECOND, len);
	assert_null(record_block(t.bytes, valid, &pos, &len));
	block = record_body(t.bytes, valid, &len);
	assert_ptr_equal(block, t.bytes + strlen(MAGIC) + 1);
	assert_int_equal(len, t.len - strlen(MAGIC) - 1);
	free(t.bytes);
}

static void every_cut_leaves_the_blocks_before(void **state)
{
	size_t first, valid;
	struct text t = two_blocks(&first);

	(void)state;
	for (size_t cut = 0; cut < t.len; cut++) {
		char *part = xcalloc(1, cut + 1);
		enum record_verdict verdict;

		memcpy(part, t.bytes, cut);
		verdict = record_check(part, cut, MAGIC, &valid);
		assert_int_equal(verdict, cut == first ? RECORD_WHOLE : RECORD_TORN);
		assert_int_equal(valid, cut < first ? 0 : first);
		free(part);
	}
	free(t.bytes);
}

static void every_changed_byte_is_seen(void **state)
{
	size_t first, valid;
	struct text t = two_blocks(&first);

	(void)state;
	for (size_t i = 0; i < t.len; i++) {
		enum record_verdict verdict;

		t.bytes[i] ^= 1;
		verdict = record_check(t.bytes, t.len, MAGIC, &valid);
		if (i <= strlen(MAGIC))
			assert_int_equal(verdict, RECORD_FOREIGN);
		else
			assert_int_equal(verdict, RECORD_TORN);
		assert_int_equal(valid, i < first ? 0 : first);
		t.bytes[i] ^= 1;
	}
	free(t.bytes);
}

static void rubbish_behind_is_torn(void **state)
{
	size_t first, valid;
	struct text t = two_blocks(&first);

	(void)state;
	t.bytes = xrealloc(t.bytes, t.len + 4097, 1);
	memset(t.bytes + t.len, 0, 4096);
	assert_int_equal(record_check(t.bytes, t.len + 4096, MAGIC, &valid), RECORD_TORN);
	assert_int_equal(valid, t.len);
	free(t.bytes);
}

static void others_are_left_alone(void **state)
{
	static const char *const foreign[] = { "spool-test 2\n", "spool-test 10\n", "hello\n",
					       "Spool-test 1\n", "spool-test 1 \n", "\n" };
	static const char *const torn[] = { "", "s", "spool-test 1", "spool-test 1\n" };
	static const char zeroes[4096];
	size_t valid;

	(void)state;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		assert_int_equal(record_check(foreign[i], strlen(foreign[i]), MAGIC, &valid),
				 RECORD_FOREIGN);
		assert_int_equal(valid, 0);
	}
	for (size_t i = 0; i < sizeof(torn) / sizeof(torn[0]); i++)
		assert_int_equal(record_check(torn[i], strlen(torn[i]), MAGIC, &valid),
				 RECORD_TORN);
	assert_int_equal(record_check(zeroes, sizeof(zeroes), MAGIC, &valid), RECORD_TORN);
	assert_int_equal(record_check(NULL, 0, MAGIC, &valid), RECORD_TORN);
}

static void sizes_are_bounded(void **state)
{
	struct text t = { 0 };
	char *block = xcalloc(1, RECORD_MAX_BLOCK + 2);
	size_t len, valid;

	(void)state;
	memset(block, '#', RECORD_MAX_BLOCK);
	block[RECORD_MAX_BLOCK] = '\n';
	assert_null(record_append("", 0, MAGIC, block, &len));
	memmove(block, block + 1, RECORD_MAX_BLOCK + 1);
	append(&t, block);
	append(&t, block);
	append(&t, block);
	assert_int_equal(record_check(t.bytes, t.len, MAGIC, &valid), RECORD_WHOLE);
	assert_null(record_append(t.bytes, t.len, MAGIC, block, &len));
	free(block);
	free(t.bytes);
}

/* Somebody with a calculator: the sums are right, the sizes are not. */
static void hostile_sizes_are_torn(void **state)
{
	char hex[DIGEST_HEX_SIZE], *text, *large;
	size_t valid;

	(void)state;
	large = xcalloc(1, RECORD_MAX_BLOCK + 2);
	memset(large, 'x', RECORD_MAX_BLOCK);
	large[RECORD_MAX_BLOCK] = '\n';
	text = xasprintf("%s\n%s", MAGIC, large);
	free(large);
	digest_buffer(text, strlen(text), hex);
	large = xasprintf("%s# sum %s\n", text, hex);
	assert_int_equal(record_check(large, strlen(large), MAGIC, &valid), RECORD_TORN);
	assert_int_equal(valid, 0);
	free(text);
	free(large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_format_is_what_it_says),
		cmocka_unit_test(blocks_come_one_by_one),
		cmocka_unit_test(every_cut_leaves_the_blocks_before),
		cmocka_unit_test(every_changed_byte_is_seen),
		cmocka_unit_test(rubbish_behind_is_torn),
		cmocka_unit_test(others_are_left_alone),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(hostile_sizes_are_torn),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
