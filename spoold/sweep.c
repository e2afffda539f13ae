/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sweep - the last step: a job that has been filed is forgotten, its spent ticket removed.
 *
 * Before: done/ or failed/<id>-<name>/ durable, a spent ticket in the inbox. After: no trace but
 * the folder. The marker of a revoked attempt goes last, when its ticket is durably gone. A crash
 * leaves the ticket; the scan finds a spent ticket without an active folder and sweeps it. Or it
 * leaves the marker alone, which purge.c removes when it is old.
 */
#include "sweep.h"

#include "control.h"
#include "jobs.h"
#include "removals.h"
#include "syncer.h"
#include "xalloc.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct spent {
	struct coordinator *co;
	int inbox_fd; /* a duplicate: the runner may be forgotten meanwhile */
	char *where;
	char name[SPOOL_TICKET_SIZE], marker[SPOOL_TICKET_SIZE];
};

static void durable(void *arg, int result)
{
	struct spent *spent = arg;

	if (result == 0) /* else the job itself reports it */
		removals_add_pair(spent->co, spent->inbox_fd, spent->where, spent->name,
				  spent->marker);
	close(spent->inbox_fd);
	free(spent->where);
	free(spent);
}

void sweep_ticket(struct coordinator *co, const struct runner *runner, uint64_t id,
		  unsigned attempt, enum spool_ticket_kind kind, const char *rid)
{
	int fd = fcntl(runner->inbox_fd, F_DUPFD_CLOEXEC, 3);
	struct spent *spent;

	if (fd < 0)
		return; /* the scan finds it again */
	spent = xcalloc(1, sizeof(*spent));
	spent->co = co;
	spent->inbox_fd = fd;
	spent->where = xasprintf("%s/%s", spool_place_name(SPOOL_CLAIMS), runner->name);
	spool_ticket_name(spent->name, id, attempt, kind, rid);
	spool_ticket_name(spent->marker, id, attempt, SPOOL_ORDER_REVOKED, NULL);
	syncer_then(co->syncer, durable, spent);
	coordinator_turn_soon(co);
}

void sweep_run(struct coordinator *co, struct joblist *due)
{
	struct job *job;

	while ((job = TAILQ_FIRST(due))) {
		control_reply_admission(job, job->why ? job->why : "not admitted");
		if (job->has_ticket && job->runner && job->ticket != SPOOL_TICKET_CLAIM)
			sweep_ticket(co, job->runner, job->id, job->attempt, job->ticket, job->rid);
		jobs_forget(job);
	}
}
