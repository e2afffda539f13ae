/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wrap - a single file gets a folder of its own: queued/.tmp-<id>[@<app>]/, and is moved into it.
 *
 * Before: incoming/<file>. After: queued/.tmp-<id>[@<app>]/<file>, due for ADMIT like any folder. A
 * crash leaves the folder empty (the scan removes it) or with the file in it (the scan finds it
 * and goes on with ADMIT under the same id; the application of the drop box stands in the folder's
 * name, because the box is no longer known then).
 */
#include "coordinator.h"

#include "cleanup.h"
#include "drops.h"
#include "jobs.h"
#include "log.h"
#include "syncer.h"
#include "xalloc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

/* It stays in incoming/, and is answered if waiting does not help, or waits on; the id is spent. */
static void give_up(struct job *job, int error)
{
	struct coordinator *co = job->co;
	struct drop *drop = job->drop;

	if ((error == -EACCES || error == -EPERM) && jobs_may_enter_queue(co, drop->box)) {
		complain(&job->complaint, "the file", 0,
			 xasprintf("a file that cannot be moved (%s)", strerror(-error)),
			 xstrdup("a file that the account running spoold may move"),
			 xstrdup("drop it as the spool's own user, or in a folder of its own"));
		jobs_due(job, STEP_REJECT);
		return;
	}
	if (error != SAFEFS_LOST)
		log_trouble("wrap",
			    "%" PRIu64
			    ": a dropped file cannot be taken (%s): it stays in incoming/",
			    job->id, strerror(-error));
	job->drop = NULL;
	jobs_forget(job);
	drops_wait_on(co, drop);
}

static void wrap(struct coordinator *co, struct job *job)
{
	int queued_fd = co->sp.place_fd[SPOOL_QUEUED], fd, r;
	const struct box *box = job->drop->box;
	_cleanup_free_ char *at = xasprintf(SPOOL_TMP "%" PRIu64 "%s%s", job->id,
					    *box->app ? "@" : "", box->app);

	if (mkdirat(queued_fd, at, 0755) < 0 && errno != EEXIST) {
		give_up(job, -errno);
		return;
	}
	fd = safefs_open_dir(queued_fd, at);
	r = fd < 0 ? fd : safefs_rename(box->fd, job->drop->name, fd, job->drop->name);
	if (r != 0) {
		if (fd >= 0)
			close(fd);
		(void)unlinkat(queued_fd, at, AT_REMOVEDIR);
		give_up(job, r);
		return;
	}
	syncer_touch(co->syncer, fd);
	syncer_touch_dir(co->syncer, queued_fd);
	syncer_touch_dir(co->syncer, box->fd);
	close(fd);
	job->wrapped = true;
	jobs_moved(job, SPOOL_INCOMING, at);
	jobs_after_sync(job, STEP_ADMIT);
}

void wrap_run(struct coordinator *co, struct joblist *due)
{
	struct job *job;

	while ((job = TAILQ_FIRST(due)))
		wrap(co, job);
}
