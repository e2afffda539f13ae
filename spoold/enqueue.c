/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * enqueue - the folder moves to queued/ (MOVE_ADMIT), and back to incoming/ (MOVE_RETURN) if it is
 * found changed there.
 *
 * Before: incoming/<name>/ with its manifest. After: queued/<id>-<name>/, compared with the
 * manifest once more, due for SCHEDULE. A crash leaves it on one side or the other; the scan finds
 * it in queued/ by its name (without a manifest: on its way back). A drop that changed keeps
 * nothing of us, but for a manifest after a crash; its id is spent. What cannot be read or moved
 * now is left as it is until it can: only the manifest knows the drop's own name and its box.
 */
#include "coordinator.h"

#include "boxes.h"
#include "cleanup.h"
#include "control.h"
#include "drops.h"
#include "event.h"
#include "jobs.h"
#include "journal.h"
#include "log.h"
#include "manifest.h"
#include "rmtree.h"
#include "syncer.h"
#include "tree.h"
#include "xalloc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

static void forget_drop(struct job *job)
{
	if (job->drop)
		drops_forget(job->co, job->drop);
	job->drop = NULL;
}

struct comparison {
	struct manifest manifest;
	struct complaint complaint;
};

/* Is the folder what its manifest says? 0, COMPLAINT or negative errno. job->errand: a comparison,
 * which is filled. */
static int compare(void *arg)
{
	const struct job *job = arg;
	struct comparison *cmp = job->errand;
	_cleanup_close_ int fd = jobs_open_folder(job);
	struct tree tree = { 0 };
	int r = fd < 0 ? fd : manifest_read(fd, false, &cmp->manifest);

	if (r == 0)
		r = tree_look_fresh(fd, &tree, &cmp->complaint);
	if (r == 0)
		r = manifest_compare(&cmp->manifest, fd, &tree, true, &cmp->complaint);
	tree_free(&tree);
	return r;
}

static void tell_admission(const struct job *job, const struct manifest *m)
{
	struct event e = journal_event(job, state_row(MOVE_ADMIT)->verb);

	e.from = spool_place_name(SPOOL_INCOMING);
	e.to = spool_place_name(SPOOL_QUEUED);
	e.state = state_row(MOVE_ADMIT)->leaves;
	e.name = m->name;
	e.user = m->user;
	e.app = m->needs.app;
	e.group = m->group;
	e.ttl_ms = m->needs.ttl_ms;
	e.cores = m->needs.cores;
	e.memory = m->needs.memory;
	e.queued_at = m->queued_at;
	journal_tell(job->co, &e);
}

/* It is in queued/ and was looked at again, because somebody may have gone on writing during the
 * move. */
static void looked_again(struct job *job, int r)
{
	struct comparison *cmp = job->errand;

	job->errand = NULL;
	if (job->co->stopping) {
		/* The next start finds it in queued/. */
	} else if (r == 0) {
		job->uid = cmp->manifest.uid;
		tell_admission(job, &cmp->manifest);
		free(job->why);
		job->why = NULL;
		forget_drop(job);
		job->wrapped = false;
		jobs_after_sync(job, STEP_SCHEDULE);
	} else {
		job->why = job->why ? job->why : complaint_line(&cmp->complaint);
		jobs_due(job, STEP_RETURN);
	}
	complaint_free(&cmp->complaint);
	manifest_free(&cmp->manifest);
	free(cmp);
}

/* It stays a drop. */
static void give_back(struct job *job)
{
	struct coordinator *co = job->co;
	struct drop *drop = job->drop;

	jobs_restore_mode(job);
	job->drop = NULL;
	jobs_forget(job);
	if (drop)
		drops_wait_on(co, drop);
}

/* Without it, or the next admission would find a record to move aside. */
static int take_back_manifest(void *arg)
{
	const struct job *job = arg;
	_cleanup_close_ int fd = jobs_open_folder(job);

	if (fd < 0)
		return fd;
	return unlinkat(fd, SPOOL_MANIFEST, 0) < 0 ? -errno : 0;
}

static void manifest_taken_back(struct job *job, int result)
{
	(void)result;
	give_back(job);
}

static void enqueue(struct coordinator *co, struct job *job)
{
	char folder[SPOOL_FOLDER_SIZE];
	int parent = jobs_parent_fd(job), r;

	spool_job_folder(folder, job->id, 0, job->name);
	r = state_move_from(&co->sp, parent, MOVE_ADMIT, job->at, folder);
	if (r != 0) {
		const struct drop *drop = job->drop;

		if ((r == -EACCES || r == -EPERM) &&
		    jobs_may_enter_queue(co, drop ? drop->box : NULL)) {
			complain(&job->complaint, "the folder", 0,
				 xasprintf("a folder that cannot be moved (%s)", strerror(-r)),
				 xstrdup("a folder that belongs to the account running spoold, or "
					 "that it may write to"),
				 xstrdup("chmod u+w it, or drop it as the spool's own user"));
			jobs_due(job, STEP_REJECT);
			return;
		}
		if (r == SAFEFS_LOST) {
			log_info("%" PRIu64 ": the drop went away before it was admitted", job->id);
			give_back(job);
			return;
		}
		log_trouble("enqueue",
			    "%" PRIu64
			    ": a drop cannot be moved to queued/ (%s): it is tried again",
			    job->id, strerror(-r));
		jobs_in_lane(job, jobs_slow_lane(co), take_back_manifest, manifest_taken_back);
		return;
	}
	syncer_touch_dir(co->syncer, parent);
	syncer_touch_dir(co->syncer, co->sp.place_fd[SPOOL_QUEUED]);
	jobs_moved(job, SPOOL_QUEUED,
		   folder); /* what had to be made writable stays so until it ends: it moves on */
	job->errand = xcalloc(1, sizeof(struct comparison));
	jobs_look_inside(job, compare, looked_again);
}

void enqueue_run(struct coordinator *co, struct joblist *due)
{
	struct job *job;

	while ((job = TAILQ_FIRST(due)))
		enqueue(co, job);
}

/* -- MOVE_RETURN --------------------------------------------------------------------------------- */

static int note_file(const char *name, unsigned char type, void *arg)
{
	char **ret = arg;

	(void)type;
	if (!spool_is_ours(name) && !spool_is_litter(name) && !*ret)
		*ret = xstrdup(name);
	return 0;
}

/* A name that a drop can have had. The manifest lies in a folder of the user's: whoever writes
 * "../../apps/x" into it must not have his folder moved there. */
static bool can_be_a_drop(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       *name != '@' && !spool_is_tmp(name) && !spool_is_readme(name) &&
	       !spool_is_litter(name);
}

/* The drop's old name and box: from the drop, from the wrapping folder's name and content, or from
 * the manifest; only what is gone or damaged leaves the reduced name and incoming/ itself. 0, or
 * negative errno: not known now. */
static int old_home(const struct job *job, int fd, char **ret_name, struct box **ret_box)
{
	const char *mark = job->wrapped ? strchr(job->at, '@') : NULL, *app = NULL;
	struct manifest m = { 0 };
	int r;

	if (job->drop) {
		*ret_name = xstrdup(job->drop->name);
		*ret_box = job->drop->box;
		return 0;
	}
	if (fd < 0) {
		r = fd;
	} else if (job->wrapped) {
		app = mark ? mark + 1 : "";
		r = safefs_list(fd, ".", note_file, ret_name);
	} else {
		r = manifest_read(fd, true, &m);
		app = m.box;
		if (m.name && can_be_a_drop(m.name))
			*ret_name = xstrdup(m.name);
	}
	*ret_box = boxes_find(job->co, app ? app : "");
	if (!*ret_box)
		*ret_box = boxes_find(job->co, "");
	if (!*ret_name)
		*ret_name = xstrdup(job->name);
	manifest_free(&m);
	return r == -ENOENT || r == -EBADMSG ? 0 : r;
}

/* A way back. */
struct returning {
	struct drop *drop; /* what it will be again */
	char *name;	   /* of the file within the folder, if we have made that folder */
};

/* Moves it; a file that we had given a folder goes back as the file that it was. 0, SAFEFS_LOST or
 * negative errno. In a slow lane: a client may have read the files. */
static int move_back(void *arg)
{
	const struct job *job = arg;
	const struct returning *way = job->errand;
	int queued_fd = job->co->sp.place_fd[SPOOL_QUEUED], to_fd = way->drop->box->fd, r;
	_cleanup_close_ int fd = jobs_open_folder(job);

	if (fd < 0)
		return fd;
	if (!job->wrapped) {
		r = safefs_rename(queued_fd, job->at, to_fd, way->drop->name);
		/* Not before: it alone knows the name and the box. */
		if (r == 0)
			(void)unlinkat(fd, SPOOL_MANIFEST, 0);
		return r;
	}
	r = safefs_rename(fd, way->name, to_fd, way->drop->name);
	return r == 0 ? rmtree(queued_fd, job->at) : r;
}

/* It is where it was, and its record too. */
static void return_later(struct job *job, int r)
{
	log_trouble("return", "%" PRIu64 ": cannot be put back into incoming/ now (%s)", job->id,
		    strerror(-r));
	job->returning = true;
	jobs_rest(job, STEP_RETRY, r);
}

static void moved_back(struct job *job, int r)
{
	struct coordinator *co = job->co;
	struct returning *way = job->errand;
	struct drop *drop = way->drop;
	const struct box *box = drop->box;
	struct event e = journal_event(job, state_row(MOVE_RETURN)->verb);

	free(way->name);
	free(way);
	job->errand = NULL;
	if (r < 0 && r != -ENOENT) {
		drops_forget(co, drop);
		return_later(job, r);
		return;
	}
	if (r == 0 && job->put_back_mode)
		(void)fchmodat(box->fd, drop->name, job->put_back_mode & 07777,
			       AT_SYMLINK_NOFOLLOW);
	if (r == 0) {
		e.from = spool_place_name(SPOOL_QUEUED);
		e.to = spool_place_name(SPOOL_INCOMING);
		journal_tell(co, &e);
	}
	drops_returned(co, drop);
	syncer_touch_dir(co->syncer, co->sp.place_fd[SPOOL_QUEUED]);
	syncer_touch_dir(co->syncer, box->fd);
	jobs_forget(job);
}

static void put_back(struct coordinator *co, struct job *job)
{
	_cleanup_free_ char *name = NULL, *other = NULL;
	_cleanup_close_ int fd = jobs_open_folder(job);
	struct returning *way;
	struct box *box;
	int r = old_home(job, fd, &name, &box), taken = 0;
	const char *as = name;

	if (r == 0)
		taken = safefs_look(box->fd, name, NULL);
	if (r < 0 || (taken < 0 && taken != -ENOENT)) {
		return_later(job, r < 0 ? r : taken);
		return;
	}
	/* Somebody may have used the name again. */
	if (taken == 0)
		as = other = xasprintf("%.200s.%" PRIu64, name, job->id);
	job->returning = false;
	forget_drop(job);
	way = xcalloc(1, sizeof(*way));
	way->drop = drops_expect_return(co, box, as);
	way->name = name;
	name = NULL;
	job->errand = way;
	jobs_in_lane(job, jobs_slow_lane(co), move_back, moved_back);
}

void return_run(struct coordinator *co, struct joblist *due)
{
	struct job *job;

	while ((job = TAILQ_FIRST(due)))
		put_back(co, job);
}
