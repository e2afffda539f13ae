/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jobs - the table of jobs and their lists.
 *
 * A job is in at most one list: due[step], or its line. While busy (a sync or a task of the slow
 * lane runs for it) it is in none, and what happens to it meanwhile is only noted; tickets_settle()
 * acts on it afterwards. Nothing here touches the share but the opening of folders.
 */
#include "jobs.h"

#include "cleanup.h"
#include "clock.h"
#include "drops.h"
#include "lines.h"
#include "log.h"
#include "manifest.h"
#include "scan.h"
#include "syncer.h"
#include "ticket.h"
#include "tickets.h"
#include "worker.h"
#include "xalloc.h"

#include <assert.h>
#include <fcntl.h>
#include <string.h>

struct job *jobs_find(struct coordinator *co, uint64_t id)
{
	struct job *job;

	HASH_FIND(hh, co->jobs, &id, sizeof(id), job);
	return job;
}

struct job *jobs_new(struct coordinator *co, uint64_t id, const char *name)
{
	struct job *job = xcalloc(1, sizeof(*job));

	job->co = co;
	job->id = id;
	job->name = xstrdup(name);
	job->at = xstrdup("");
	job->place = SPOOL_INCOMING;
	job->since = clock_boot_ms();
	HASH_ADD(hh, co->jobs, id, sizeof(job->id), job);
	return job;
}

static void leave_lists(struct job *job)
{
	if (job->line)
		lines_leave(job);
	else if (job->step != STEP_NONE)
		TAILQ_REMOVE(&job->co->due[job->step], job, link);
	job->step = STEP_NONE;
}

void jobs_forget(struct job *job)
{
	struct coordinator *co = job->co;

	assert(!job->busy && !job->drop && !job->errand);
	leave_lists(job);
	jobs_set_runner(job, NULL);
	HASH_DEL(co->jobs, job);
	if (job->result)
		ticket_free(job->result);
	free(job->result);
	if (job->manifest)
		manifest_free(job->manifest);
	free(job->manifest);
	complaint_free(&job->complaint);
	free(job->name);
	free(job->at);
	free(job->rid);
	free(job->nonce);
	free(job->why);
	free(job);
}

void jobs_due(struct job *job, enum step step)
{
	assert(!job->busy);
	leave_lists(job);
	job->step = step;
	if (step == STEP_NONE)
		return;
	TAILQ_INSERT_TAIL(&job->co->due[step], job, link);
	coordinator_turn_soon(job->co);
}

void jobs_rest(struct job *job, enum step step, int r)
{
	jobs_due(job, step);
	if (r == -EAGAIN)
		scan_within(job->co, 100);
}

/* The file server has no room for what it had taken (only a sync tells): the files may be torn. The
 * job is forgotten and found again, as after a crash. */
static void begin_anew(struct job *job, int error)
{
	struct coordinator *co = job->co;
	struct drop *drop = job->drop;

	log_trouble("sync", "%" PRIu64 ": the share has no room (%s): looked at again", job->id,
		    strerror(-error));
	job->drop = NULL;
	jobs_forget(job);
	if (drop)
		drops_wait_on(co, drop);
	scan_anew(co);
}

static void after_sync(void *arg, int result)
{
	struct job *job = arg;

	job->busy = false;
	if (job->co->stopping)
		return;
	if (safefs_is_full(result)) {
		begin_anew(job, result);
	} else if (result < 0) {
		/* What is on the disk is unknown now; a new start reads it instead of guessing. */
		log_error("%" PRIu64 ": the share cannot be written durably (%s): stopping",
			  job->id, strerror(-result));
		coordinator_stop(job->co, 1);
	} else if (job->next == STEP_NONE)
		tickets_settle(job);
	else
		jobs_due(job, job->next);
}

void jobs_after_sync(struct job *job, enum step next)
{
	leave_lists(job);
	job->busy = true;
	job->next = next;
	syncer_then(job->co->syncer, after_sync, job);
	coordinator_turn_soon(job->co);
}

/* A job on its way through a worker. */
struct errand {
	struct job *job;
	int (*run)(void *job);
	void (*done)(struct job *job, int result);
};

static int run_errand(void *arg)
{
	struct errand *errand = arg;

	return errand->run(errand->job);
}

static void end_errand(void *arg, int result)
{
	struct errand errand = *(struct errand *)arg;

	free(arg);
	errand.job->busy = false;
	errand.done(errand.job, result);
}

void jobs_in_lane(struct job *job, struct worker *lane, int (*run)(void *job),
		  void (*done)(struct job *job, int result))
{
	struct errand *errand = xcalloc(1, sizeof(*errand));

	*errand = (struct errand){ .job = job, .run = run, .done = done };
	leave_lists(job);
	job->busy = true;
	worker_submit(lane, run_errand, end_errand, errand);
}

struct worker *jobs_slow_lane(const struct coordinator *co)
{
	struct worker *best = co->slow_lanes[0];

	for (int i = 1; i < SLOW_LANES; i++)
		if (worker_pending(co->slow_lanes[i]) < worker_pending(best))
			best = co->slow_lanes[i];
	return best;
}

void jobs_look_inside(struct job *job, int (*run)(void *job),
		      void (*done)(struct job *job, int result))
{
	if (job->co->sp.kind == SAFEFS_LOCAL)
		done(job, run(job));
	else
		jobs_in_lane(job, jobs_slow_lane(job->co), run, done);
}

void jobs_moved(struct job *job, enum spool_place place, const char *at)
{
	char *copy = xstrdup(at);

	free(job->at);
	job->at = copy;
	job->place = place;
	job->since = clock_boot_ms();
}

int jobs_parent_fd(const struct job *job)
{
	if (job->place == SPOOL_INCOMING && job->drop && !job->wrapped)
		return job->drop->box->fd;
	return job->co->sp.place_fd[job->place == SPOOL_INCOMING ? SPOOL_QUEUED : job->place];
}

int jobs_open_folder(const struct job *job)
{
	return safefs_open_dir(jobs_parent_fd(job), job->at);
}

bool jobs_folder_is_gone(const struct job *job)
{
	return safefs_look(jobs_parent_fd(job), job->at, NULL) == -ENOENT;
}

int jobs_open_folder_to_write(struct job *job)
{
	int parent = jobs_parent_fd(job), fd = safefs_open_dir(parent, job->at);
	struct stat st;

	if (fd >= 0 && faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) == 0)
		return fd;
	if (fd < 0 && fd != -EACCES)
		return fd;
	if (fd >= 0)
		close(fd);
	if (fstatat(parent, job->at, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode) ||
	    fchmodat(parent, job->at, (st.st_mode & 07777) | 0700, AT_SYMLINK_NOFOLLOW) < 0)
		return -EACCES;
	if (!job->put_back_mode)
		job->put_back_mode = st.st_mode;
	return safefs_open_dir(parent, job->at);
}

bool jobs_may_enter_queue(const struct coordinator *co, const struct box *box)
{
	return (!box || faccessat(box->fd, ".", W_OK | X_OK, AT_EACCESS) == 0) &&
	       faccessat(co->sp.place_fd[SPOOL_QUEUED], ".", W_OK | X_OK, AT_EACCESS) == 0;
}

void jobs_restore_mode(struct job *job)
{
	if (job->put_back_mode)
		(void)fchmodat(jobs_parent_fd(job), job->at, job->put_back_mode & 07777,
			       AT_SYMLINK_NOFOLLOW);
	job->put_back_mode = 0;
}

static unsigned cores_of(const struct job *job)
{
	return job->line ? job->line->needs.cores : job->cores;
}

/* Takes the job off (or on) its runner's account, by what its ticket says now. */
static void account(struct job *job, bool on)
{
	struct runner *r = job->runner;

	if (!r || job->counted == on)
		return;
	job->counted = on;
	if (on)
		job->cores = cores_of(job);
	r->used_cores = on ? r->used_cores + job->cores : r->used_cores - job->cores;
	r->held = on ? r->held + 1 : r->held - 1;
	job->co->schedule_again = true;
	coordinator_turn_soon(job->co);
}

void jobs_set_runner(struct job *job, struct runner *runner)
{
	account(job, false);
	job->runner = runner;
	account(job, true);
}

void jobs_set_ticket(struct job *job, enum spool_ticket_kind kind, const char *rid)
{
	job->has_ticket = true;
	job->ticket = kind;
	if (rid && *rid && (!job->rid || strcmp(rid, job->rid) != 0)) {
		free(job->rid);
		job->rid = xstrdup(rid);
	}
	/* A slot is free as soon as the job has ended there, not only when it has been filed. */
	if (kind == SPOOL_TICKET_DONE || kind == SPOOL_TICKET_BACK || kind == SPOOL_TICKET_VOID)
		account(job, false);
}

void jobs_no_ticket(struct job *job)
{
	job->has_ticket = false;
	free(job->rid);
	job->rid = NULL;
}
