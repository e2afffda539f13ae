/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event - one line of the audit log per change of state.
 *
 * Touches nothing but memory. The table below is the format: one row is one key. A log can end in
 * half a line or in a page of zeroes after a power cut, and somebody may have edited it: a line
 * counts as a whole or not at all. Unknown keys are passed over, so that an older reader can read
 * a newer log.
 */
#include "event.h"
#include "clock.h"
#include "decimal.h"
#include "escape.h"
#include "xalloc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind {
	TEXT,	   /* const char *, escaped */
	COUNT,	   /* uint64_t */
	UNSIGNED,  /* unsigned */
	SIGNAL,	   /* int, 0: none */
	EXIT_CODE, /* int with has_exit */
	STAMP,	   /* int64_t, wall ms */
	SECONDS	   /* int64_t, ms */
};

struct row {
	const char *key;
	enum kind kind;
	size_t offset;
};

#define ROW(key, kind, member)                            \
	{                                                 \
		key, kind, offsetof(struct event, member) \
	}

static const struct row rows[] = {
	ROW("id", COUNT, id),
	ROW("attempt", UNSIGNED, attempt),
	ROW("from", TEXT, from),
	ROW("to", TEXT, to),
	ROW("state", TEXT, state),
	ROW("folder", TEXT, folder),
	ROW("name", TEXT, name),
	ROW("user", TEXT, user),
	ROW("app", TEXT, app),
	ROW("group", TEXT, group),
	ROW("runner", TEXT, runner),
	ROW("ttl", SECONDS, ttl_ms),
	ROW("cores", UNSIGNED, cores),
	ROW("memory", COUNT, memory),
	ROW("exit", EXIT_CODE, exit_code),
	ROW("signal", SIGNAL, term_signal),
	ROW("queued", STAMP, queued_at),
	ROW("started", STAMP, started_at),
	ROW("finished", STAMP, finished_at),
	ROW("wall", SECONDS, wall_ms),
	ROW("cpu", SECONDS, cpu_ms),
	ROW("peak", COUNT, peak_memory),
	ROW("by", TEXT, by),
	ROW("why", TEXT, why),
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void put_text(FILE *out, const char *key, const char *value)
{
	char *text;

	if (!value)
		return;
	text = escape_text(value, ESCAPE_FIELD);
	fprintf(out, " %s=%s", key, text);
	free(text);
}

static void put_number(FILE *out, const char *key, int64_t value)
{
	if (value != 0)
		fprintf(out, " %s=%" PRId64, key, value);
}

static void put_row(FILE *out, const struct row *row, const struct event *e)
{
	const void *at = (const char *)e + row->offset;
	char stamp[CLOCK_STAMP_SIZE], decimal[DECIMAL_SIZE];

	switch (row->kind) {
	case TEXT:
		put_text(out, row->key, *(const char *const *)at);
		break;
	case COUNT:
		put_number(out, row->key, (int64_t) * (const uint64_t *)at);
		break;
	case UNSIGNED:
		put_number(out, row->key, *(const unsigned *)at);
		break;
	case SIGNAL:
		put_number(out, row->key, *(const int *)at);
		break;
	case EXIT_CODE:
		if (e->has_exit)
			fprintf(out, " %s=%d", row->key, e->exit_code);
		break;
	case STAMP:
		if (*(const int64_t *)at != 0)
			fprintf(out, " %s=%s", row->key, clock_stamp(*(const int64_t *)at, stamp));
		break;
	case SECONDS:
		if (*(const int64_t *)at != 0)
			fprintf(out, " %s=%s", row->key,
				decimal_thousandths(*(const int64_t *)at, decimal));
		break;
	}
}

char *event_format(const struct event *e)
{
	char stamp[CLOCK_STAMP_SIZE];
	char *line = NULL;
	size_t len;
	FILE *out = open_memstream(&line, &len);

	if (!out)
		abort(); /* no memory, as in xalloc */
	fprintf(out, "%s %.15s", clock_stamp(e->at, stamp), e->verb);
	for (size_t i = 0; i < ROWS; i++)
		put_row(out, &rows[i], e);
	fputc('\n', out);
	if (fclose(out) != 0)
		abort();
	return line;
}

static int take_value(const struct row *row, char *value, struct event *e)
{
	void *at = (char *)e + row->offset;
	int64_t number;

	switch (row->kind) {
	case TEXT:
		if (!unescape_in_place(value))
			return -EINVAL;
		*(const char **)at = value;
		return 0;
	case STAMP:
		return clock_parse_stamp(value, at);
	case SECONDS:
		return decimal_parse_thousandths(value, at);
	case COUNT:
		if (decimal_parse(value, 0, INT64_MAX, &number) < 0)
			return -EINVAL;
		*(uint64_t *)at = (uint64_t)number;
		return 0;
	case UNSIGNED:
		if (decimal_parse(value, 0, UINT32_MAX, &number) < 0)
			return -EINVAL;
		*(unsigned *)at = (unsigned)number;
		return 0;
	default:
		if (decimal_parse(value, 0, 255, &number) < 0)
			return -EINVAL;
		*(int *)at = (int)number;
		e->has_exit |= row->kind == EXIT_CODE;
		return 0;
	}
}

/* One "key=value"; *seen has a bit for each row that was met. */
static int take_word(char *word, struct event *e, uint64_t *seen)
{
	char *value = strchr(word, '=');

	if (!value || value == word)
		return -EINVAL;
	*value++ = '\0';
	for (size_t i = 0; i < ROWS; i++) {
		if (strcmp(rows[i].key, word) != 0)
			continue;
		if (*seen & UINT64_C(1) << i)
			return -EINVAL;
		*seen |= UINT64_C(1) << i;
		return take_value(&rows[i], value, e);
	}
	return 0;
}

static int take_verb(const char *verb, struct event *e)
{
	size_t len = strspn(verb, "abcdefghijklmnopqrstuvwxyz");

	if (len == 0 || len >= sizeof(e->verb) || verb[len])
		return -EINVAL;
	memcpy(e->verb, verb, len + 1);
	return 0;
}

/* The next word of a line, ended by a blank that becomes a zero. NULL at the end. */
static char *next_word(char **rest)
{
	char *word = *rest, *end;

	if (!word)
		return NULL;
	end = strchr(word, ' ');
	if (end)
		*end++ = '\0';
	*rest = end;
	return word;
}

static int take_line(char *line, struct event *e)
{
	char *rest = line, *word;
	uint64_t seen = 0;

	word = next_word(&rest);
	if (clock_parse_stamp(word, &e->at) < 0)
		return -EINVAL;
	word = next_word(&rest);
	if (!word || take_verb(word, e) < 0)
		return -EINVAL;
	while ((word = next_word(&rest)) != NULL) {
		if (take_word(word, e, &seen) < 0)
			return -EINVAL;
	}
	return 0;
}

int event_parse(const char *line, struct event *ret, char **ret_store)
{
	struct event e = { 0 };
	size_t len = strcspn(line, "\n");
	char *store;

	if (line[len] && line[len + 1])
		return -EINVAL;
	store = xstrndup(line, len);
	if (take_line(store, &e) < 0) {
		free(store);
		return -EINVAL;
	}
	*ret = e;
	*ret_store = store;
	return 0;
}
