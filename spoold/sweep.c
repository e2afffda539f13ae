/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sweep - the last step: a job that has been filed is forgotten, its spent ticket removed.
 *
 * Before: done/ or failed/<id>-<name>/ durable, a spent ticket in the inbox. After: no trace but
 * the folder. A crash leaves the ticket; the scan finds a spent ticket without an active folder and
 * sweeps it.
 */
#include "sweep.h"

#include "control.h"
#include "jobs.h"
#include "log.h"
#include "syncer.h"
#include "worker.h"
#include "xalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

struct spent {
	struct coordinator *co;
	int inbox_fd; /* a duplicate: the runner may be forgotten meanwhile */
	char name[SPOOL_TICKET_SIZE];
};

static int remove_spent(void *arg)
{
	struct spent *spent = arg;

	return unlinkat(spent->inbox_fd, spent->name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static void removed(void *arg, int result)
{
	struct spent *spent = arg;

	if (result < 0)
		log_trouble("sweep",
			    "a spent ticket cannot be removed (%s): tried again with a later scan",
			    strerror(-result));
	close(spent->inbox_fd);
	free(spent);
}

static void durable(void *arg, int result)
{
	struct spent *spent = arg;

	if (result < 0) {
		removed(spent, 0); /* the job itself reports it and stops us */
		return;
	}
	worker_submit(spent->co->slow_lane, remove_spent, removed, spent);
}

void sweep_ticket(struct coordinator *co, const struct runner *runner, uint64_t id,
		  unsigned attempt, enum spool_ticket_kind kind, const char *rid)
{
	struct spent *spent = xcalloc(1, sizeof(*spent));

	spent->co = co;
	spent->inbox_fd = fcntl(runner->inbox_fd, F_DUPFD_CLOEXEC, 3);
	spool_ticket_name(spent->name, id, attempt, kind, rid);
	if (spent->inbox_fd < 0)
		free(spent);
	else
		syncer_then(co->syncer, durable, spent);
	coordinator_turn_soon(co);
}

void sweep_run(struct coordinator *co, struct joblist *due)
{
	struct job *job;

	while ((job = TAILQ_FIRST(due))) {
		control_reply_admission(job, job->why ? job->why : "not admitted");
		if (job->has_ticket && job->runner)
			sweep_ticket(co, job->runner, job->id, job->attempt, job->ticket, job->rid);
		jobs_forget(job);
	}
}
