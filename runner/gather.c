/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gather - what ended jobs have left becomes durable and is listed.
 *
 * Touches the folders of jobs that have ended, by way of results.c. One batch is under way at a
 * time; what ends meanwhile goes with the next. A job belongs to the batch while job->gathering is
 * set: the loop reads no more of it than that. A crash leaves a claim, which the next instance
 * gives back.
 *
 * An error that is about the share or the network is no failure of the job. If its folder could not
 * be looked at, it is tried again, but not before the share has answered a look at the inbox: so
 * the length of an outage does not count. If what it wrote got lost on its way (fsync says so once,
 * and once more would say "fine"), it is given back and runs again, perhaps elsewhere; after some
 * spoiled runs it fails with the reason.
 */
#include "gather.h"

#include "clock.h"
#include "folder.h"
#include "log.h"
#include "results.h"
#include "runner.h"
#include "streams.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAUSE_MS 1000
#define TRIES 5 /* with the share answering between them */

struct batch {
	struct runner *r;
	int spool_fd;
	struct durable durable;
	size_t count;
	struct one {
		struct job *job;
		int result;
	} * jobs;
};

/* -- in the worker ------------------------------------------------------------------------------- */

static bool has_results(const struct job *job)
{
	return job->way == WAY_DONE && job->report.started_at != 0 && !job->removed &&
	       !job->given_up;
}

/* It could not be synced: because somebody has removed it? */
static void look_for_reason(const struct batch *b, struct job *job)
{
	if (job->result_error == 0 || !safefs_is_trouble(job->result_error))
		return;
	if (folder_judge(b->spool_fd, job, -ENOENT) == FOLDER_GONE) {
		job->removed = true;
		job->result_error = 0;
	}
}

static int gather_run(void *arg)
{
	struct batch *b = arg;

	for (size_t i = 0; i < b->count; i++) {
		struct job *job = b->jobs[i].job;

		if (has_results(job))
			b->jobs[i].result = results_gather(job, b->spool_fd, &b->durable);
		if (b->jobs[i].result == 0)
			streams_close(job);
	}
	durable_commit(&b->durable);
	for (size_t i = 0; i < b->count; i++)
		if (has_results(b->jobs[i].job))
			look_for_reason(b, b->jobs[i].job);
	close(b->spool_fd);
	return 0;
}

/* -- in the loop --------------------------------------------------------------------------------- */

/* It shall run again, but not for ever: its last spoiled run fails with the reason. */
static void give_back(struct runner *r, struct job *job, int error)
{
	if (job->ticket.spoiled + 1 >= RUNNER_SPOILED_MOST) {
		job->result_error = error;
		job->given_up = true; /* the next batch closes what is open: here it could wait */
		return;
	}
	job->spoiled = xasprintf("its results could not be kept: %s", strerror(-error));
	log_warn("%s: given back: %s", job->label, job->spoiled);
	job->way = WAY_BACK; /* what is still open in its folder is closed by the next batch */
	job->gather_failed = 0;
	r->no_claims_before = clock_boot_ms() + RUNNER_PAUSE_MS;
}

static void take_back(struct runner *r, struct job *job, int result)
{
	job->gathering = false;
	if (result < 0) {
		job->gather_failed = clock_boot_ms();
		job->gather_after = job->gather_failed + (PAUSE_MS << job->gather_tries);
		log_trouble("results", "the results of %s cannot be looked at yet: %s", job->label,
			    strerror(-result));
		if (++job->gather_tries >= TRIES)
			give_back(r, job, result);
		return;
	}
	job->gathered = true;
	if (job->result_error == 0 || !safefs_is_trouble(job->result_error))
		log_mended("results");
	else if (job->report.why != WHY_CANCEL) /* nobody waits for the results of that one */
		give_back(r, job, job->result_error);
	else
		job->result_error = 0;
}

static void gather_done(void *arg, int result)
{
	struct batch *b = arg;
	struct runner *r = b->r;

	(void)result;
	for (size_t i = 0; i < b->count; i++)
		take_back(r, b->jobs[i].job, b->jobs[i].result);
	r->results_whole = b->durable.whole;
	r->gathering = false;
	free(b->jobs);
	free(b);
}

bool gather_wanted(const struct job *job)
{
	return !job->gathered && !job->unread &&
	       (has_results(job) || job->streams[0] >= 0 || job->streams[1] >= 0);
}

/* After a failure the share must have answered before it is tried again. */
static bool is_due(const struct runner *r, const struct job *job, int64_t now)
{
	return !job->lent && job->phase == JOB_ENDED && !job->gathering && !job->flushing &&
	       gather_wanted(job) &&
	       (job->gather_failed == 0 ||
		(now >= job->gather_after && r->looked_at > job->gather_failed));
}

/* NULL: no descriptor is left; after a pause perhaps. */
static struct batch *new_batch(struct runner *r, int64_t now)
{
	int fd = fcntl(r->spool_fd, F_DUPFD_CLOEXEC, 3);
	struct batch *b;

	if (fd < 0) {
		r->no_gather_before = now + PAUSE_MS;
		log_trouble("gathering", "no results can be looked at: %s", strerror(errno));
		return NULL;
	}
	log_mended("gathering");
	b = xcalloc(1, sizeof(*b));
	b->r = r;
	b->spool_fd = fd;
	b->durable.whole = r->results_whole;
	return b;
}

void gather_begin(struct runner *r, int64_t now)
{
	struct batch *b = NULL;
	struct job *job;

	if (r->gathering || now < r->no_gather_before)
		return;
	TAILQ_FOREACH(job, &r->jobs, link) {
		if (!is_due(r, job, now))
			continue;
		if (!b)
			b = new_batch(r, now);
		if (!b)
			return;
		b->jobs = xrealloc(b->jobs, b->count + 1, sizeof(*b->jobs));
		b->jobs[b->count++] = (struct one){ .job = job };
		job->gathering = true;
	}
	if (!b)
		return;
	r->gathering = true;
	r->no_gather_before = 0;
	worker_submit(r->gatherer, gather_run, gather_done, b);
}

/* When its results are to be looked at; INT64_MAX: after the next event. */
static int64_t due_of(const struct runner *r, const struct job *job)
{
	if (job->lent || job->phase != JOB_ENDED || job->gathering || job->flushing ||
	    !gather_wanted(job))
		return INT64_MAX;
	if (job->gather_failed == 0) /* at once, unless that could not be begun */
		return r->no_gather_before ? r->no_gather_before : INT64_MAX;
	return r->looked_at > job->gather_failed ? job->gather_after : INT64_MAX;
}

int64_t gather_due(const struct runner *r)
{
	int64_t due = INT64_MAX;
	const struct job *job;

	if (r->gathering)
		return due;
	TAILQ_FOREACH(job, &r->jobs, link)
		if (due_of(r, job) < due)
			due = due_of(r, job);
	return due < r->no_gather_before ? r->no_gather_before : due;
}
