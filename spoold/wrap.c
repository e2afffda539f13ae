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

/* job->errand: the folder's name. In a slow lane: a client may have read the file, and the rename
 * waits for it if it is silent. */
static int wrap_in_lane(void *arg)
{
	struct job *job = arg;
	int queued_fd = job->co->sp.place_fd[SPOOL_QUEUED], r;
	_cleanup_close_ int fd = -1;
	const char *at = job->errand;

	if (mkdirat(queued_fd, at, 0755) < 0 && errno != EEXIST)
		return -errno;
	fd = safefs_open_dir(queued_fd, at);
	r = fd < 0 ? fd : safefs_rename(job->drop->box->fd, job->drop->name, fd, job->drop->name);
	if (r != 0)
		(void)unlinkat(queued_fd, at, AT_REMOVEDIR);
	return r;
}

static void wrapped(struct job *job, int result)
{
	struct coordinator *co = job->co;
	_cleanup_free_ char *at = job->errand;
	_cleanup_close_ int fd = -1;

	job->errand = NULL;
	if (result != 0) {
		give_up(job, result);
		return;
	}
	fd = safefs_open_dir(co->sp.place_fd[SPOOL_QUEUED], at);
	if (fd >= 0)
		syncer_touch(co->syncer, fd);
	syncer_touch_dir(co->syncer, co->sp.place_fd[SPOOL_QUEUED]);
	syncer_touch_dir(co->syncer, job->drop->box->fd);
	job->wrapped = true;
	jobs_moved(job, SPOOL_INCOMING, at);
	jobs_after_sync(job, STEP_ADMIT);
}

static void wrap(struct coordinator *co, struct job *job)
{
	const struct box *box = job->drop->box;

	job->errand = xasprintf(SPOOL_TMP "%" PRIu64 "%s%s", job->id, *box->app ? "@" : "",
				box->app);
	jobs_in_lane(job, jobs_slow_lane(co), wrap_in_lane, wrapped);
}

void wrap_run(struct coordinator *co, struct joblist *due)
{
	struct job *job;

	while ((job = TAILQ_FIRST(due)))
		wrap(co, job);
}
