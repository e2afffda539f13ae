/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * index_schema - the tables, the statements and the opening of the index.
 *
 * Touches the database file and the two that sqlite keeps beside it (-wal, -shm). All SQL that
 * writes stands here, in one place, in the order of index_columns.c. A change of a table means a
 * new SCHEMA number: an older file is then set aside by index_open and made anew from the log, so
 * no table is ever altered.
 */
#include "index_schema.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define APPLICATION 1397770060 /* "SPOL": what file(1) and we recognise the file by */
#define SCHEMA 1
#define BUSY_MS 5000 /* readers wait so long for a checkpoint to let them in */
#define STRING2(x) #x
#define STRING(x) STRING2(x)

static const char schema[] =
	"PRAGMA journal_mode = WAL;"
	"BEGIN;"
	"CREATE TABLE position(one INTEGER PRIMARY KEY CHECK(one = 1), file TEXT NOT NULL,"
	" bytes INTEGER NOT NULL) STRICT;"

	"CREATE TABLE job_queue(id INTEGER PRIMARY KEY, attempt INTEGER, place TEXT NOT NULL,"
	" folder TEXT, state TEXT, name TEXT, user TEXT, app TEXT, \"group\" TEXT, runner TEXT,"
	" reason TEXT, queued_at INTEGER, started_at INTEGER, finished_at INTEGER, wall_ms INTEGER,"
	" cpu_ms INTEGER, ttl_ms INTEGER, memory INTEGER, peak_memory INTEGER, cores INTEGER,"
	" exit_code INTEGER, signal INTEGER) STRICT;"

	"CREATE TABLE attempts(id INTEGER NOT NULL, attempt INTEGER NOT NULL, runner TEXT,"
	" state TEXT, reason TEXT, offered_at INTEGER, started_at INTEGER, finished_at INTEGER,"
	" wall_ms INTEGER, cpu_ms INTEGER, peak_memory INTEGER, exit_code INTEGER, signal INTEGER,"
	" PRIMARY KEY(id, attempt)) STRICT, WITHOUT ROWID;"

	"CREATE TABLE users(user TEXT PRIMARY KEY, jobs INTEGER NOT NULL, done INTEGER NOT NULL,"
	" failed INTEGER NOT NULL, rejected INTEGER NOT NULL, wall_ms INTEGER NOT NULL,"
	" cpu_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

	"CREATE TABLE events(seq INTEGER PRIMARY KEY, at INTEGER, verb TEXT NOT NULL, id INTEGER,"
	" attempt INTEGER, \"from\" TEXT, \"to\" TEXT, state TEXT, folder TEXT, name TEXT,"
	" user TEXT, app TEXT, \"group\" TEXT, runner TEXT, by TEXT, why TEXT, ttl_ms INTEGER,"
	" cores INTEGER, memory INTEGER, exit_code INTEGER, signal INTEGER, queued_at INTEGER,"
	" started_at INTEGER, finished_at INTEGER, wall_ms INTEGER, cpu_ms INTEGER,"
	" peak_memory INTEGER) STRICT;"
	"CREATE INDEX events_by_id ON events(id) WHERE id IS NOT NULL;"

	"CREATE TABLE known_clients(runner TEXT PRIMARY KEY, state TEXT, platform TEXT, cpu TEXT,"
	" host TEXT, kernel TEXT, software TEXT, cores INTEGER, slots INTEGER, memory INTEGER,"
	" first_seen_at INTEGER, seen_at INTEGER, instance TEXT, machine TEXT, version TEXT,"
	" started_at INTEGER) STRICT, WITHOUT ROWID;"
	"CREATE TABLE current_clients(runner TEXT PRIMARY KEY, state TEXT, load REAL,"
	" free_memory INTEGER, free_slots INTEGER, running TEXT, seen_at INTEGER)"
	" STRICT, WITHOUT ROWID;"
	"PRAGMA application_id = " STRING(APPLICATION) ";"
						       "PRAGMA user_version = " STRING(
							       SCHEMA) ";"
								       "COMMIT;";

/* The formatter cannot read SQL in pieces. */
/* clang-format off */
#define JOB_COLUMNS "id, attempt, place, folder, state, name, user, app, \"group\", runner," \
	" reason, queued_at, started_at, finished_at, wall_ms, cpu_ms, ttl_ms, memory," \
	" peak_memory, cores, exit_code, signal"
#define EVENT_COLUMNS "at, verb, id, attempt, \"from\", \"to\", state, folder, name, user, app," \
	" \"group\", runner, by, why, ttl_ms, cores, memory, exit_code, signal, queued_at," \
	" started_at, finished_at, wall_ms, cpu_ms, peak_memory"
#define ATTEMPT_COLUMNS "id, attempt, runner, state, reason, offered_at, started_at," \
	" finished_at, wall_ms, cpu_ms, peak_memory, exit_code, signal"
#define KEEP(column) column " = coalesce(excluded." column ", " column ")"

#define INSERT_JOB "INSERT INTO job_queue(" JOB_COLUMNS ")" \
	" VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" \
	" ON CONFLICT(id) DO UPDATE SET place = excluded.place, reason = excluded.reason, " \
	KEEP("attempt") ", " KEEP("folder") ", " KEEP("state") ", " KEEP("name") ", " KEEP("user") \
	", " KEEP("app") ", " KEEP("\"group\"") ", " KEEP("queued_at") ", " KEEP("ttl_ms") \
	", " KEEP("memory") ", " KEEP("cores") ", "

static const char *const statements[INDEX_STATEMENTS] = {
	[INDEX_BEGIN] = "BEGIN IMMEDIATE",
	[INDEX_COMMIT] = "COMMIT",
	[INDEX_ROLLBACK] = "ROLLBACK",
	[INDEX_SET_POSITION] = "INSERT OR REPLACE INTO position(one, file, bytes) VALUES(1, ?, ?)",
	[INDEX_ADD_EVENT] = "INSERT INTO events(" EVENT_COLUMNS ") VALUES(?, ?, ?, ?, ?, ?, ?, ?,"
		" ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[INDEX_PUT_JOB] = INSERT_JOB KEEP("runner") ", " KEEP("started_at") ", "
		KEEP("finished_at") ", " KEEP("wall_ms") ", " KEEP("cpu_ms") ", "
		KEEP("peak_memory") ", " KEEP("exit_code") ", " KEEP("signal"),
	[INDEX_PUT_QUEUED] = INSERT_JOB "runner = NULL, started_at = NULL, finished_at = NULL,"
		" wall_ms = NULL, cpu_ms = NULL, peak_memory = NULL, exit_code = NULL,"
		" signal = NULL",
	[INDEX_DELETE_JOB] = "DELETE FROM job_queue WHERE id = ?",
	[INDEX_JOB_USER] = "SELECT user FROM job_queue WHERE id = ?",
	[INDEX_HOLDS] = "SELECT 1 FROM job_queue WHERE id = ? AND coalesce(attempt, 0) = ?"
		" AND place = ? AND folder = ?",
	[INDEX_PUT_ATTEMPT] = "INSERT INTO attempts(" ATTEMPT_COLUMNS ")"
		" VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id, attempt) DO UPDATE"
		" SET state = excluded.state, reason = excluded.reason, " KEEP("runner") ", "
		KEEP("offered_at") ", " KEEP("started_at") ", " KEEP("finished_at") ", "
		KEEP("wall_ms") ", " KEEP("cpu_ms") ", " KEEP("peak_memory") ", "
		KEEP("exit_code") ", " KEEP("signal"),
	[INDEX_COUNT_USER] = "INSERT INTO users(user, jobs, done, failed, rejected, wall_ms,"
		" cpu_ms) VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(user) DO UPDATE SET"
		" jobs = jobs + excluded.jobs, done = done + excluded.done,"
		" failed = failed + excluded.failed, rejected = rejected + excluded.rejected,"
		" wall_ms = wall_ms + excluded.wall_ms, cpu_ms = cpu_ms + excluded.cpu_ms",
	[INDEX_PUT_KNOWN] = "INSERT INTO known_clients(runner, state, platform, cpu, host, kernel,"
		" software, cores, slots, memory, first_seen_at, seen_at, instance, machine,"
		" version, started_at) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		" ON CONFLICT(runner) DO UPDATE SET state = excluded.state,"
		" platform = excluded.platform, cpu = excluded.cpu, host = excluded.host,"
		" kernel = excluded.kernel, software = excluded.software, cores = excluded.cores,"
		" slots = excluded.slots, memory = excluded.memory, seen_at = excluded.seen_at,"
		" instance = excluded.instance, machine = excluded.machine,"
		" version = excluded.version, started_at = excluded.started_at",
	[INDEX_PUT_CURRENT] = "INSERT OR REPLACE INTO current_clients(runner, state, load,"
		" free_memory, free_slots, running, seen_at) VALUES(?, ?, ?, ?, ?, ?, ?)",
	[INDEX_DELETE_CURRENT] = "DELETE FROM current_clients WHERE runner = ?",
};
/* clang-format on */

const char index_select_jobs[] = "SELECT " JOB_COLUMNS
				 " FROM job_queue WHERE place <> 'lost' ORDER BY id";
const char index_select_job[] = "SELECT " JOB_COLUMNS
				" FROM job_queue WHERE id = ? AND place <> 'lost'";
const char index_select_events[] = "SELECT " EVENT_COLUMNS " FROM events ORDER BY seq";
const char index_select_events_of[] = "SELECT " EVENT_COLUMNS
				      " FROM events WHERE id = ? ORDER BY seq";
const char index_select_runners[] =
	"SELECT k.runner, k.state, platform, cpu, host, kernel, software, cores, slots, memory,"
	" first_seen_at, k.seen_at, load, free_memory, free_slots, running"
	" FROM known_clients AS k LEFT JOIN current_clients USING (runner) ORDER BY k.runner";

const struct index_fold index_folds[] = {
	{ "job_queue", "SELECT " JOB_COLUMNS " FROM job_queue ORDER BY id", 1 },
	{ "attempts", "SELECT " ATTEMPT_COLUMNS " FROM attempts ORDER BY id, attempt", 2 },
	{ "users", "SELECT * FROM users ORDER BY user", 1 },
	{ "events", "SELECT " EVENT_COLUMNS " FROM events ORDER BY seq", 0 },
	{ 0 }
};

int index_schema_errno(sqlite3 *db, int code)
{
	int system = db ? sqlite3_system_errno(db) : 0;

	if (code == SQLITE_IOERR_SHORT_READ)
		return -EBADMSG;
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR: /* no such table: somebody else's database */
	case SQLITE_MISMATCH:
	case SQLITE_CONSTRAINT:
		return -EBADMSG;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_PERM:
		return -EACCES;
	default:
		return system > 0 ? -system : -EIO;
	}
}

int index_schema_connect(const char *path, int flags, sqlite3 **ret)
{
	static const char settings[] = "PRAGMA cache_size = -2000; PRAGMA temp_store = MEMORY;"
				       "PRAGMA trusted_schema = OFF;";
	sqlite3 *db = NULL;
	int code = sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL);
	int result;

	if (code == SQLITE_OK) {
		sqlite3_extended_result_codes(db, 1);
		sqlite3_busy_timeout(db, BUSY_MS);
		code = sqlite3_exec(db, settings, NULL, NULL, NULL);
	}
	if (code == SQLITE_OK) {
		*ret = db;
		return 0;
	}
	result = index_schema_errno(db, code);
	sqlite3_close_v2(db);
	return result;
}

/* The one value that a statement gives, as a number (texts: 1 for "ok"). 0 or negative errno. */
static int ask(sqlite3 *db, const char *sql, int64_t *ret)
{
	sqlite3_stmt *st = NULL;
	int code = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
	int result;

	if (code == SQLITE_OK)
		code = sqlite3_step(st);
	if (code == SQLITE_ROW && sqlite3_column_type(st, 0) == SQLITE_TEXT)
		*ret = strcmp((const char *)sqlite3_column_text(st, 0), "ok") == 0;
	else if (code == SQLITE_ROW)
		*ret = sqlite3_column_int64(st, 0);
	result = code == SQLITE_DONE ? -EBADMSG : index_schema_errno(db, code);
	sqlite3_finalize(st);
	return result;
}

/* Is the file made of whole pages? sqlite reads the end of a cut page as zeroes, without a word. */
static int check_size(sqlite3 *db)
{
	int64_t page_size = 0;
	struct stat st;
	int result = ask(db, "PRAGMA page_size", &page_size);

	if (result < 0)
		return result;
	if (stat(sqlite3_db_filename(db, "main"), &st) < 0)
		return -errno;
	return page_size > 0 && st.st_size % page_size == 0 ? 0 : -EBADMSG;
}

/* Runs the questions in order; each must give its answer. */
int index_schema_check(sqlite3 *db, bool thorough)
{
	static const struct {
		const char *sql;
		int64_t answer;
	} questions[] = {
		{ "PRAGMA application_id", APPLICATION },
		{ "PRAGMA user_version", SCHEMA },
		{ "PRAGMA quick_check(1)", 1 },
	};

	for (size_t i = 0; i < (thorough ? 3 : 2); i++) {
		int64_t answer = 0;
		int result = ask(db, questions[i].sql, &answer);

		if (result < 0)
			return result;
		if (answer != questions[i].answer)
			return -EBADMSG;
	}
	return thorough ? check_size(db) : 0;
}

int index_schema_is_empty(sqlite3 *db)
{
	int64_t objects = 0;
	int result = ask(db, "SELECT count(*) FROM sqlite_schema", &objects);

	return result < 0 ? result : objects == 0;
}

int index_schema_create(sqlite3 *db)
{
	return index_schema_errno(db, sqlite3_exec(db, schema, NULL, NULL, NULL));
}

int index_schema_prepare(struct index *ix, bool writer)
{
	static const char settings[] =
		"PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 16777216;"
		"PRAGMA wal_autocheckpoint = 4000;";
	int code = writer ? sqlite3_exec(ix->db, settings, NULL, NULL, NULL) : SQLITE_OK;

	for (size_t i = 0; code == SQLITE_OK && i < INDEX_STATEMENTS; i++) {
		if (writer || i == INDEX_HOLDS)
			code = sqlite3_prepare_v3(ix->db, statements[i], -1,
						  SQLITE_PREPARE_PERSISTENT, &ix->statements[i],
						  NULL);
	}
	return index_schema_errno(ix->db, code);
}

void index_schema_run(struct index *ix, enum index_statement which)
{
	sqlite3_stmt *st = ix->statements[which];
	int code = sqlite3_step(st);

	if (!ix->error)
		ix->error = index_schema_errno(ix->db, code);
	sqlite3_reset(st);
}

bool index_schema_begin(struct index *ix)
{
	if (!ix->in_transaction && !ix->error) {
		index_schema_run(ix, INDEX_BEGIN);
		ix->in_transaction = !ix->error;
	}
	return !ix->error;
}

void index_schema_load_position(struct index *ix)
{
	sqlite3_stmt *st = NULL;

	ix->file[0] = '\0';
	ix->end = 0;
	if (sqlite3_prepare_v2(ix->db, "SELECT file, bytes FROM position", -1, &st, NULL) ==
		    SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW) {
		strncpy(ix->file, (const char *)sqlite3_column_text(st, 0), NAME_MAX);
		ix->end = sqlite3_column_int64(st, 1);
	}
	sqlite3_finalize(st);
}
