/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of lib/clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"

#include <errno.h>
#include <string.h>

static void clocks_go_forward(void **state)
{
	int64_t boot = clock_boot_ms(), wall = clock_wall_ms();

	(void)state;
	assert_true(boot > 0);
	assert_true(wall > INT64_C(1700000000000));
	assert_true(clock_boot_ms() >= boot);
}

static void stamps_are_utc(void **state)
{
	static const struct {
		int64_t ms;
		const char *stamp;
	} cases[] = {
		{ 1, "1970-01-01T00:00:00.001Z" },
		{ INT64_C(951782400000), "2000-02-29T00:00:00.000Z" },
		{ INT64_C(1795168800123), "2026-11-20T10:00:00.123Z" },
		{ INT64_C(4107542399999), "2100-02-28T23:59:59.999Z" },
		{ INT64_C(253402300799999), "9999-12-31T23:59:59.999Z" },
	};
	char buf[CLOCK_STAMP_SIZE];
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(clock_stamp(cases[i].ms, buf), cases[i].stamp);
		assert_int_equal(clock_parse_stamp(cases[i].stamp, &ms), 0);
		assert_int_equal(ms, cases[i].ms);
	}
}

static void no_time_is_a_dash(void **state)
{
	char buf[CLOCK_STAMP_SIZE];
	int64_t ms = 5;

	(void)state;
	assert_string_equal(clock_stamp(0, buf), "-");
	assert_string_equal(clock_stamp(-1, buf), "-");
	assert_string_equal(clock_stamp(INT64_MAX, buf), "-");
	assert_string_equal(clock_stamp(INT64_C(253402300800000), buf), "-");
	assert_int_equal(clock_parse_stamp("-", &ms), 0);
	assert_int_equal(ms, 0);
}

static void milliseconds_may_be_missing(void **state)
{
	int64_t ms;

	(void)state;
	assert_int_equal(clock_parse_stamp("2026-11-20T10:00:00Z", &ms), 0);
	assert_int_equal(ms, INT64_C(1795168800000));
}

static void other_texts_are_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"--",
		"x",
		"2026-11-20",
		"2026-11-20T10:00:00",
		"2026-11-20T10:00:00.1Z",
		"2026-11-20T10:00:00.123z",
		" 2026-11-20T10:00:00Z",
		"2026-11-20T10:00:00Z ",
		"2026-11-20 10:00:00Z",
		"2026-13-20T10:00:00Z",
		"2026-00-20T10:00:00Z",
		"2026-11-31T10:00:00Z",
		"2026-02-29T10:00:00Z",
		"2100-02-29T10:00:00Z",
		"2026-11-00T10:00:00Z",
		"2026-11-20T24:00:00Z",
		"2026-11-20T10:60:00Z",
		"2026-11-20T10:00:60Z",
		"1969-12-31T23:59:59Z",
		"+026-11-20T10:00:00Z",
		"2026-11-20T10:00:00.12345Z",
		"20261-11-20T10:00:00Z",
	};
	int64_t ms = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(clock_parse_stamp(wrong[i], &ms), -EINVAL);
	assert_int_equal(ms, 77);
}

static void boot_id_is_hex(void **state)
{
	const char *id = clock_boot_id();

	(void)state;
	assert_int_equal(strlen(id), 32);
	assert_int_equal(strspn(id, "0123456789abcdef"), 32);
	assert_string_equal(clock_boot_id(), id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clocks_go_forward),
		cmocka_unit_test(stamps_are_utc),
		cmocka_unit_test(no_time_is_a_dash),
		cmocka_unit_test(milliseconds_may_be_missing),
		cmocka_unit_test(other_texts_are_refused),
		cmocka_unit_test(boot_id_is_hex),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
