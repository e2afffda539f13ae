/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * revoke - an attempt is taken from a runner that has fallen silent.
 *
 * REVOKE: claims/<runner>/<id>.<n>.revoked is created, which tells the runner, should it come back,
 * that the attempt is over. When it is durable, tickets.c's table decides: if one more look at the
 * runner's beat shows nothing new, a fresh copy is made (requeue.c); else the job rests. The marker
 * alone frees nothing, also after a crash: a whole lease without a beat must have passed. It stays
 * until its ticket is gone (sweep.c).
 */
#include "revoke.h"

#include "cleanup.h"
#include "event.h"
#include "jobs.h"
#include "journal.h"
#include "log.h"
#include "silence.h"
#include "syncer.h"
#include "xalloc.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define REASON_MOST 4096

static char *marker(char *buf, uint64_t id, unsigned attempt)
{
	return spool_ticket_name(buf, id, attempt, SPOOL_ORDER_REVOKED, NULL);
}

int revoke_mark(struct coordinator *co, const struct runner *runner, uint64_t id, unsigned attempt,
		const char *reason)
{
	_cleanup_free_ char *line = xasprintf("%s\n", reason);
	_cleanup_close_ int fd = -1;
	char name[SPOOL_TICKET_SIZE];
	int r = safefs_create(runner->inbox_fd, marker(name, id, attempt), line, strlen(line), 0644,
			      &fd);

	if (r < 0 && r != -EEXIST)
		return r;
	if (fd >= 0)
		syncer_touch(co->syncer, fd);
	syncer_touch_dir(co->syncer, runner->inbox_fd);
	return 0;
}

int revoke_look(const struct runner *runner, uint64_t id, unsigned attempt)
{
	char name[SPOOL_TICKET_SIZE];

	return safefs_look(runner->inbox_fd, marker(name, id, attempt), NULL);
}

char *revoke_reason(const struct job *job)
{
	char name[SPOOL_TICKET_SIZE], *text = NULL;
	size_t len;

	if (!job->marked || !job->runner ||
	    safefs_read(job->runner->inbox_fd, marker(name, job->id, job->attempt), REASON_MOST,
			&text, &len, NULL) < 0)
		return NULL;
	text[strcspn(text, "\r\n")] = '\0';
	if (*text)
		return text;
	free(text);
	return NULL;
}

static void tell(const struct job *job, const char *reason)
{
	struct event e = journal_event(job, "revoke");

	e.from = e.to = spool_place_name(SPOOL_ACTIVE);
	e.state = "RUNNING";
	e.why = reason;
	journal_tell(job->co, &e);
}

static void take_away(struct coordinator *co, struct job *job)
{
	_cleanup_free_ char *reason = silence_words(co, job->runner);
	int r = revoke_mark(co, job->runner, job->id, job->attempt, reason);

	if (r < 0) {
		log_trouble("revoke",
			    "%" PRIu64
			    ": it cannot be revoked (%s): tried again with the next scan",
			    job->id, strerror(-r));
		jobs_due(job, STEP_CLAIMED);
		return;
	}
	job->marked = true;
	tell(job, reason);
	if (!job->cancel) {
		free(job->why);
		job->why = xstrdup(reason);
	}
	jobs_after_sync(job, STEP_NONE);
}

void revoke_run(struct coordinator *co, struct joblist *due)
{
	struct job *job;

	while ((job = TAILQ_FIRST(due)))
		take_away(co, job);
}
