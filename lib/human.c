/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * human - times, sizes, numbers and words as people write them.
 *
 * Pure functions: no memory is taken, nothing outside the arguments is touched, so a crash leaves
 * nothing. Parsers accept the whole text or nothing; they leave the result alone unless they return
 * 0.
 */
#include "human.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define TIME_MOST (36525 * DAY) /* 100 years; any sum of fields below it fits by far */

#define WORD_MOST 64 /* longer words resemble nothing */

/* Reads digits at *at and moves it behind them. 0, -EINVAL (no digit) or -ERANGE (over most, all
 * digits are eaten). */
static int take_number(const char **at, uint64_t most, uint64_t *ret)
{
	const char *p = *at;
	uint64_t sum = 0;
	bool over = false;

	if (!isdigit((unsigned char)*p))
		return -EINVAL;
	for (; isdigit((unsigned char)*p); p++) {
		unsigned digit = (unsigned)(*p - '0');

		if (sum > (most - digit) / 10)
			over = true;
		if (!over)
			sum = sum * 10 + digit;
	}
	*at = p;
	*ret = sum;
	return over ? -ERANGE : 0;
}

/* "90", "90s", "500ms": what stands behind the number. 0 if it is no unit. */
static int64_t unit_of_time(const char *text)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {
		{ "", SECOND },	 { "ms", 1 },	{ "s", SECOND },
		{ "m", MINUTE }, { "h", HOUR }, { "d", DAY },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (!strcmp(text, units[i].name))
			return units[i].ms;
	return 0;
}

/* The fields behind the first of "MM:SS", "HH:MM:SS" or, after a day, "HH:MM:SS": *at stands on the
 * first colon. */
static int take_clock(const char *at, uint64_t first, bool after_day, int64_t *ret_ms)
{
	uint64_t field[2];
	unsigned count = 0;
	int64_t sum = (int64_t)first;

	while (*at == ':' && count < 2) {
		at++;
		if (take_number(&at, 99, &field[count]) || field[count] > 59)
			return -EINVAL;
		sum = sum * 60 + (int64_t)field[count++];
	}
	if (*at || !count || (after_day && (count != 2 || first > 23)))
		return -EINVAL;
	*ret_ms = sum * SECOND;
	return 0;
}

int human_parse_time(const char *text, int64_t *ret_ms)
{
	const char *at = text;
	uint64_t number, hours;
	int64_t ms = 0, unit;
	int r = take_number(&at, TIME_MOST, &number);

	if (r == -EINVAL)
		return r;
	if (*at == '-') {
		at++;
		if (take_number(&at, 99, &hours) || take_clock(at, hours, true, &ms))
			return -EINVAL;
		unit = DAY;
	} else if (*at == ':') {
		/* The first field is minutes or hours; take_clock knows which, so it is bounded
		 * beforehand. */
		if (!r && number > (uint64_t)(TIME_MOST / MINUTE))
			r = -ERANGE;
		if (take_clock(at, r ? 0 : number, false, &ms))
			return -EINVAL;
		unit = 0;
	} else {
		unit = unit_of_time(at);
		if (!unit)
			return -EINVAL;
	}
	if (r || (unit && number > (uint64_t)(TIME_MOST / unit)))
		return -ERANGE;
	ms += (int64_t)number * unit;
	if (ms > TIME_MOST)
		return -ERANGE;
	*ret_ms = ms;
	return 0;
}

int human_parse_size(const char *text, uint64_t *ret_bytes)
{
	static const char letters[] = "KMGT";
	const char *at = text, *letter = NULL;
	unsigned shift = 0;
	uint64_t number;
	int r = take_number(&at, INT64_MAX, &number);

	if (r == -EINVAL)
		return r;
	if (*at)
		letter = strchr(letters, toupper((unsigned char)*at));
	if (letter) {
		shift = 10 * (unsigned)(letter - letters + 1);
		at++;
		if (tolower((unsigned char)at[0]) == 'i' && tolower((unsigned char)at[1]) == 'b')
			at++;
	}
	if (tolower((unsigned char)*at) == 'b')
		at++;
	if (*at)
		return -EINVAL;
	if (r || number > (uint64_t)INT64_MAX >> shift)
		return -ERANGE;
	*ret_bytes = number << shift;
	return 0;
}

int human_parse_int(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	bool negative = *text == '-';
	const char *at = negative ? text + 1 : text;
	uint64_t number;
	int64_t value;
	int r = take_number(&at, (uint64_t)INT64_MAX, &number);

	if (r == -EINVAL || *at)
		return -EINVAL;
	if (r)
		return r;
	value = negative ? -(int64_t)number : (int64_t)number;
	if (value < min || value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

char *human_time(int64_t ms, char *buf)
{
	int64_t s = ms / SECOND;
	int second = (int)(s % 60), minute = (int)(s / 60 % 60), hour = (int)(s / 3600 % 24);

	/* Cut, never rounded: 59.99 s must not read "60.0s". */
	if (ms < 0)
		snprintf(buf, HUMAN_SIZE, "-");
	else if (ms < SECOND)
		snprintf(buf, HUMAN_SIZE, "%" PRId64 "ms", ms);
	else if (ms < MINUTE)
		snprintf(buf, HUMAN_SIZE, "%" PRId64 ".%ds", s, (int)(ms % SECOND / 100));
	else if (ms < HOUR)
		snprintf(buf, HUMAN_SIZE, "%d:%02d", minute, second);
	else if (ms < DAY)
		snprintf(buf, HUMAN_SIZE, "%d:%02d:%02d", hour, minute, second);
	else
		snprintf(buf, HUMAN_SIZE, "%" PRId64 "-%02d:%02d:%02d", ms / DAY, hour, minute,
			 second);
	return buf;
}

char *human_size(uint64_t bytes, char *buf)
{
	static const char letters[] = " KMGTPE";
	unsigned unit = 0;
	uint64_t whole = bytes, rest;

	for (; whole >= 1024; unit++)
		whole >>= 10;
	rest = bytes & ((UINT64_C(1) << 10 * unit) - 1);
	if (!unit)
		snprintf(buf, HUMAN_SIZE, "%" PRIu64, bytes);
	else if (!rest || whole >= 100)
		snprintf(buf, HUMAN_SIZE, "%" PRIu64 "%c", whole, letters[unit]);
	else /* ten times less than 2^60 fits */
		snprintf(buf, HUMAN_SIZE, "%" PRIu64 ".%u%c", whole,
			 (unsigned)(rest * 10 >> 10 * unit), letters[unit]);
	return buf;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Steps that turn a into b, where a step inserts, deletes or replaces one byte or swaps two
 * neighbours. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned rows[3][WORD_MOST + 1]; /* the row two above, the row above, this one */
	unsigned *above2 = rows[0], *above = rows[1], *row = rows[2], *turn;

	for (unsigned j = 0; j <= b_len; j++)
		above[j] = j;
	for (unsigned i = 1; i <= a_len; i++) {
		row[0] = i;
		for (unsigned j = 1; j <= b_len; j++) {
			int x = tolower((unsigned char)a[i - 1]),
			    y = tolower((unsigned char)b[j - 1]);

			row[j] = least(above[j - 1] + (x != y), least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && x != y && x == tolower((unsigned char)b[j - 2]) &&
			    y == tolower((unsigned char)a[i - 2]))
				row[j] = least(row[j], above2[j - 2] + 1);
		}
		turn = above2;
		above2 = above;
		above = row;
		row = turn;
	}
	return above[b_len];
}

const char *human_nearest(const char *word, const char *const *list)
{
	size_t len = strnlen(word, WORD_MOST + 1);
	const char *best = NULL;
	unsigned best_steps = 3;

	if (len > WORD_MOST)
		return NULL;
	for (; *list; list++) {
		size_t other = strnlen(*list, WORD_MOST + 1);
		size_t shorter = len < other ? len : other;
		unsigned steps;

		if (other > WORD_MOST)
			continue;
		steps = distance(word, len, *list, other);
		if (steps < best_steps && steps <= shorter / 2) {
			best = *list;
			best_steps = steps;
		}
	}
	return best;
}
