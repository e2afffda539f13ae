/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * launch - the loop's side of the launcher.
 *
 * Touches the launcher's socket, never waiting for it, and scratch folders of jobs that have ended.
 * A job is READY before its START is sent and RUNNING after; ENDED once its REPORT is here, which
 * the keeper sends when nothing of the job lives. A stop is sent to running jobs only: others
 * never reach the launcher any more. A crash of this process ends the launcher and all jobs.
 */
#include "launch.h"

#include "log.h"
#include "rmtree.h"
#include "runner.h"
#include "worker.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOON_MS 100

unsigned launch_used(const struct runner *r)
{
	unsigned cores = 0;
	const struct job *job;

	TAILQ_FOREACH(job, &r->jobs, link)
		if (job->phase == JOB_READY || job->phase == JOB_RUNNING)
			cores += job->ticket.cores;
	return cores;
}

/* -- the scratch folder -------------------------------------------------------------------------- */

struct removal {
	int dir_fd;
	char *name;
};

static int remove_run(void *arg)
{
	struct removal *rm = arg;

	return rmtree(rm->dir_fd, rm->name);
}

static void remove_done(void *arg, int result)
{
	struct removal *rm = arg;

	if (result < 0)
		log_trouble("scratch", "scratch/%s cannot be removed: %s", rm->name,
			    strerror(-result));
	free(rm->name);
	free(rm);
}

/* Most jobs leave it empty, which one call removes; the rest is for the worker. */
static void remove_scratch(struct runner *r, struct job *job)
{
	bool made = job->scratch;

	job->scratch = false;
	if (made && unlinkat(r->share.scratch_fd, job->label, AT_REMOVEDIR) < 0)
		launch_remove(r, job->label);
}

void launch_remove(struct runner *r, const char *name)
{
	struct removal *rm;

	rm = xcalloc(1, sizeof(*rm));
	rm->dir_fd = r->share.scratch_fd;
	rm->name = xstrdup(name);
	worker_submit(r->chores, remove_run, remove_done, rm);
}

void launch_forget(struct runner *r, struct job *job)
{
	const struct message_tag forget = { .type = MESSAGE_FORGET, .tag = job->tag };

	if (job->report.tag) /* the launcher is never slow to listen */
		message_send(r->launcher, &forget, sizeof(forget), NULL, 0, 0);
	remove_scratch(r, job);
	TAILQ_REMOVE(&r->jobs, job, link);
	job_free(job);
}

static void end(struct runner *r, struct job *job)
{
	int64_t soon = clock_boot_ms() + SOON_MS;

	job->phase = JOB_ENDED;
	/* Another offer may wait for its cores, and what it left may take long to be written. */
	if (soon < r->next_look)
		r->next_look = soon;
	remove_scratch(r, job);
}

/* -- starts and stops ---------------------------------------------------------------------------- */

/* A start needs the lease: if a pass has hung meanwhile, the attempt may have been taken from us.
 */
static bool lease_is_good(struct runner *r)
{
	if (clock_boot_ms() < r->good_until)
		return true;
	if (!r->pass)
		r->wake = true;
	return false;
}

static bool send_start(struct runner *r, struct job *job)
{
	int sent = message_send(r->launcher, job->packet, job->packet_len, &job->parcel, 1,
				MSG_DONTWAIT);

	if (sent == -EAGAIN || sent == -ETOOMANYREFS)
		return false;
	/* -EPIPE: the end of its socket is the next thing that we hear of it. */
	free(job->packet);
	job->packet = NULL;
	close(job->parcel);
	job->parcel = -1;
	job->phase = JOB_RUNNING;
	log_debug("%s: started", job->label);
	return true;
}

static bool send_stop(struct runner *r, struct job *job)
{
	struct message_stop stop = {
		.type = MESSAGE_STOP,
		.why = job->stop,
		.tag = job->tag,
		.kill_wait_ms = job->stop_wait_ms,
	};

	if (message_send(r->launcher, &stop, sizeof(stop), NULL, 0, MSG_DONTWAIT) == -EAGAIN)
		return false;
	job->stop_pending = false;
	return true;
}

bool launch_push(struct runner *r)
{
	struct job *job;

	TAILQ_FOREACH(job, &r->jobs, link) {
		if (job->lent)
			continue;
		if (job->phase == JOB_READY && job->stop == WHY_NOT && lease_is_good(r) &&
		    !send_start(r, job))
			return true;
		if (job->phase == JOB_RUNNING && job->stop_pending && !send_stop(r, job))
			return true;
	}
	return false;
}

void launch_stop(struct job *job, enum message_why why, enum job_way way, int64_t kill_wait_ms,
		 char *reason)
{
	if (job->phase >= JOB_ENDED) {
		free(reason);
		return;
	}
	/* The first reason counts, but a claim that is gone cannot be told of any more. */
	if (job->stop == WHY_NOT) {
		job->stop = why;
		job->stop_way = way;
		job->cancel_reason = reason;
	} else {
		free(reason);
	}
	if (way == WAY_DROP)
		job->stop_way = WAY_DROP;
	job->stop_wait_ms = kill_wait_ms;
	job->stop_pending = true;
}

void launch_settle(struct runner *r)
{
	struct job *job;

	TAILQ_FOREACH(job, &r->jobs, link) {
		if (job->stop == WHY_NOT || job->phase >= JOB_RUNNING)
			continue;
		job->way = job->stop == WHY_CANCEL ? WAY_DONE : job->stop_way;
		if (job->phase == JOB_CLAIMED && job->way == WAY_DONE)
			job->way = WAY_BACK; /* its ticket has not been read: nothing can be told */
		end(r, job);
	}
}

/* -- reports ------------------------------------------------------------------------------------- */

static struct job *find(const struct runner *r, uint64_t tag)
{
	struct job *job;

	TAILQ_FOREACH(job, &r->jobs, link)
		if (job->tag == tag)
			return job;
	return NULL;
}

/* Only at these steps can the error come from the job's own files. */
static bool is_of_its_files(enum message_step step)
{
	return step == STEP_FOLDER || step == STEP_PROGRAM || step == STEP_INTERPRETER ||
	       step == STEP_COPY;
}

/* Trouble, or no room, kept it from its program: it never ran, so it may begin anew. Not for ever
 * if it may be its own: such runs are counted. */
static bool is_spoiled(const struct job *job, const struct message_report *report, bool *ret_counts)
{
	int error = -report->error;

	*ret_counts = !safefs_is_full(error) && is_of_its_files(report->step);
	if (report->step == STEP_NONE || report->step == STEP_LOST_KEEPER ||
	    job->stop == WHY_CANCEL || !safefs_is_passing(error))
		return false;
	return !*ret_counts || job->ticket.spoiled + 1 < RUNNER_SPOILED_MOST;
}

static void take_report(struct runner *r, const struct message_report *report)
{
	struct job *job = find(r, report->tag);
	bool counts;

	if (!job || job->phase != JOB_RUNNING)
		return;
	job->report = *report;
	/* One that ended by itself before the stop reached it is told of, unless nobody listens. */
	job->way = report->why == WHY_EVICT || job->stop_way == WAY_DROP ? job->stop_way : WAY_DONE;
	/* Stopped by the renewal of the lease, before we have heard why; or never started. */
	if ((report->why == WHY_EVICT && job->stop == WHY_NOT) || report->step == STEP_LEASE)
		job->way = WAY_BACK;
	if (job->way == WAY_DONE && is_spoiled(job, report, &counts)) {
		log_warn("%s: given back: it could not be started: %s", job->label,
			 strerror(report->error));
		job->way = WAY_BACK;
		if (counts)
			job->spoiled = xasprintf("it could not be started: %s",
						 strerror(report->error));
		r->no_claims_before = clock_boot_ms() + RUNNER_PAUSE_MS;
	}
	end(r, job);
}

int launch_hear(struct runner *r)
{
	struct message_report report;
	int fds[MESSAGE_MAX_FDS];
	ssize_t len;

	while ((len = message_receive(r->launcher, &report, sizeof(report), fds, MSG_DONTWAIT)) > 0)
		if (message_type(&report, (size_t)len) == MESSAGE_REPORT)
			take_report(r, &report);
	return len == -EAGAIN ? 0 : -EPIPE;
}
