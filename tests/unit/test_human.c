/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_human - times, sizes, numbers and words as people write them. Tables of cases; touches
 * nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "human.h"

#define UNTOUCHED 4711

static void times_are_read(void **state)
{
	static const struct {
		const char *text;
		int result;
		int64_t ms;
	} cases[] = {
		{ "90", 0, 90000 },
		{ "90s", 0, 90000 },
		{ "0", 0, 0 },
		{ "500ms", 0, 500 },
		{ "15m", 0, 900000 },
		{ "2h", 0, 7200000 },
		{ "1d", 0, 86400000 },
		{ "01:30", 0, 90000 },
		{ "90:00", 0, 5400000 },
		{ "1:5", 0, 65000 },
		{ "02:00:00", 0, 7200000 },
		{ "100:00:01", 0, 360001000 },
		{ "1-00:00:00", 0, 86400000 },
		{ "2-23:59:59", 0, 259199000 },
		{ "36525d", 0, INT64_C(36525) * 86400000 },
		{ "", -EINVAL, 0 },
		{ " 90", -EINVAL, 0 },
		{ "90 ", -EINVAL, 0 },
		{ "2 h", -EINVAL, 0 },
		{ "-5", -EINVAL, 0 },
		{ "+5", -EINVAL, 0 },
		{ "1.5h", -EINVAL, 0 },
		{ "2H", -EINVAL, 0 },
		{ "2hh", -EINVAL, 0 },
		{ "h", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "1:60", -EINVAL, 0 },
		{ "1:00:60", -EINVAL, 0 },
		{ "1:", -EINVAL, 0 },
		{ "1:00:00:00", -EINVAL, 0 },
		{ "1-", -EINVAL, 0 },
		{ "1-05", -EINVAL, 0 },
		{ "1-05:00", -EINVAL, 0 },
		{ "1-24:00:00", -EINVAL, 0 },
		{ "1h30m", -EINVAL, 0 },
		{ "36526d", -ERANGE, 0 },
		{ "99999999999999999999999999", -ERANGE, 0 },
		{ "99999999999999999999:00", -ERANGE, 0 },
		{ "99999999999:00:00", -ERANGE, 0 },
		{ "99999999999999999-00:00:00", -ERANGE, 0 },
		{ "99999999999999999999x", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t ms = UNTOUCHED;

		if (human_parse_time(cases[i].text, &ms) != cases[i].result)
			fail_msg("\"%s\" did not give %d", cases[i].text, cases[i].result);
		assert_int_equal(ms, cases[i].result ? UNTOUCHED : cases[i].ms);
	}
}

static void sizes_are_read(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t bytes;
	} cases[] = {
		{ "512", 0, 512 },
		{ "0", 0, 0 },
		{ "512B", 0, 512 },
		{ "1K", 0, 1024 },
		{ "1k", 0, 1024 },
		{ "512M", 0, UINT64_C(512) << 20 },
		{ "512MB", 0, UINT64_C(512) << 20 },
		{ "512MiB", 0, UINT64_C(512) << 20 },
		{ "512mib", 0, UINT64_C(512) << 20 },
		{ "2G", 0, UINT64_C(2) << 30 },
		{ "1T", 0, UINT64_C(1) << 40 },
		{ "9223372036854775807", 0, INT64_MAX },
		{ "", -EINVAL, 0 },
		{ "M", -EINVAL, 0 },
		{ "2 G", -EINVAL, 0 },
		{ "2Gi", -EINVAL, 0 },
		{ "2iB", -EINVAL, 0 },
		{ "2P", -EINVAL, 0 },
		{ "2GBB", -EINVAL, 0 },
		{ "1.5G", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "9223372036854775808", -ERANGE, 0 },
		{ "8388608T", -ERANGE, 0 },
		{ "99999999999999999999999G", -ERANGE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t bytes = UNTOUCHED;

		if (human_parse_size(cases[i].text, &bytes) != cases[i].result)
			fail_msg("\"%s\" did not give %d", cases[i].text, cases[i].result);
		assert_int_equal(bytes, cases[i].result ? UNTOUCHED : cases[i].bytes);
	}
}

static void numbers_are_read(void **state)
{
	static const struct {
		const char *text;
		int result;
		int64_t number;
	} cases[] = {
		{ "-3", 0, -3 },
		{ "0", 0, 0 },
		{ "007", 0, 7 },
		{ "8", 0, 8 },
		{ "9", -ERANGE, 0 },
		{ "-4", -ERANGE, 0 },
		{ "9223372036854775808", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "-", -EINVAL, 0 },
		{ "--1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "1.0", -EINVAL, 0 },
		{ "one", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t number = UNTOUCHED;

		if (human_parse_int(cases[i].text, -3, 8, &number) != cases[i].result)
			fail_msg("\"%s\" did not give %d", cases[i].text, cases[i].result);
		assert_int_equal(number, cases[i].result ? UNTOUCHED : cases[i].number);
	}
}

static void times_are_shown_short(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "0ms" },
		{ 350, "350ms" },
		{ 1000, "1.0s" },
		{ 12345, "12.3s" },
		{ 59999, "59.9s" },
		{ 60000, "1:00" },
		{ 245000, "4:05" },
		{ 3599999, "59:59" },
		{ 3723000, "1:02:03" },
		{ 183845000, "2-03:04:05" },
		{ -1, "-" },
		{ INT64_MIN, "-" },
	};
	char buf[HUMAN_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(human_time(cases[i].ms, buf), cases[i].text);
	assert_ptr_equal(human_time(INT64_MAX, buf), buf);
}

static void sizes_are_shown_short(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 1023, "1023" },
		{ 1024, "1K" },
		{ 1536, "1.5K" },
		{ 18035700, "17.2M" },
		{ UINT64_C(512) << 20, "512M" },
		{ (UINT64_C(512) << 20) + 600000, "512M" },
		{ UINT64_C(2) << 30, "2G" },
		{ (UINT64_C(2) << 30) - 1, "1.9G" },
		{ UINT64_MAX, "15.9E" },
	};
	char buf[HUMAN_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(human_size(cases[i].bytes, buf), cases[i].text);
}

static void slips_of_a_finger_are_understood(void **state)
{
	static const char *const keys[] = { "ttl",   "app", "executable", "memory",
					    "cores", "env", NULL };
	static const struct {
		const char *word, *near;
	} cases[] = {
		{ "tll", "ttl" },
		{ "TTL", "ttl" },
		{ "tlt", "ttl" },
		{ "memoyr", "memory" },
		{ "mermoy", "memory" },
		{ "core", "cores" },
		{ "coress", "cores" },
		{ "exeutable", "executable" },
		{ "exeutable:", "executable" },
		{ "exekutible", "executable" },
		{ "exekutibel", NULL },
		{ "", NULL },
		{ "x", NULL },
		{ "apple pie", NULL },
		{ "en", "env" },
		{ "e", NULL },
	};
	char longest[300];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *near = human_nearest(cases[i].word, keys);

		if (!cases[i].near && near)
			fail_msg("\"%s\" is not near to \"%s\"", cases[i].word, near);
		if (cases[i].near) {
			assert_non_null(near);
			assert_string_equal(near, cases[i].near);
		}
	}
	for (size_t i = 0; i < sizeof(longest) - 1; i++)
		longest[i] = 'a';
	longest[sizeof(longest) - 1] = '\0';
	assert_null(human_nearest(longest, keys));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(numbers_are_read),
		cmocka_unit_test(times_are_shown_short),
		cmocka_unit_test(sizes_are_shown_short),
		cmocka_unit_test(slips_of_a_finger_are_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
