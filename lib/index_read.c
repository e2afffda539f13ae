/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * index_read - questions to the index, and copies of it for others to read.
 *
 * Touches the database for reading only (index_snapshot: and the copy that it makes; what a crash
 * leaves of that is a file that nobody was told of). Listings prepare their statement anew, so that
 * the function that is called for each row may ask the index something itself.
 */
#include "cleanup.h"
#include "event.h"
#include "index.h"
#include "index_columns.h"
#include "index_schema.h"
#include "xalloc.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The path as a URI which tells sqlite that nobody will ever change the file. Heap. */
static char *immutable_uri(const char *path)
{
	char *uri = NULL;
	size_t len;
	FILE *out = open_memstream(&uri, &len);

	if (!out)
		abort(); /* no memory, as in xalloc */
	fputs("file:", out);
	for (const unsigned char *p = (const unsigned char *)path; *p; p++)
		fprintf(out, isalnum(*p) || strchr("/._-", *p) ? "%c" : "%%%02x", *p);
	fputs("?mode=ro&immutable=1", out);
	if (fclose(out) != 0)
		abort();
	return uri;
}

int index_open_read(const char *path, bool immutable, struct index **ret)
{
	_cleanup_free_ char *uri = immutable ? immutable_uri(path) : NULL;
	int flags = SQLITE_OPEN_READONLY | (uri ? SQLITE_OPEN_URI : 0);
	struct index *ix;
	int result;

	if (access(path, R_OK) < 0)
		return -errno;
	ix = xcalloc(1, sizeof(*ix));
	result = index_schema_connect(uri ? uri : path, flags, &ix->db);
	if (result == 0)
		result = index_schema_check(ix->db, false);
	if (result == 0)
		result = index_schema_prepare(ix, false);
	if (result < 0) {
		index_close(ix);
		return result;
	}
	index_schema_load_position(ix);
	*ret = ix;
	return 0;
}

bool index_holds(struct index *ix, uint64_t id, unsigned attempt, const char *place,
		 const char *folder)
{
	sqlite3_stmt *st = ix->statements[INDEX_HOLDS];
	bool holds;

	sqlite3_bind_int64(st, 1, (int64_t)id);
	sqlite3_bind_int64(st, 2, attempt);
	sqlite3_bind_text(st, 3, place, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 4, folder, -1, SQLITE_STATIC);
	holds = sqlite3_step(st) == SQLITE_ROW;
	sqlite3_reset(st);
	return holds;
}

/* Prepares sql_all, or sql_one with id as its parameter if that is not 0. 0 or negative errno. */
static int question(struct index *ix, const char *sql_all, const char *sql_one, uint64_t id,
		    sqlite3_stmt **ret)
{
	int code = sqlite3_prepare_v2(ix->db, id ? sql_one : sql_all, -1, ret, NULL);

	if (code == SQLITE_OK && id)
		code = sqlite3_bind_int64(*ret, 1, (int64_t)id);
	return index_schema_errno(ix->db, code);
}

/* Ends a listing: the count, or negative errno if the last step failed. */
static int64_t answer(struct index *ix, sqlite3_stmt *st, int code, int64_t count)
{
	int result = index_schema_errno(ix->db, code);

	sqlite3_finalize(st);
	return result < 0 ? result : count;
}

int64_t index_jobs(struct index *ix, uint64_t id,
		   int (*each)(const struct index_job *row, void *arg), void *arg)
{
	struct index_job row = { 0 };
	sqlite3_stmt *st;
	int64_t count = 0;
	int code = question(ix, index_select_jobs, index_select_job, id, &st);

	if (code < 0)
		return code;
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		index_columns_fetch(st, &index_job_columns, &row);
		count++;
		if (each(&row, arg) != 0)
			break;
	}
	return answer(ix, st, code, count);
}

int64_t index_events(struct index *ix, uint64_t id, int (*each)(const struct event *e, void *arg),
		     void *arg)
{
	struct event e = { 0 };
	sqlite3_stmt *st;
	int64_t count = 0;
	int code = question(ix, index_select_events, index_select_events_of, id, &st);

	if (code < 0)
		return code;
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		index_columns_fetch(st, &index_event_columns, &e);
		count++;
		if (each(&e, arg) != 0)
			break;
	}
	return answer(ix, st, code, count);
}

int64_t index_highest(struct index *ix)
{
	static const char sql[] = "SELECT max(id) FROM (SELECT max(id) AS id FROM job_queue UNION "
				  "ALL SELECT max(id) FROM attempts UNION ALL SELECT max(id) FROM "
				  "events WHERE id IS NOT NULL)";
	int64_t highest = 0;
	sqlite3_stmt *st;
	int code = question(ix, sql, NULL, 0, &st);

	if (code < 0)
		return code;
	while ((code = sqlite3_step(st)) == SQLITE_ROW)
		highest = sqlite3_column_int64(st, 0);
	return answer(ix, st, code, highest);
}

int64_t index_runners(struct index *ix, int (*each)(const struct index_runner *row, void *arg),
		      void *arg)
{
	struct index_runner row = { 0 };
	sqlite3_stmt *st;
	int64_t count = 0;
	int code = question(ix, index_select_runners, NULL, 0, &st);

	if (code < 0)
		return code;
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		index_columns_fetch(st, &index_runner_columns, &row);
		count++;
		if (each(&row, arg) != 0)
			break;
	}
	return answer(ix, st, code, count);
}

static int copy_into(sqlite3 *db, const char *path)
{
	sqlite3_stmt *st;
	int code = sqlite3_prepare_v2(db, "VACUUM INTO ?", -1, &st, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_bind_text(st, 1, path, -1, SQLITE_STATIC);
	if (code == SQLITE_OK)
		code = sqlite3_step(st);
	sqlite3_finalize(st);
	return index_schema_errno(db, code);
}

int index_snapshot(const char *index_path, const char *path)
{
	sqlite3 *db;
	int result;

	if (access(path, F_OK) == 0)
		return -EEXIST;
	result = index_schema_connect(index_path, SQLITE_OPEN_READWRITE, &db);
	if (result < 0)
		return result;
	/* Here, where waiting for the disk hurts nobody; "busy" only means that some is left
	 * over. */
	sqlite3_exec(db, "PRAGMA wal_checkpoint(PASSIVE)", NULL, NULL, NULL);
	result = copy_into(db, path);
	sqlite3_close_v2(db);
	if (result < 0)
		unlink(path);
	return result;
}
