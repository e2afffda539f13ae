/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * withdraw - an offer that nobody has claimed is taken back.
 *
 * WITHDRAW: claims/<runner>/<id>.<n>.offer -> .void; this rename and the runner's claim have one
 * winner. UNOFFER: active/<id>.<n>-<name>/ -> queued/<id>.<n>-<name>/ (n stays used up), then the
 * void ticket is swept and the job is in line again, or is cancelled. A crash between the two
 * leaves an active folder with a void ticket: the scan finds it due for UNOFFER.
 */
#include "coordinator.h"

#include "clock.h"
#include "jobs.h"
#include "journal.h"
#include "log.h"
#include "sweep.h"
#include "syncer.h"
#include "tickets.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void withdraw(struct coordinator *co, struct job *job)
{
	int r = state_move_ticket(job->runner->inbox_fd, TICKET_MOVE_WITHDRAW, job->id,
				  job->attempt, NULL);

	if (r == 0) {
		jobs_set_ticket(job, SPOOL_TICKET_VOID, NULL);
		syncer_touch_dir(co->syncer, job->runner->inbox_fd);
		jobs_after_sync(job, STEP_UNOFFER);
		return;
	}
	if (r != SAFEFS_LOST)
		log_trouble("withdraw", "%" PRIu64 ": the offer cannot be withdrawn: %s", job->id,
			    strerror(-r));
	/* Claimed first: its news is on the way, or the inbox tells. */
	job->since = clock_boot_ms();
	if (!job->cancel) {
		free(job->why);
		job->why = NULL;
	}
	jobs_due(job, STEP_OFFERED);
	tickets_scan_inbox(co, job->runner);
	if (job->step == STEP_OFFERED && job->ticket != SPOOL_TICKET_OFFER)
		tickets_settle(job);
}

void withdraw_run(struct coordinator *co, struct joblist *due)
{
	struct joblist now;
	struct job *job;

	TAILQ_INIT(&now);
	TAILQ_CONCAT(&now, due, link);
	while ((job = TAILQ_FIRST(&now))) {
		TAILQ_REMOVE(&now, job, link);
		job->step = STEP_NONE;
		withdraw(co, job);
	}
}

static void unoffer(struct coordinator *co, struct job *job)
{
	char folder[SPOOL_FOLDER_SIZE];
	int r;

	spool_job_folder(folder, job->id, job->attempt, job->name);
	r = state_move(&co->sp, MOVE_WITHDRAW, job->at, folder);
	if (r != 0 && r != SAFEFS_LOST) {
		log_trouble("unoffer", "%" PRIu64 ": cannot be moved back to queued/: %s", job->id,
			    strerror(-r));
		jobs_due(job, STEP_RETRY);
		return;
	}
	if (r == 0) {
		jobs_moved(job, SPOOL_QUEUED, folder);
		journal_move(job, MOVE_WITHDRAW, NULL, NULL);
		syncer_touch_dir(co->syncer, co->sp.place_fd[SPOOL_QUEUED]);
		syncer_touch_dir(co->syncer, co->sp.place_fd[SPOOL_ACTIVE]);
	}
	sweep_ticket(co, job->runner, job->id, job->attempt, SPOOL_TICKET_VOID, NULL);
	jobs_no_ticket(job);
	jobs_set_runner(job, NULL);
	if (!job->cancel) {
		free(job->why);
		job->why = NULL;
	}
	jobs_after_sync(job, STEP_SCHEDULE);
}

void unoffer_run(struct coordinator *co, struct joblist *due)
{
	struct job *job;

	while ((job = TAILQ_FIRST(due)))
		unoffer(co, job);
}
