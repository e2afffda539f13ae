/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * index_schema - the tables, the statements and the opening of the index; of the index alone.
 */
#ifndef SPOOL_INDEX_SCHEMA_H
#define SPOOL_INDEX_SCHEMA_H

#include <limits.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/* The statements of the writer, prepared once. */
enum index_statement {
	INDEX_BEGIN,
	INDEX_COMMIT,
	INDEX_ROLLBACK,
	INDEX_SET_POSITION,
	INDEX_ADD_EVENT,   /* index_event_columns */
	INDEX_PUT_JOB,	   /* index_job_columns; what is not told stays */
	INDEX_PUT_QUEUED,  /* the same; what belongs to an attempt is cleared */
	INDEX_DELETE_JOB,  /* id */
	INDEX_JOB_USER,	   /* id */
	INDEX_HOLDS,	   /* id, attempt, place, folder */
	INDEX_PUT_ATTEMPT, /* see the statement */
	INDEX_COUNT_USER,  /* user, jobs, done, failed, rejected, wall_ms, cpu_ms */
	INDEX_PUT_KNOWN,
	INDEX_PUT_CURRENT,
	INDEX_DELETE_CURRENT,
	INDEX_STATEMENTS
};

struct index {
	sqlite3 *db;
	sqlite3_stmt *statements[INDEX_STATEMENTS]; /* in a reader only INDEX_HOLDS */
	bool in_transaction;
	int error;		 /* the first failure of this transaction, negative errno */
	char file[NAME_MAX + 1]; /* position, as it will be with the next commit */
	int64_t end;
};

/* The tables that are folds of the log, for index_compare; ends with name NULL. */
struct index_fold {
	const char *name;
	const char *select; /* all columns, in order of the key */
	int keys;	    /* so many columns are the key; 0: compared in order */
};
extern const struct index_fold index_folds[];

/* index_job_columns; index_event_columns; index_runner_columns. One parameter, the id, where only
 * one job is meant. */
extern const char index_select_jobs[], index_select_job[];
extern const char index_select_events[], index_select_events_of[];
extern const char index_select_runners[];

/* Opens a connection with the settings that readers and the writer share. 0 or negative errno. */
int index_schema_connect(const char *path, int flags, sqlite3 **ret);

/* Is this our database, in this version, and (thorough) undamaged? 0; -EBADMSG it is not; other
 * negative errno. */
int index_schema_check(sqlite3 *db, bool thorough);

/* 1 if there is no table in it, else 0; negative errno. */
int index_schema_is_empty(sqlite3 *db);

/* Makes the tables in an empty database. 0 or negative errno. */
int index_schema_create(sqlite3 *db);

/* Prepares the statements of a writer, or the one that a reader needs. 0 or negative errno. */
int index_schema_prepare(struct index *ix, bool writer);

/* Reads the position of the last commit into ix, for a reader and a writer alike. */
void index_schema_load_position(struct index *ix);

/* Steps a statement of the writer once and resets it; a failure is remembered in ix->error. */
void index_schema_run(struct index *ix, enum index_statement which);

/* Begins the transaction unless it has begun. False if it has failed: there is no use in going
 * on. */
bool index_schema_begin(struct index *ix);

/* What went wrong, as a negative errno: -EBADMSG for all kinds of damage. */
int index_schema_errno(sqlite3 *db, int code);

#endif
