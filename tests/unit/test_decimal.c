/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of lib/decimal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decimal.h"

#include <errno.h>

static void whole_numbers(void **state)
{
	static const char *const wrong[] = { "",
					     "-",
					     "+1",
					     " 1",
					     "1 ",
					     "1.0",
					     "0x1",
					     "--1",
					     "a",
					     "9223372036854775808",
					     "99999999999999999999999" };
	int64_t n = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(decimal_parse(wrong[i], INT64_MIN, INT64_MAX, &n), -EINVAL);
	assert_int_equal(n, 7);
	assert_int_equal(decimal_parse("9223372036854775807", 0, INT64_MAX, &n), 0);
	assert_int_equal(n, INT64_MAX);
	assert_int_equal(decimal_parse("-12", -12, 0, &n), 0);
	assert_int_equal(n, -12);
	assert_int_equal(decimal_parse("-13", -12, 0, &n), -EINVAL);
	assert_int_equal(decimal_parse("256", 0, 255, &n), -EINVAL);
	assert_int_equal(decimal_parse("007", 0, 255, &n), 0);
	assert_int_equal(n, 7);
}

static void thousandths(void **state)
{
	static const char *const wrong[] = { "",
					     ".",
					     "1.",
					     ".5",
					     "1.2345",
					     "-1",
					     "1.-2",
					     "1,5",
					     "1e3",
					     "nan",
					     "1.2.3",
					     "9999999999999999999",
					     "9223372036854775.808" };
	static const struct {
		const char *text;
		int64_t value;
		const char *written;
	} right[] = {
		{ "0", 0, "0" },
		{ "12", 12000, "12" },
		{ "12.3", 12300, "12.300" },
		{ "12.34", 12340, "12.340" },
		{ "12.345", 12345, "12.345" },
		{ "0.001", 1, "0.001" },
		{ "9223372036854774", INT64_C(9223372036854774000), "9223372036854774" },
	};
	char buf[DECIMAL_SIZE];
	int64_t n = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(decimal_parse_thousandths(wrong[i], &n), -EINVAL);
	assert_int_equal(n, 7);
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		assert_int_equal(decimal_parse_thousandths(right[i].text, &n), 0);
		assert_int_equal(n, right[i].value);
		assert_string_equal(decimal_thousandths(n, buf), right[i].written);
	}
	assert_string_equal(decimal_thousandths(-5, buf), "0");
	assert_string_equal(decimal_thousandths(INT64_MAX, buf), "9223372036854775.807");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers),
		cmocka_unit_test(thousandths),
	};

	return cmocka_run_group_tests_name("decimal", tests, NULL, NULL);
}
