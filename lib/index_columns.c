/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * index_columns - between the members of a struct and the parameters and columns of a statement.
 *
 * Touches statements that it is given. Errors of binding need no handling here: with text that
 * stays where it is and right parameter numbers only memory can be missing, and then the step
 * fails.
 */
#include "index_columns.h"
#include "event.h"
#include "index.h"

#include <stdbool.h>
#include <string.h>

#define EVENT(kind, member)                                  \
	{                                                    \
		INDEX_##kind, offsetof(struct event, member) \
	}
#define JOB(kind, member)                                        \
	{                                                        \
		INDEX_##kind, offsetof(struct index_job, member) \
	}
#define ATTEMPT(kind, member)                                        \
	{                                                            \
		INDEX_##kind, offsetof(struct index_attempt, member) \
	}
#define RUNNER(kind, member)                                        \
	{                                                           \
		INDEX_##kind, offsetof(struct index_runner, member) \
	}
#define COLUMNS(array)                                           \
	{                                                        \
		array, (int)(sizeof(array) / sizeof((array)[0])) \
	}

_Static_assert(offsetof(struct event, exit_code) == offsetof(struct event, has_exit) + sizeof(int),
	       "has_exit stands before exit_code");
_Static_assert(offsetof(struct index_job, exit_code) ==
		       offsetof(struct index_job, has_exit) + sizeof(int),
	       "has_exit stands before exit_code");
_Static_assert(offsetof(struct index_attempt, exit_code) ==
		       offsetof(struct index_attempt, has_exit) + sizeof(int),
	       "has_exit stands before exit_code");

static const struct index_column event_columns[] = {
	EVENT(TIME, at),	  EVENT(VERB, verb),
	EVENT(COUNT, id),	  EVENT(UNSIGNED, attempt),
	EVENT(TEXT, from),	  EVENT(TEXT, to),
	EVENT(TEXT, state),	  EVENT(TEXT, folder),
	EVENT(TEXT, name),	  EVENT(TEXT, user),
	EVENT(TEXT, app),	  EVENT(TEXT, group),
	EVENT(TEXT, runner),	  EVENT(TEXT, by),
	EVENT(TEXT, why),	  EVENT(TIME, ttl_ms),
	EVENT(UNSIGNED, cores),	  EVENT(COUNT, memory),
	EVENT(EXIT, exit_code),	  EVENT(SIGNAL, term_signal),
	EVENT(TIME, queued_at),	  EVENT(TIME, started_at),
	EVENT(TIME, finished_at), EVENT(TIME, wall_ms),
	EVENT(TIME, cpu_ms),	  EVENT(COUNT, peak_memory),
};

static const struct index_column job_columns[] = {
	JOB(COUNT, id),		  JOB(UNSIGNED, attempt), JOB(TEXT, place),
	JOB(TEXT, folder),	  JOB(TEXT, state),	  JOB(TEXT, name),
	JOB(TEXT, user),	  JOB(TEXT, app),	  JOB(TEXT, group),
	JOB(TEXT, runner),	  JOB(TEXT, reason),	  JOB(TIME, queued_at),
	JOB(TIME, started_at),	  JOB(TIME, finished_at), JOB(TIME, wall_ms),
	JOB(TIME, cpu_ms),	  JOB(TIME, ttl_ms),	  JOB(COUNT, memory),
	JOB(COUNT, peak_memory),  JOB(UNSIGNED, cores),	  JOB(EXIT, exit_code),
	JOB(SIGNAL, term_signal),
};

static const struct index_column attempt_columns[] = {
	ATTEMPT(COUNT, id),	      ATTEMPT(UNSIGNED, attempt),  ATTEMPT(TEXT, runner),
	ATTEMPT(TEXT, state),	      ATTEMPT(TEXT, reason),	   ATTEMPT(TIME, offered_at),
	ATTEMPT(TIME, started_at),    ATTEMPT(TIME, finished_at),  ATTEMPT(TIME, wall_ms),
	ATTEMPT(TIME, cpu_ms),	      ATTEMPT(COUNT, peak_memory), ATTEMPT(EXIT, exit_code),
	ATTEMPT(SIGNAL, term_signal),
};

static const struct index_column runner_columns[] = {
	RUNNER(TEXT, runner),	RUNNER(TEXT, state),	     RUNNER(TEXT, platform),
	RUNNER(TEXT, cpu),	RUNNER(TEXT, host),	     RUNNER(TEXT, kernel),
	RUNNER(TEXT, software), RUNNER(UNSIGNED, cores),     RUNNER(UNSIGNED, slots),
	RUNNER(COUNT, memory),	RUNNER(TIME, first_seen_at), RUNNER(TIME, seen_at),
	RUNNER(REAL, load),	RUNNER(COUNT, free_memory),  RUNNER(UNSIGNED, free_slots),
	RUNNER(TEXT, running),
};

const struct index_columns index_event_columns = COLUMNS(event_columns);
const struct index_columns index_job_columns = COLUMNS(job_columns);
const struct index_columns index_attempt_columns = COLUMNS(attempt_columns);
const struct index_columns index_runner_columns = COLUMNS(runner_columns);

static void bind_number(sqlite3_stmt *st, int n, int64_t value)
{
	if (value > 0)
		sqlite3_bind_int64(st, n, value);
	else
		sqlite3_bind_null(st, n);
}

static void bind_column(sqlite3_stmt *st, int n, enum index_kind kind, const void *at)
{
	switch (kind) {
	case INDEX_TEXT:
		sqlite3_bind_text(st, n, *(const char *const *)at, -1, SQLITE_STATIC);
		break;
	case INDEX_VERB:
		sqlite3_bind_text(st, n, at, -1, SQLITE_STATIC);
		break;
	case INDEX_TIME:
		bind_number(st, n, *(const int64_t *)at);
		break;
	case INDEX_COUNT:
		bind_number(st, n, (int64_t) * (const uint64_t *)at);
		break;
	case INDEX_UNSIGNED:
		bind_number(st, n, *(const unsigned *)at);
		break;
	case INDEX_SIGNAL:
		bind_number(st, n, *(const int *)at);
		break;
	case INDEX_EXIT:
		if (((const int *)at)[-1])
			sqlite3_bind_int(st, n, *(const int *)at);
		else
			sqlite3_bind_null(st, n);
		break;
	case INDEX_REAL:
		sqlite3_bind_double(st, n, *(const double *)at);
		break;
	}
}

void index_columns_bind(sqlite3_stmt *st, const struct index_columns *table, const void *record)
{
	for (int i = 0; i < table->count; i++) {
		const struct index_column *c = &table->columns[i];

		bind_column(st, i + 1, c->kind, (const char *)record + c->offset);
	}
}

static void fetch_verb(sqlite3_stmt *st, int n, char *verb)
{
	const char *text = (const char *)sqlite3_column_text(st, n);

	strncpy(verb, text ? text : "", 15);
	verb[15] = '\0';
}

static void fetch_column(sqlite3_stmt *st, int n, enum index_kind kind, void *at)
{
	switch (kind) {
	case INDEX_TEXT:
		*(const char **)at = (const char *)sqlite3_column_text(st, n);
		break;
	case INDEX_VERB:
		fetch_verb(st, n, at);
		break;
	case INDEX_TIME:
		*(int64_t *)at = sqlite3_column_int64(st, n);
		break;
	case INDEX_COUNT:
		*(uint64_t *)at = (uint64_t)sqlite3_column_int64(st, n);
		break;
	case INDEX_UNSIGNED:
		*(unsigned *)at = (unsigned)sqlite3_column_int64(st, n);
		break;
	case INDEX_SIGNAL:
		*(int *)at = sqlite3_column_int(st, n);
		break;
	case INDEX_EXIT:
		((int *)at)[-1] = sqlite3_column_type(st, n) != SQLITE_NULL;
		*(int *)at = sqlite3_column_int(st, n);
		break;
	case INDEX_REAL:
		*(double *)at = sqlite3_column_double(st, n);
		break;
	}
}

void index_columns_fetch(sqlite3_stmt *st, const struct index_columns *table, void *record)
{
	for (int i = 0; i < table->count; i++) {
		const struct index_column *c = &table->columns[i];

		fetch_column(st, i, c->kind, (char *)record + c->offset);
	}
}
