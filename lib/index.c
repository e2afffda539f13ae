/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * index - the sqlite index: the event log folded into tables.
 *
 * Touches one database on a local disk, by one connection, in the loop. What is folded and how far
 * stand in the same transaction, so after any crash the tables are those of some prefix of the
 * log, and replaying the rest of it mends them. Nothing here is asked when something is decided.
 *
 * A failure in the middle of a transaction spoils the transaction only: it is remembered, the rest
 * of the events are passed over, and index_commit rolls back and tells. Checkpoints, which wait
 * for the disk, are left to index_snapshot in a worker; the writer makes one only if none came for
 * 16 MB.
 */
#include "index.h"
#include "beat.h"
#include "cleanup.h"
#include "index_schema.h"
#include "xalloc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* -- opening and closing ------------------------------------------------------------------- */

static void close_database(struct index *ix)
{
	for (size_t i = 0; i < INDEX_STATEMENTS; i++) {
		sqlite3_finalize(ix->statements[i]);
		ix->statements[i] = NULL;
	}
	sqlite3_close_v2(ix->db);
	ix->db = NULL;
}

/* Opens path, or makes it if it is empty. -EBADMSG: it is not ours, or damaged. */
static int open_database(const char *path, struct index *ix)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	int result = index_schema_connect(path, flags, &ix->db);

	if (result < 0)
		return result;
	result = index_schema_is_empty(ix->db);
	if (result == 1)
		result = index_schema_create(ix->db);
	else if (result == 0)
		result = index_schema_check(ix->db, true);
	if (result == 0)
		result = index_schema_prepare(ix, true);
	if (result < 0)
		close_database(ix);
	return result;
}

/* Sets a bad file aside. Its companions go first: they would be taken for those of the new one. */
static int set_aside(const char *path)
{
	_cleanup_free_ char *wal = xasprintf("%s-wal", path);
	_cleanup_free_ char *shm = xasprintf("%s-shm", path);
	_cleanup_free_ char *bad = xasprintf("%s.bad", path);

	unlink(wal);
	unlink(shm);
	return rename(path, bad) < 0 ? -errno : 0;
}

int index_open(const char *path, struct index **ret, bool *ret_fresh)
{
	struct index *ix;
	struct stat st;
	int result;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	ix = xcalloc(1, sizeof(*ix));
	result = open_database(path, ix);
	if (result == -EBADMSG) {
		result = set_aside(path);
		if (result == 0)
			result = open_database(path, ix);
	}
	if (result < 0) {
		free(ix);
		return result;
	}
	index_schema_load_position(ix);
	*ret_fresh = ix->file[0] == '\0';
	*ret = ix;
	return 0;
}

void index_close(struct index *ix)
{
	if (!ix)
		return;
	close_database(ix);
	free(ix);
}

/* -- the transaction ----------------------------------------------------------------------- */

int index_commit(struct index *ix)
{
	sqlite3_stmt *st = ix->statements[INDEX_SET_POSITION];
	int result;

	if (ix->in_transaction && !ix->error && ix->file[0]) {
		sqlite3_bind_text(st, 1, ix->file, -1, SQLITE_STATIC);
		sqlite3_bind_int64(st, 2, ix->end);
		index_schema_run(ix, INDEX_SET_POSITION);
	}
	if (ix->in_transaction && !ix->error)
		index_schema_run(ix, INDEX_COMMIT);
	result = ix->error;
	if (result) {
		/* sqlite has rolled back by itself after some errors; then this one fails, and
		 * may. */
		index_schema_run(ix, INDEX_ROLLBACK);
		index_schema_load_position(ix);
	}
	ix->in_transaction = false;
	ix->error = 0;
	return result;
}

int64_t index_position(struct index *ix, char *buf, size_t size)
{
	if (size > 0) {
		strncpy(buf, ix->file, size - 1);
		buf[size - 1] = '\0';
	}
	return ix->end;
}

/* -- runners ------------------------------------------------------------------------------- */

static void bind_words(sqlite3_stmt *st, int first, const char *const *words, int count)
{
	for (int i = 0; i < count; i++)
		sqlite3_bind_text(st, first + i, words[i], -1, SQLITE_STATIC);
}

/* The items of a list, one behind the other. Heap. */
static char *join(const struct strlist *list, const char *between)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort(); /* no memory, as in xalloc */
	for (size_t i = 0; i < list->count; i++)
		fprintf(out, "%s%s", i ? between : "", list->items[i]);
	if (fclose(out) != 0)
		abort();
	return text;
}

static void put_known(struct index *ix, const struct registration *r, const char *state,
		      int64_t seen_at)
{
	sqlite3_stmt *st = ix->statements[INDEX_PUT_KNOWN];
	_cleanup_free_ char *software = join(&r->software, ", ");
	const char *const words[] = { r->runner, state,	    r->platform, r->cpu,
				      r->host,	 r->kernel, software };
	const char *const last[] = { r->instance, r->machine, r->version };

	bind_words(st, 1, words, 7);
	sqlite3_bind_int64(st, 8, r->cores);
	sqlite3_bind_int64(st, 9, r->slots);
	sqlite3_bind_int64(st, 10, (int64_t)r->memory);
	sqlite3_bind_int64(st, 11, seen_at);
	sqlite3_bind_int64(st, 12, seen_at);
	bind_words(st, 13, last, 3);
	sqlite3_bind_int64(st, 16, r->started_at);
	index_schema_run(ix, INDEX_PUT_KNOWN);
}

static void put_current(struct index *ix, const char *runner, const struct beat *b,
			const char *state, int64_t seen_at)
{
	static const struct beat none;
	sqlite3_stmt *st = ix->statements[INDEX_PUT_CURRENT];
	const struct beat *now = b ? b : &none;
	_cleanup_free_ char *running = join(&now->running, " ");
	const char *const words[] = { runner, state };

	bind_words(st, 1, words, 2);
	sqlite3_bind_double(st, 3, now->load);
	sqlite3_bind_int64(st, 4, (int64_t)now->free_memory);
	sqlite3_bind_int64(st, 5, now->free_slots);
	sqlite3_bind_text(st, 6, running, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 7, seen_at);
	index_schema_run(ix, INDEX_PUT_CURRENT);
}

void index_runner(struct index *ix, const struct registration *r, const struct beat *b,
		  const char *state, int64_t seen_at)
{
	if (!index_schema_begin(ix))
		return;
	put_known(ix, r, state, seen_at);
	if (strcmp(state, "ABSENT") == 0) {
		sqlite3_bind_text(ix->statements[INDEX_DELETE_CURRENT], 1, r->runner, -1,
				  SQLITE_STATIC);
		index_schema_run(ix, INDEX_DELETE_CURRENT);
	} else {
		put_current(ix, r->runner, b, state, seen_at);
	}
}
