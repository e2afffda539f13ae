/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decimal - numbers in records and logs: whole ones, and thousandths as "12.345".
 *
 * Touches nothing. Every text is one that others may have written: nothing overflows, nothing but
 * the whole text is a number.
 */
#include "decimal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define MOST_WHOLE (INT64_MAX / 1000 - 1)

/* Digits up to end to a number not above max. 0 or -EINVAL. */
static int parse_digits(const char *text, const char *end, int64_t max, int64_t *ret)
{
	int64_t value = 0;

	if (text == end)
		return -EINVAL;
	for (; text < end; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *text - '0', &value) || value > max)
			return -EINVAL;
	}
	*ret = value;
	return 0;
}

int decimal_parse(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	bool negative = *text == '-';
	int64_t value;

	if (parse_digits(text + negative, text + strlen(text), INT64_MAX, &value) < 0)
		return -EINVAL;
	if (negative)
		value = -value;
	if (value < min || value > max)
		return -EINVAL;
	*ret = value;
	return 0;
}

int decimal_parse_thousandths(const char *text, int64_t *ret)
{
	static const int64_t scale[] = { 0, 100, 10, 1 };
	const char *end = text + strlen(text);
	const char *point = strchr(text, '.');
	int64_t whole, fraction = 0;

	if (parse_digits(text, point ? point : end, MOST_WHOLE, &whole) < 0)
		return -EINVAL;
	if (point) {
		if (end - point > 4 || parse_digits(point + 1, end, 999, &fraction) < 0)
			return -EINVAL;
		fraction *= scale[end - point - 1];
	}
	*ret = whole * 1000 + fraction;
	return 0;
}

char *decimal_thousandths(int64_t thousandths, char *buf)
{
	int64_t value = thousandths > 0 ? thousandths : 0;

	if (value % 1000 == 0)
		snprintf(buf, DECIMAL_SIZE, "%" PRId64, value / 1000);
	else
		snprintf(buf, DECIMAL_SIZE, "%" PRId64 ".%03" PRId64, value / 1000, value % 1000);
	return buf;
}
