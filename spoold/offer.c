/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * offer - the folder's rename uses up the number, then the ticket appears in the inbox.
 *
 * OFFER: queued/<id>[.<n-1>]-<name>/ -> active/<id>.<n>-<name>/, with claims/<runner>/.tmp-<id>.<n>
 * beside; durable before OPEN: .tmp-<id>.<n> -> <id>.<n>.offer. From then on the runner may claim
 * it at any instant. A crash between the two leaves an active folder with the temporary: the scan
 * finds it due for OPEN.
 */
#include "coordinator.h"

#include "cleanup.h"
#include "control.h"
#include "jobs.h"
#include "journal.h"
#include "log.h"
#include "syncer.h"
#include "tickets.h"

#include <inttypes.h>
#include <string.h>

static void remove_temporary(struct job *job)
{
	char name[SPOOL_TICKET_SIZE];

	/* Nobody else has ever opened it: no delegation can make this wait. */
	(void)unlinkat(job->runner->inbox_fd,
		       spool_ticket_name(name, job->id, job->attempt + 1, SPOOL_TICKET_TMP, NULL),
		       0);
	jobs_no_ticket(job);
	jobs_set_runner(job, NULL);
}

static void offer(struct coordinator *co, struct job *job)
{
	char folder[SPOOL_FOLDER_SIZE];
	int r;

	if (job->cancel) {
		remove_temporary(job);
		jobs_due(job, STEP_SCHEDULE);
		return;
	}
	spool_job_folder(folder, job->id, job->attempt + 1, job->name);
	r = state_move(&co->sp, MOVE_OFFER, job->at, folder);
	if (r != 0) {
		remove_temporary(job);
		if (r != SAFEFS_LOST && r != -ENOENT)
			log_trouble("offer", "%" PRIu64 ": cannot be moved to active/: %s", job->id,
				    strerror(-r));
		jobs_due(job, r == SAFEFS_LOST || r == -ENOENT ? STEP_SCHEDULE : STEP_RETRY);
		return;
	}
	job->attempt++;
	job->marked = false;
	jobs_moved(job, SPOOL_ACTIVE, folder);
	syncer_touch_dir(co->syncer, co->sp.place_fd[SPOOL_QUEUED]);
	syncer_touch_dir(co->syncer, co->sp.place_fd[SPOOL_ACTIVE]);
	jobs_after_sync(job, STEP_OPEN);
}

void offer_run(struct coordinator *co, struct joblist *due)
{
	struct job *job;

	while ((job = TAILQ_FIRST(due)))
		offer(co, job);
}

static void open_ticket(struct coordinator *co, struct job *job)
{
	int r = state_move_ticket(job->runner->inbox_fd, TICKET_MOVE_OPEN, job->id, job->attempt,
				  NULL);

	if (r == SAFEFS_LOST) {
		/* Claimed before we looked, or removed by hand: the inbox tells. */
		jobs_no_ticket(job);
		journal_move(job, MOVE_OFFER, NULL, NULL);
		jobs_due(job, STEP_MISSED);
		tickets_scan_inbox(co, job->runner);
		return;
	}
	if (r != 0) {
		log_trouble("open",
			    "%" PRIu64
			    ": the ticket cannot be offered (%s): tried again with the next scan",
			    job->id, strerror(-r));
		jobs_due(job, STEP_RETRY);
		return;
	}
	jobs_set_ticket(job, SPOOL_TICKET_OFFER, NULL);
	journal_move(job, MOVE_OFFER, NULL, NULL);
	syncer_touch_dir(co->syncer, job->runner->inbox_fd);
	jobs_after_sync(job, STEP_NONE);
}

void open_run(struct coordinator *co, struct joblist *due)
{
	struct job *job;

	while ((job = TAILQ_FIRST(due)))
		open_ticket(co, job);
}
