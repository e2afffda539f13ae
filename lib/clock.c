/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clock - the two clocks of the system, and the stamps that people read.
 *
 * Touches nothing but the kernel's clocks and, once, /proc/sys/kernel/random/boot_id.
 *
 * Stamps are read and written here by hand rather than with strptime(): that one is lenient
 * (blanks, one-digit months, 30 February) and depends on the locale, and stamps come from files
 * that others may have written.
 */
#include "clock.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LAST_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

static int64_t now_ms(clockid_t which)
{
	struct timespec ts;

	clock_gettime(which, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_boot_ms(void)
{
	return now_ms(CLOCK_BOOTTIME);
}

int64_t clock_wall_ms(void)
{
	return now_ms(CLOCK_REALTIME);
}

char *clock_stamp(int64_t wall_ms, char *buf)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;
	size_t len;

	if (wall_ms <= 0 || wall_ms > LAST_MS || !gmtime_r(&seconds, &tm)) {
		memcpy(buf, "-", 2);
		return buf;
	}
	len = strftime(buf, CLOCK_STAMP_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + len, CLOCK_STAMP_SIZE - len, ".%03uZ", (unsigned)(wall_ms % 1000));
	return buf;
}

/* Does text look like the pattern, where '0' stands for any digit, all else for itself? */
static bool looks_like(const char *text, const char *pattern)
{
	for (; *pattern; pattern++, text++) {
		if (*pattern == '0' ? !isdigit((unsigned char)*text) : *text != *pattern)
			return false;
	}
	return *text == '\0';
}

static int digits(const char *text, int count)
{
	int value = 0;

	while (count-- > 0)
		value = value * 10 + (*text++ - '0');
	return value;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

int clock_parse_stamp(const char *text, int64_t *ret_ms)
{
	struct tm tm = { 0 };
	int year, month, ms = 0;

	if (strcmp(text, "-") == 0) {
		*ret_ms = 0;
		return 0;
	}
	if (looks_like(text, "0000-00-00T00:00:00.000Z"))
		ms = digits(text + 20, 3);
	else if (!looks_like(text, "0000-00-00T00:00:00Z"))
		return -EINVAL;
	year = digits(text, 4);
	month = digits(text + 5, 2);
	tm.tm_mday = digits(text + 8, 2);
	tm.tm_hour = digits(text + 11, 2);
	tm.tm_min = digits(text + 14, 2);
	tm.tm_sec = digits(text + 17, 2);
	if (year < 1970 || month < 1 || month > 12)
		return -EINVAL;
	if (tm.tm_mday < 1 || tm.tm_mday > days_in_month(year, month) || tm.tm_hour > 23 ||
	    tm.tm_min > 59 || tm.tm_sec > 59)
		return -EINVAL;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	*ret_ms = (int64_t)timegm(&tm) * 1000 + ms;
	return 0;
}

/* The first 32 hex digits of text, dashes left out. False if there are fewer. */
static bool take_hex(const char *text, char *id)
{
	size_t n = 0;

	for (; *text && n < 32; text++) {
		if (isxdigit((unsigned char)*text))
			id[n++] = (char)tolower((unsigned char)*text);
		else if (*text != '-')
			return false;
	}
	id[n] = '\0';
	return n == 32;
}

const char *clock_boot_id(void)
{
	static char id[33];
	char text[64];
	ssize_t n = -1;
	int fd;

	if (id[0])
		return id;
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	if (!take_hex(text, id)) {
		memset(id, '0', 32);
		id[32] = '\0';
	}
	return id;
}
