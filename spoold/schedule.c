/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * schedule - which job next, and where.
 *
 * Order: first come, first served (by id) among the jobs for which a runner is free; a job that
 * needs what nobody offers now lets others pass. Choice: a present runner that fits (platform,
 * software, memory, cores, name), the one with most free slots; when none has a free slot, one
 * ticket ahead of its slots (option "ahead"), so that a runner need not wait for us between two
 * jobs; more of them (up to "ahead_most") where its jobs are shorter than an offer's round trip, or
 * it would stand still for most of the time. A ticket ahead is withdrawn when another runner falls
 * idle. The index is never asked. Memory only: nothing on the share changes here.
 */
#include "coordinator.h"

#include "cleanup.h"
#include "clock.h"
#include "control.h"
#include "jobs.h"
#include "lines.h"
#include "log.h"
#include "manifest.h"
#include "runners.h"
#include "xalloc.h"

#include <inttypes.h>
#include <string.h>

#define ROUND_TRIP_MS                                                              \
	50.0 /* from .done to the next claim, with its syncs, on a busy local disk \
	      */
#define AHEAD_REST_MS                                                                           \
	300 /* a ticket ahead is left alone for so long: short jobs end sooner than it could be \
	       moved */

/* -- joining the line ---------------------------------------------------------------------------- */

static void join(struct coordinator *co, struct job *job)
{
	_cleanup_close_ int fd = jobs_open_folder(job);
	struct manifest m = { 0 };
	int r = fd < 0 ? fd : manifest_read(fd, true, &m);

	(void)co;
	if (fd == -ENOENT) {
		control_folder_gone(job);
		jobs_forget(job);
		return;
	}
	if (job->cancel) {
		jobs_due(job, STEP_REJECT);
	} else if (r == -ENOENT) {
		jobs_due(job, STEP_RETURN);
	} else if (r < 0 && r != -EBADMSG) {
		log_trouble("manifest", "%" PRIu64 ": its manifest cannot be read now: %s", job->id,
			    strerror(-r));
		jobs_rest(job, STEP_RETRY, r);
	} else if (r < 0) {
		complain(&job->complaint, SPOOL_MANIFEST, 0,
			 xasprintf("a damaged record of admission (%s)", strerror(-r)),
			 xstrdup("the record that spoold wrote"), xstrdup("drop the folder again"));
		jobs_due(job, STEP_REJECT);
	} else {
		job->uid = m.uid;
		control_recall_nonce(job, &m);
		control_reply_admission(job, NULL);
		jobs_due(job, STEP_NONE);
		lines_join(job, &m.needs);
	}
	manifest_free(&m);
}

/* -- choosing ------------------------------------------------------------------------------------ */

static bool fits(const struct runner *r, const struct needs *n)
{
	if (!r->open || n->cores > r->reg.slots || n->memory > r->reg.memory)
		return false;
	if (n->runner && strcmp(n->runner, r->name) != 0)
		return false;
	if (n->platforms.count > 0 && !strlist_has(&n->platforms, r->reg.platform))
		return false;
	for (size_t i = 0; i < n->software.count; i++)
		if (!registration_has(&r->reg, n->software.items[i]))
			return false;
	return true;
}

static unsigned free_slots(const struct runner *r)
{
	return r->used_cores < r->reg.slots ? r->reg.slots - r->used_cores : 0;
}

/* How many tickets beyond its slots: "ahead", or as many as end within the time of an offer's round
 * trip. */
static unsigned ahead_of(const struct coordinator *co, const struct runner *r)
{
	double ahead = (double)co->opt.ahead;

	if (r->run_ms > 0 && r->reg.slots * ROUND_TRIP_MS / r->run_ms > ahead)
		ahead = r->reg.slots * ROUND_TRIP_MS / r->run_ms;
	if (ahead > (double)co->opt.ahead_most)
		ahead = (double)co->opt.ahead_most;
	return (unsigned)ahead;
}

static bool has_room_ahead(const struct coordinator *co, const struct runner *r,
			   const struct needs *n)
{
	return r->used_cores + n->cores <= r->reg.slots + ahead_of(co, r) * n->cores;
}

static struct runner *choose(struct coordinator *co, const struct needs *n)
{
	struct runner *best = NULL, *ahead = NULL;

	for (struct runner *r = co->runners; r; r = r->hh.next) {
		if (!fits(r, n))
			continue;
		if (free_slots(r) >= n->cores && (!best || free_slots(r) > free_slots(best)))
			best = r;
		if (has_room_ahead(co, r, n) &&
		    (!ahead || r->used_cores * ahead->reg.slots < ahead->used_cores * r->reg.slots))
			ahead = r;
	}
	return best ? best : ahead;
}

/* The oldest head of a line for which there is a runner. */
static struct job *next_job(struct coordinator *co, struct runner **ret_runner)
{
	struct job *first = NULL;

	for (struct line *line = co->lines; line; line = line->hh.next) {
		struct job *head = TAILQ_FIRST(&line->jobs);
		struct runner *runner;

		if (first && first->id < head->id)
			continue;
		runner = choose(co, &line->needs);
		if (runner) {
			first = head;
			*ret_runner = runner;
		}
	}
	return first;
}

/* -- tickets ahead, when others are idle --------------------------------------------------------- */

/* A runner with room for one more besides the moves already begun. */
static bool is_idle_elsewhere(const struct coordinator *co, const struct job *job,
			      const struct needs *n, unsigned moved)
{
	for (struct runner *r = co->runners; r; r = r->hh.next)
		if (r != job->runner && fits(r, n) && free_slots(r) >= n->cores + moved)
			return true;
	return false;
}

static bool may_move(const struct coordinator *co, const struct job *job, unsigned moved,
		     unsigned *ret_cores)
{
	_cleanup_close_ int fd = jobs_open_folder(job);
	struct manifest m = { 0 };
	bool move;

	if (fd < 0 || manifest_read(fd, true, &m) < 0)
		return false;
	move = is_idle_elsewhere(co, job, &m.needs, moved);
	*ret_cores = m.needs.cores;
	manifest_free(&m);
	return move;
}

/* The last tickets offered to a runner that has more than its slots can hold. */
static void rebalance(struct coordinator *co)
{
	unsigned moved = 0, cores;
	struct job *job, *before;

	for (job = TAILQ_LAST(&co->due[STEP_OFFERED], joblist); co->waiting == 0 && job;
	     job = before) {
		before = TAILQ_PREV(job, joblist, link);
		if (!job->runner || job->runner->used_cores <= job->runner->reg.slots + moved ||
		    clock_boot_ms() - job->since < AHEAD_REST_MS)
			continue;
		if (!may_move(co, job, moved, &cores))
			return;
		moved += cores;
		free(job->why);
		job->why = xstrdup("another runner is idle");
		jobs_due(job, STEP_WITHDRAW);
	}
}

static int on_rebalance(sd_event_source *source, uint64_t usec, void *arg)
{
	struct coordinator *co = arg;

	(void)usec;
	rebalance(co);
	if (TAILQ_EMPTY(&co->due[STEP_OFFERED]))
		return 0;
	sd_event_source_set_time_relative(source, AHEAD_REST_MS * 1000);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* While tickets lie unclaimed, a look now and then. */
static void arm_rebalance(struct coordinator *co)
{
	int on = SD_EVENT_OFF;

	if (co->rebalance_timer)
		sd_event_source_get_enabled(co->rebalance_timer, &on);
	if (on != SD_EVENT_OFF)
		return;
	if (!co->rebalance_timer) {
		(void)sd_event_add_time_relative(co->event, &co->rebalance_timer, CLOCK_BOOTTIME,
						 AHEAD_REST_MS * 1000, 10000, on_rebalance, co);
		return;
	}
	sd_event_source_set_time_relative(co->rebalance_timer, AHEAD_REST_MS * 1000);
	sd_event_source_set_enabled(co->rebalance_timer, SD_EVENT_ONESHOT);
}

void schedule_run(struct coordinator *co, struct joblist *due)
{
	struct runner *runner = NULL;
	struct job *job;

	while ((job = TAILQ_FIRST(due)))
		join(co, job);
	if (!co->schedule_again)
		return;
	co->schedule_again = false;
	while ((job = next_job(co, &runner))) {
		jobs_due(job, STEP_PREPARE);
		jobs_set_runner(job, runner);
	}
	arm_rebalance(co);
}
