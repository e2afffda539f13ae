/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * index_columns - between the members of a struct and the parameters and columns of a statement; of
 * the index alone.
 *
 * The order of a table is the order in which the statements name the columns (index_schema.c).
 * What is 0 or NULL in the struct is NULL in the database, and the other way round.
 */
#ifndef SPOOL_INDEX_COLUMNS_H
#define SPOOL_INDEX_COLUMNS_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

enum index_kind {
	INDEX_TEXT,	/* const char * */
	INDEX_VERB,	/* char[16] */
	INDEX_TIME,	/* int64_t; what is negative counts as 0 */
	INDEX_COUNT,	/* uint64_t */
	INDEX_UNSIGNED, /* unsigned */
	INDEX_SIGNAL,	/* int */
	INDEX_EXIT,	/* int exit_code, behind int has_exit */
	INDEX_REAL	/* double, never NULL */
};

struct index_column {
	enum index_kind kind;
	size_t offset;
};

struct index_columns {
	const struct index_column *columns;
	int count;
};

/* A row of the table attempts. */
struct index_attempt {
	uint64_t id;
	unsigned attempt;
	const char *runner, *state, *reason;
	int64_t offered_at, started_at, finished_at, wall_ms, cpu_ms;
	uint64_t peak_memory;
	int has_exit, exit_code, term_signal;
};

extern const struct index_columns index_event_columns;	 /* struct event */
extern const struct index_columns index_job_columns;	 /* struct index_job */
extern const struct index_columns index_runner_columns;	 /* struct index_runner */
extern const struct index_columns index_attempt_columns; /* struct index_attempt */

/* Binds the members as parameters 1, 2, ... Texts must stay until the statement is reset. */
void index_columns_bind(sqlite3_stmt *st, const struct index_columns *table, const void *record);

/* Fills the members from columns 0, 1, ... Texts are the statement's until its next step. */
void index_columns_fetch(sqlite3_stmt *st, const struct index_columns *table, void *record);

#endif
