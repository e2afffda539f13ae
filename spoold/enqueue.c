/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * enqueue - the folder moves to queued/ (MOVE_ADMIT), and back to incoming/ (MOVE_RETURN) if it is
 * found changed there.
 *
 * Before: incoming/<name>/ with its manifest. After: queued/<id>-<name>/, compared with the
 * manifest once more, due for SCHEDULE. A crash leaves it on one side or the other; the scan finds
 * it in queued/ by its name (without a manifest: on its way back). A drop that changed keeps
 * nothing of us; its id is spent.
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

/* Is the folder what its manifest says? 0, COMPLAINT or negative errno. Fills *m. */
static int compare(const struct job *job, struct manifest *m, struct complaint *c)
{
	_cleanup_close_ int fd = jobs_open_folder(job);
	struct tree tree = { 0 };
	int r = fd < 0 ? fd : manifest_read(fd, false, m);

	if (r == 0)
		r = tree_look_fresh(fd, &tree, c);
	if (r == 0)
		r = manifest_compare(m, fd, &tree, true, c);
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

/* It is in queued/: looked at again, because somebody may have gone on writing during the move. */
static void look_again(struct job *job)
{
	struct complaint c = { 0 };
	struct manifest m = { 0 };
	int r = compare(job, &m, &c);

	if (r == 0) {
		job->uid = m.uid;
		tell_admission(job, &m);
		free(job->why);
		job->why = NULL;
		forget_drop(job);
		job->wrapped = false;
		jobs_after_sync(job, STEP_SCHEDULE);
	} else {
		job->why = job->why ? job->why : complaint_line(&c);
		jobs_due(job, STEP_RETURN);
	}
	complaint_free(&c);
	manifest_free(&m);
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
	look_again(job);
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
 * the manifest. */
static struct box *old_home(struct job *job, int fd, char **ret_name)
{
	const char *mark = job->wrapped ? strchr(job->at, '@') : NULL;
	struct manifest m = { 0 };
	struct box *box = NULL;

	*ret_name = NULL;
	if (job->drop) {
		*ret_name = xstrdup(job->drop->name);
		return job->drop->box;
	}
	if (job->wrapped && safefs_list(fd, ".", note_file, ret_name) == 0)
		box = boxes_find(job->co, mark ? mark + 1 : "");
	else if (manifest_read(fd, true, &m) == 0) {
		*ret_name = m.name && can_be_a_drop(m.name) ? xstrdup(m.name) : NULL;
		box = boxes_find(job->co, m.box ? m.box : "");
		manifest_free(&m);
	}
	if (!*ret_name)
		*ret_name = xstrdup(job->name);
	if (!box)
		box = boxes_find(job->co, "");
	return box;
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
	if (unlinkat(fd, SPOOL_MANIFEST, 0) < 0 && errno != ENOENT)
		return -errno;
	if (!job->wrapped)
		return safefs_rename(queued_fd, job->at, to_fd, way->drop->name);
	r = safefs_rename(fd, way->name, to_fd, way->drop->name);
	return r == 0 ? rmtree(queued_fd, job->at) : r;
}

static void moved_back(struct job *job, int r)
{
	struct coordinator *co = job->co;
	struct returning *way = job->errand;
	const struct box *box = way->drop->box;
	struct event e = journal_event(job, state_row(MOVE_RETURN)->verb);

	if (r == 0 && job->put_back_mode)
		(void)fchmodat(box->fd, way->drop->name, job->put_back_mode & 07777,
			       AT_SYMLINK_NOFOLLOW);
	if (r == 0) {
		e.from = spool_place_name(SPOOL_QUEUED);
		e.to = spool_place_name(SPOOL_INCOMING);
		journal_tell(co, &e);
	} else if (r != SAFEFS_LOST && r != -ENOENT) {
		log_trouble("return", "%" PRIu64 ": cannot be put back into incoming/: %s", job->id,
			    strerror(-r));
	}
	drops_returned(co, way->drop);
	syncer_touch_dir(co->syncer, co->sp.place_fd[SPOOL_QUEUED]);
	syncer_touch_dir(co->syncer, box->fd);
	free(way->name);
	free(way);
	job->errand = NULL;
	jobs_forget(job);
}

static void put_back(struct coordinator *co, struct job *job)
{
	_cleanup_free_ char *name = NULL, *other = NULL;
	_cleanup_close_ int fd = jobs_open_folder(job);
	struct box *box = old_home(job, fd, &name);
	struct returning *way = xcalloc(1, sizeof(*way));
	struct stat st;
	const char *as = name;

	/* Somebody may have used the name again. */
	if (fstatat(box->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		as = other = xasprintf("%.200s.%" PRIu64, name, job->id);
	forget_drop(job);
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
