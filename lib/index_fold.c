/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * index_fold - what one event of the log does to the tables.
 *
 * Touches the open transaction of the index. Folding looks at nothing but the event and the
 * tables, so the same log gives the same tables, wherever it was interrupted. One table says it
 * all: a verb's effect on the row of its attempt and on the sums of its user. The job's own row
 * follows the place that the event names.
 */
#include "event.h"
#include "index.h"
#include "index_columns.h"
#include "index_schema.h"

#include <stdio.h>
#include <string.h>

/* What an event does to the row of its attempt. */
enum attempt_effect { ATTEMPT_NONE, ATTEMPT_OFFERED, ATTEMPT_CLAIMED, ATTEMPT_ENDED };

/* What it does to the sums of its user. */
enum user_effect { USER_NONE, USER_JOB, USER_REJECTED, USER_FAILED, USER_ENDED };

struct fold {
	const char *verb;
	enum attempt_effect attempt;
	const char *attempt_state; /* if the event tells none */
	bool always;		   /* the event's state is the job's, not the attempt's */
	enum user_effect user;
	bool deletes; /* the job's row, if the event names no place */
};

/* Verbs that are not here change the job's row only, if they name a place to go to. */
static const struct fold folds[] = {
	{ "admit", .user = USER_JOB },
	{ "reject", .user = USER_REJECTED },
	{ "refuse", .user = USER_REJECTED },
	{ "cancel", .user = USER_FAILED },
	{ "abandon", .user = USER_FAILED },
	{ "offer", .attempt = ATTEMPT_OFFERED, .attempt_state = "OFFERED" },
	{ "claim", .attempt = ATTEMPT_CLAIMED, .attempt_state = "RUNNING" },
	{ "withdraw", .attempt = ATTEMPT_ENDED, .attempt_state = "WITHDRAWN", .always = true },
	{ "back", .attempt = ATTEMPT_ENDED, .attempt_state = "BACK", .always = true },
	{ "lose", .attempt = ATTEMPT_ENDED, .attempt_state = "LOST" },
	{ "file", .attempt = ATTEMPT_ENDED, .user = USER_ENDED },
	{ "return", .deletes = true },
	{ "gone", .deletes = true },
	{ "remove", .deletes = true },
};

static const struct fold *find_fold(const char *verb)
{
	static const struct fold nothing = { .verb = "" };

	for (size_t i = 0; i < sizeof(folds) / sizeof(folds[0]); i++) {
		if (strcmp(folds[i].verb, verb) == 0)
			return &folds[i];
	}
	return &nothing;
}

static bool is_one_of(const char *word, const char *const *list)
{
	for (; word && *list; list++) {
		if (strcmp(word, *list) == 0)
			return true;
	}
	return false;
}

static void add_event(struct index *ix, const struct event *e)
{
	index_columns_bind(ix->statements[INDEX_ADD_EVENT], &index_event_columns, e);
	index_schema_run(ix, INDEX_ADD_EVENT);
}

/* The members of an attempt's own come back with the next one. */
static void put_queued(struct index *ix, const struct event *e)
{
	bool admitted = strcmp(e->verb, "admit") == 0;
	struct index_job job = {
		.id = e->id,
		.attempt = e->attempt,
		.place = e->to,
		.folder = e->folder,
		.state = e->state,
		.name = e->name,
		.user = e->user,
		.app = e->app,
		.group = e->group,
		.reason = e->why,
		.ttl_ms = e->ttl_ms,
		.memory = e->memory,
		.cores = e->cores,
		.queued_at = e->queued_at || !admitted ? e->queued_at : e->at,
	};

	index_columns_bind(ix->statements[INDEX_PUT_QUEUED], &index_job_columns, &job);
	index_schema_run(ix, INDEX_PUT_QUEUED);
}

static void put_job(struct index *ix, const struct event *e)
{
	bool claimed = strcmp(e->verb, "claim") == 0;
	bool ended = strcmp(e->to, "active") != 0;
	struct index_job job = {
		.id = e->id,
		.attempt = e->attempt,
		.place = e->to,
		.folder = e->folder,
		.state = e->state,
		.name = e->name,
		.user = e->user,
		.app = e->app,
		.group = e->group,
		.runner = e->runner,
		.reason = e->why,
		.queued_at = e->queued_at,
		.ttl_ms = e->ttl_ms,
		.memory = e->memory,
		.cores = e->cores,
		.wall_ms = e->wall_ms,
		.cpu_ms = e->cpu_ms,
		.peak_memory = e->peak_memory,
		.has_exit = e->has_exit,
		.exit_code = e->exit_code,
		.term_signal = e->term_signal,
		.started_at = e->started_at || !claimed ? e->started_at : e->at,
		.finished_at = e->finished_at || !ended ? e->finished_at : e->at,
	};

	index_columns_bind(ix->statements[INDEX_PUT_JOB], &index_job_columns, &job);
	index_schema_run(ix, INDEX_PUT_JOB);
}

static void delete_job(struct index *ix, uint64_t id)
{
	sqlite3_bind_int64(ix->statements[INDEX_DELETE_JOB], 1, (int64_t)id);
	index_schema_run(ix, INDEX_DELETE_JOB);
}

static void fold_job(struct index *ix, const struct event *e, const struct fold *fold)
{
	/* A lost folder is evidence; its job comes back soon, and still has its name and owner
	 * then. So its row waits out of sight (index_select_jobs). */
	static const char *const waiting[] = { "queued", "lost", NULL };
	static const char *const kept[] = { "active", "done", "failed", NULL };
	bool nowhere = !e->to || strcmp(e->to, "-") == 0;

	if (is_one_of(e->to, waiting))
		put_queued(ix, e);
	else if (is_one_of(e->to, kept))
		put_job(ix, e);
	else if (nowhere ? fold->deletes : strcmp(e->to, "incoming") == 0)
		delete_job(ix, e->id);
}

static void fold_attempt(struct index *ix, const struct event *e, const struct fold *fold)
{
	struct index_attempt a = {
		.id = e->id,
		.attempt = e->attempt,
		.runner = e->runner,
		.reason = e->why,
		.state = fold->always || !e->state ? fold->attempt_state : e->state,
	};

	if (fold->attempt == ATTEMPT_NONE || !e->attempt)
		return;
	if (fold->attempt == ATTEMPT_OFFERED) {
		a.offered_at = e->at;
	} else if (fold->attempt == ATTEMPT_CLAIMED) {
		a.started_at = e->started_at ? e->started_at : e->at;
	} else {
		a.started_at = e->started_at;
		a.finished_at = e->finished_at ? e->finished_at : e->at;
		a.wall_ms = e->wall_ms;
		a.cpu_ms = e->cpu_ms;
		a.peak_memory = e->peak_memory;
		a.has_exit = e->has_exit;
		a.exit_code = e->exit_code;
		a.term_signal = e->term_signal;
	}
	index_columns_bind(ix->statements[INDEX_PUT_ATTEMPT], &index_attempt_columns, &a);
	index_schema_run(ix, INDEX_PUT_ATTEMPT);
}

/* Adds to the sums of user, which stays valid for the call. */
static void count_user(struct index *ix, const char *user, const struct event *e,
		       enum user_effect effect)
{
	sqlite3_stmt *st = ix->statements[INDEX_COUNT_USER];
	bool ended = effect == USER_ENDED;
	bool done = ended && e->to && strcmp(e->to, "done") == 0;

	sqlite3_bind_text(st, 1, user, -1, SQLITE_STATIC);
	sqlite3_bind_int(st, 2, effect == USER_JOB);
	sqlite3_bind_int(st, 3, done);
	sqlite3_bind_int(st, 4, effect == USER_FAILED || (ended && !done));
	sqlite3_bind_int(st, 5, effect == USER_REJECTED);
	sqlite3_bind_int64(st, 6, ended && e->wall_ms > 0 ? e->wall_ms : 0);
	sqlite3_bind_int64(st, 7, ended && e->cpu_ms > 0 ? e->cpu_ms : 0);
	index_schema_run(ix, INDEX_COUNT_USER);
}

static void fold_user(struct index *ix, const struct event *e, const struct fold *fold)
{
	sqlite3_stmt *st = ix->statements[INDEX_JOB_USER];
	const char *user = e->user;

	if (fold->user == USER_NONE)
		return;
	if (!user) {
		sqlite3_bind_int64(st, 1, (int64_t)e->id);
		if (sqlite3_step(st) == SQLITE_ROW)
			user = (const char *)sqlite3_column_text(st, 0);
	}
	if (user)
		count_user(ix, user, e, fold->user);
	sqlite3_reset(st);
}

void index_event(struct index *ix, const struct event *e, const char *file, int64_t end)
{
	const struct fold *fold = find_fold(e->verb);

	if (!index_schema_begin(ix))
		return;
	add_event(ix, e);
	if (e->id) {
		fold_user(ix, e, fold);
		fold_attempt(ix, e, fold);
		fold_job(ix, e, fold);
	}
	snprintf(ix->file, sizeof(ix->file), "%s", file);
	ix->end = end;
}
