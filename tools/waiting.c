/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * waiting - waits until jobs have ended.
 *
 * Polls done/ and failed/, each opened by path so that no client's cache answers. Jobs are looked
 * for by the one name that each can have there, because to list a folder with all jobs of a year
 * whenever it has changed is slow; but on a network each look costs round trips, so many jobs are
 * listed there. Every MISSING_CHECK all are, because a name that a look does not find may be there
 * all the same. Only lists tell that a job has vanished altogether, and not the first of them.
 * Reads job.result of what has ended, and on a network asks for all that is in its folder (renew).
 * Changes nothing.
 */
#include "waiting.h"

#include "cleanup.h"
#include "clock.h"
#include "describe.h"
#include "escape.h"
#include "index.h"
#include "jobs.h"
#include "renew.h"
#include "snapshot.h"
#include "spool.h"
#include "tell.h"
#include "xalloc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAUSE 100 /* ms between looks for the first PAUSE_LONGER_AFTER; then LONG_PAUSE */
#define LONG_PAUSE 500
#define NET_PAUSE 300
#define NET_LONG_PAUSE 1000
#define PAUSE_LONGER_AFTER 10000
#define MISSING_CHECK 5000 /* ms */
#define FEW 4		   /* jobs that are looked for by name */

/* How many lists in a row must miss a job before it is said to be gone. */
#define MISSING_LOCAL 2
#define MISSING_NET 3
#define MISSING_ENDED 12 /* although the coordinator has published that it has ended */

struct waited {
	uint64_t id;
	char folder[SPOOL_FOLDER_SIZE]; /* "12-sim", its name in done/ or failed/ */
	unsigned missing;		/* how often in a row it was nowhere */
	bool ended;
	int code;
};

struct waiting {
	const struct spool *sp;
	struct waited *items; /* in the order given */
	struct waited **by_id;
	size_t count;
	enum spool_place place; /* that is listed now */
	bool silent;		/* the share does not answer, and that has been told */
};

/* Ends one of them with a code. */
static void end(struct waited *w, int code)
{
	w->ended = true;
	w->code = code;
}

static int code_of(const struct job *job)
{
	if (strcmp(job->state, "TIMEOUT") == 0)
		return WAITING_CODE_TTL;
	if (strcmp(job->state, "CANCELLED") == 0 || strcmp(job->state, "OUT_OF_MEMORY") == 0)
		return WAITING_CODE_KILLED;
	if (strcmp(job->state, "LOST") == 0 || strcmp(job->state, "REJECTED") == 0)
		return TELL_FAILED;
	if (job->term_signal > 0)
		return 128 + job->term_signal;
	if (job->exit_code >= 0)
		return job->exit_code;
	return job->place == SPOOL_DONE ? TELL_DONE : TELL_FAILED;
}

/* Who waits learns at once why, and where to look. */
static void tell_failure(const struct spool *sp, const struct job *job)
{
	_cleanup_free_ char *reason = escape_text(job->reason ? job->reason : "", ESCAPE_TEXT);
	_cleanup_free_ char *folder = escape_text(job->folder, ESCAPE_TEXT);

	tell_note("job %" PRIu64 ": %s%s%s; it lies in %s/spool/%s/%s", job->id, job->state,
		  *reason ? ": " : "", reason, sp->path, spool_place_name(job->place), folder);
}

/* Whoever has waited opens the results next. */
static void renew_results(const struct spool *sp, const struct job *job)
{
	_cleanup_close_ int place = safefs_open_dir(sp->fd, spool_place_name(job->place));

	if (place >= 0)
		renew_folder(place, job->folder, RENEW_MOST);
}

static void end_by_record(const struct spool *sp, struct waited *w, enum spool_place place)
{
	struct job job = {
		.id = w->id,
		.place = place,
		.folder = xstrdup(w->folder),
		.uid = (uid_t)-1,
		.exit_code = -1,
		.state = xstrdup(place == SPOOL_DONE ? "DONE" : "FAILED"),
		.wall_ms = -1,
		.cpu_ms = -1,
	};

	if (sp->kind != SAFEFS_LOCAL)
		renew_results(sp, &job);
	describe_job(sp, &job);
	end(w, code_of(&job));
	if (place == SPOOL_FAILED)
		tell_failure(sp, &job);
	jobs_free_one(&job);
}

static int compare(const void *a, const void *b)
{
	const struct waited *const *x = a, *const *y = b;

	return (*x)->id < (*y)->id ? -1 : (*x)->id > (*y)->id;
}

static struct waited *find(const struct waiting *g, uint64_t id)
{
	size_t low = 0, high = g->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (g->by_id[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < g->count && g->by_id[low]->id == id ? g->by_id[low] : NULL;
}

static int take_ended(const char *name, unsigned char type, void *arg)
{
	struct spool_job_name parsed;
	struct waiting *g = arg;
	struct waited *w;

	(void)type;
	if (spool_parse_job_folder(name, &parsed) < 0)
		return 0;
	w = find(g, parsed.id);
	if (w && !w->ended && strcmp(w->folder, name) == 0)
		end_by_record(g->sp, w, g->place);
	return 0;
}

static size_t count_open(const struct waiting *g)
{
	size_t open = 0;

	for (size_t i = 0; i < g->count; i++)
		open += !g->items[i].ended;
	return open;
}

/* The place of g: by a list, or by a look at each name. 0 or negative errno. */
static int look_in(struct waiting *g, bool list)
{
	_cleanup_close_ int fd = -1;

	if (list)
		return spool_list(g->sp, g->place, take_ended, g);
	fd = safefs_open_dir(g->sp->fd, spool_place_name(g->place));
	for (size_t i = 0; fd >= 0 && i < g->count; i++) {
		if (!g->items[i].ended && safefs_look(fd, g->items[i].folder, NULL) == 0)
			end_by_record(g->sp, &g->items[i], g->place);
	}
	return fd < 0 ? fd : 0;
}

/* Looks for those that have ended since. 0 or negative errno. */
static int look(struct waiting *g, bool list)
{
	static const enum spool_place ends[] = { SPOOL_DONE, SPOOL_FAILED };
	int r = 0;

	list = list || (g->sp->kind != SAFEFS_LOCAL && count_open(g) > FEW);
	for (int e = 0; r == 0 && e < 2; e++) {
		g->place = ends[e];
		r = look_in(g, list);
	}
	return r;
}

static int take_place(const struct index_job *row, void *arg)
{
	bool *ended = arg;

	for (enum spool_place place = SPOOL_DONE; row->place && place <= SPOOL_FAILED; place++)
		*ended |= strcmp(row->place, spool_place_name(place)) == 0;
	return 1;
}

/* Does the coordinator say that it lies among the ended ones? */
static bool is_published_as_ended(const struct spool *sp, uint64_t id)
{
	bool ended = false;
	struct index *ix;

	if (snapshot_open(sp, &ix, NULL) < 0)
		return false;
	index_jobs(ix, id, take_place, &ended);
	index_close(ix);
	return ended;
}

static bool is_gone(const struct waiting *g, const struct waited *w)
{
	if (g->sp->kind == SAFEFS_LOCAL)
		return w->missing >= MISSING_LOCAL;
	if (w->missing < MISSING_NET)
		return false;
	return w->missing >= MISSING_ENDED || !is_published_as_ended(g->sp, w->id);
}

/* A job that is neither waiting nor active nor ended, several times in a row, has gone. 0 or
 * negative errno: a list that could not be read says nothing. */
static int look_for_missing(struct waiting *g)
{
	struct jobs jobs;
	int r = jobs_list(g->sp, JOBS_WAITING | JOBS_ACTIVE, &jobs);

	if (r < 0)
		return r;
	r = look(g, true);
	for (size_t i = 0; r == 0 && i < g->count; i++) {
		struct waited *w = &g->items[i];

		if (w->ended)
			continue;
		w->missing = jobs_get(&jobs, w->id) ? 0 : w->missing + 1;
		if (is_gone(g, w))
			end(w, tell_failed("job %" PRIu64
					   ": it is no longer there: removed by its owner, or sent "
					   "back to spool/incoming because its files changed",
					   w->id));
	}
	jobs_free(&jobs);
	return r;
}

static void pause_ms(int64_t ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* What a look has answered: trouble of the share is waited out and told once. 0, or negative errno
 * if waiting does not help. */
static int take_answer(struct waiting *g, int r)
{
	if (r < 0 && !safefs_is_trouble(r))
		return r;
	if (r < 0 && !g->silent)
		tell_note("the share does not answer (%s); waiting until it does", strerror(-r));
	g->silent = r < 0;
	return 0;
}

/* Learns the name that the job will have. What is not there at all ends at once. 0, or negative
 * errno if that cannot be found out. */
static int learn_name(struct waiting *g, struct waited *w, const struct jobs *listed)
{
	const struct job *job = jobs_get(listed, w->id);
	struct spool_job_name parsed;
	struct job found = { 0 };
	int r = 0;

	if (!job) {
		r = jobs_find(g->sp, w->id, &found);
		job = &found;
	}
	if (r == 0)
		r = spool_parse_job_folder(job->folder, &parsed);
	if (r == 0)
		spool_job_folder(w->folder, w->id, 0, parsed.name);
	jobs_free_one(&found);
	if (r == -ENOENT)
		end(w, tell_failed("job %" PRIu64 ": there is no such job on this share; "
				   "spoolctl queue --all lists all",
				   w->id));
	return r == -ENOENT ? 0 : r;
}

/* Learns the names that are not known yet. 0 or negative errno. */
static int learn_names(struct waiting *g)
{
	struct jobs jobs = { 0 };
	int r = g->count > 1 ? jobs_list(g->sp, JOBS_ALL, &jobs) : 0;

	for (size_t i = 0; r == 0 && i < g->count; i++) {
		if (!g->items[i].ended && !*g->items[i].folder)
			r = learn_name(g, &g->items[i], &jobs);
	}
	jobs_free(&jobs);
	return r;
}

static int first_code(const struct waiting *g)
{
	for (size_t i = 0; i < g->count; i++) {
		if (g->items[i].code)
			return g->items[i].code;
	}
	return TELL_DONE;
}

/* Until all have ended or the time is over. 0, or negative errno if waiting is of no use. */
static int wait_for_all(struct waiting *g, int64_t timeout_ms)
{
	bool local = g->sp->kind == SAFEFS_LOCAL, named = false;
	int64_t began = clock_boot_ms(), checked = began, now;
	int r;

	for (;;) {
		r = named ? look(g, false) : learn_names(g);
		if (r == 0 && !named) {
			named = true;
			r = look(g, false);
		}
		now = clock_boot_ms();
		if (r == 0 && now - checked > MISSING_CHECK) {
			r = look_for_missing(g);
			checked = now;
		}
		r = take_answer(g, r);
		if (r < 0 || count_open(g) == 0 || (timeout_ms && now - began >= timeout_ms))
			return r;
		if (now - began < PAUSE_LONGER_AFTER && !g->silent)
			pause_ms(local ? PAUSE : NET_PAUSE);
		else
			pause_ms(local ? LONG_PAUSE : NET_LONG_PAUSE);
	}
}

int waiting_run(const struct spool *sp, const uint64_t *ids, size_t count, int64_t timeout_ms)
{
	struct waiting g = {
		.sp = sp,
		.items = xcalloc(count + 1, sizeof(*g.items)),
		.by_id = xcalloc(count + 1, sizeof(struct waited *)),
		.count = count,
	};
	size_t open;
	int code, r;

	for (size_t i = 0; i < count; i++) {
		g.items[i].id = ids[i];
		g.by_id[i] = &g.items[i];
	}
	qsort(g.by_id, count, sizeof(struct waited *), compare);
	r = wait_for_all(&g, timeout_ms);
	open = count_open(&g);
	code = first_code(&g);
	if (r < 0)
		code = tell_errno("wait: the jobs cannot be listed", r);
	else if (open && !code)
		code = tell_failed("wait: the time is over and %zu of %zu job%s not ended yet; "
				   "spoolctl queue shows where they are",
				   open, count, count == 1 ? " has" : "s have");
	free(g.items);
	free(g.by_id);
	return code;
}
