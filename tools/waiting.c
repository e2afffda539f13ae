/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * waiting - waits until jobs have ended.
 *
 * Polls done/ and failed/, each opened by path so that no client's cache answers, with one look per
 * job at the one name that it can have there; the places are listed at the start and then every
 * MISSING_CHECK only, to find out whether a job has vanished altogether. Reads job.result of what
 * has ended. Changes nothing.
 */
#include "waiting.h"

#include "cleanup.h"
#include "clock.h"
#include "describe.h"
#include "escape.h"
#include "jobs.h"
#include "spool.h"
#include "tell.h"
#include "xalloc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PAUSE 100 /* ms between looks for the first PAUSE_LONGER_AFTER; then LONG_PAUSE */
#define LONG_PAUSE 500
#define PAUSE_LONGER_AFTER 10000
#define MISSING_CHECK 5000 /* ms */

struct waited {
	uint64_t id;
	char folder[SPOOL_FOLDER_SIZE]; /* "12-sim", its name in done/ or failed/ */
	unsigned missing;		/* how often in a row it was nowhere */
	bool ended;
	int code;
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

	describe_job(sp, &job);
	end(w, code_of(&job));
	if (place == SPOOL_FAILED)
		tell_failure(sp, &job);
	jobs_free_one(&job);
}

/* Looks for those that have ended since. Returns how many have not. */
static size_t look(const struct spool *sp, struct waited *waited, size_t count)
{
	static const enum spool_place ends[] = { SPOOL_DONE, SPOOL_FAILED };
	size_t open = 0;

	for (int e = 0; e < 2; e++) {
		_cleanup_close_ int fd = safefs_open_dir(sp->fd, spool_place_name(ends[e]));

		for (size_t i = 0; fd >= 0 && i < count; i++) {
			if (!waited[i].ended && safefs_look(fd, waited[i].folder, NULL) == 0)
				end_by_record(sp, &waited[i], ends[e]);
		}
	}
	for (size_t i = 0; i < count; i++)
		open += !waited[i].ended;
	return open;
}

/* A job that is neither waiting nor active nor ended, twice in a row, has gone. */
static void look_for_missing(const struct spool *sp, struct waited *waited, size_t count)
{
	struct jobs jobs;

	if (jobs_list(sp, JOBS_WAITING | JOBS_ACTIVE, &jobs) < 0)
		return;
	look(sp, waited, count);
	for (size_t i = 0; i < count; i++) {
		struct waited *w = &waited[i];

		if (w->ended)
			continue;
		w->missing = jobs_get(&jobs, w->id) ? 0 : w->missing + 1;
		if (w->missing >= 2)
			end(w, tell_failed("job %" PRIu64
					   ": it is no longer there: removed by its owner, or sent "
					   "back to spool/incoming because its files changed",
					   w->id));
	}
	jobs_free(&jobs);
}

/* Learns the names. What is not there at all ends at once. */
static void begin(const struct spool *sp, struct waited *waited, const uint64_t *ids, size_t count)
{
	struct jobs jobs = { 0 };

	if (count > 1)
		jobs_list(sp, JOBS_ALL, &jobs);
	for (size_t i = 0; i < count; i++) {
		struct spool_job_name parsed;
		const struct job *listed = jobs_get(&jobs, ids[i]);
		struct job found = { 0 };

		waited[i] = (struct waited){ .id = ids[i] };
		if (!listed && jobs_find(sp, ids[i], &found) == 0)
			listed = &found;
		if (listed && spool_parse_job_folder(listed->folder, &parsed) == 0)
			spool_job_folder(waited[i].folder, ids[i], 0, parsed.name);
		else
			end(&waited[i],
			    tell_failed("job %" PRIu64 ": there is no such job on this share; "
					"spoolctl queue --all lists all",
					ids[i]));
		jobs_free_one(&found);
	}
	jobs_free(&jobs);
}

static void pause_ms(int64_t ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

static int first_code(const struct waited *waited, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (waited[i].code)
			return waited[i].code;
	}
	return TELL_DONE;
}

int waiting_run(const struct spool *sp, const uint64_t *ids, size_t count, int64_t timeout_ms)
{
	struct waited *waited = xcalloc(count + 1, sizeof(*waited));
	int64_t began = clock_boot_ms(), checked = began;
	size_t open;
	int code;

	begin(sp, waited, ids, count);
	while ((open = look(sp, waited, count)) > 0) {
		int64_t now = clock_boot_ms();

		if (timeout_ms && now - began >= timeout_ms)
			break;
		if (now - checked > MISSING_CHECK) {
			look_for_missing(sp, waited, count);
			checked = now;
		}
		pause_ms(now - began < PAUSE_LONGER_AFTER ? PAUSE : LONG_PAUSE);
	}
	code = first_code(waited, count);
	if (open && !code)
		code = tell_failed("wait: the time is over and %zu of %zu job%s not ended yet; "
				   "spoolctl queue shows where they are",
				   open, count, count == 1 ? " has" : "s have");
	free(waited);
	return code;
}
