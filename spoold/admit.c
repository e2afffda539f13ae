/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * admit - a complete drop is examined and gets its manifest, while it still lies where it was
 * dropped. What is in it is looked at in a lane where that takes a round trip for each name.
 *
 * Before: incoming/<name>/ (or a wrapped file). After: the same with .spool-manifest in it,
 * durable, due for ENQUEUE; or due for REJECT with a complaint; or back to waiting, because it
 * changed. Before it is recorded it is tidied (tidy.c): files of ours that a resubmitted folder
 * brings along go to attempts/0/, and the group of its box gets its rights; then it is examined
 * once more. A crash leaves a manifest in a folder in incoming/: the next admission moves it aside
 * like any old file of ours.
 */
#include "coordinator.h"

#include "cleanup.h"
#include "clock.h"
#include "digest.h"
#include "drops.h"
#include "dropcheck.h"
#include "escape.h"
#include "jobs.h"
#include "log.h"
#include "manifest.h"
#include "syncer.h"
#include "tidy.h"
#include "users.h"
#include "xalloc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

/* Bytes: some 1 ms of hashing; more goes through the bulk lane. */
#define HASH_IN_LOOP (256 * 1024)
#define FAR_FILES_IN_LOOP 20 /* to open each costs a round trip */

/* lacks: the inputs that have to come first, in words, or NULL. */
static void wait_on(struct job *job, const char *lacks)
{
	struct coordinator *co = job->co;
	struct drop *drop = job->drop;

	if (job->wrapped) { /* it has left incoming/ */
		jobs_due(job, STEP_RETURN);
		return;
	}
	/* What could not be read was not seen standing still: from now on it is. */
	if (job->put_back_mode && (job->put_back_mode & 0500) != 0500)
		drop->put_back_mode = job->put_back_mode;
	else
		jobs_restore_mode(job);
	job->drop = NULL;
	jobs_forget(job);
	if (lacks)
		drops_wait_for_inputs(co, drop, lacks);
	else
		drops_wait_on(co, drop);
}

/* Not now, or never: r is what an examination said. */
static void wait_for(struct job *job, int r)
{
	/* A single file waits for no other. */
	if (r == COMPLAINT || (r == DROPCHECK_INCOMPLETE && job->wrapped)) {
		jobs_due(job, STEP_REJECT);
	} else {
		_cleanup_free_ char *lacks = r == DROPCHECK_INCOMPLETE
						     ? complaint_line(&job->complaint)
						     : NULL;

		if (r < 0 && r != -EAGAIN && r != -ENOENT && r != -ESTALE)
			log_trouble("admit",
				    "%" PRIu64
				    ": a drop cannot be examined (%s): it is tried again",
				    job->id, strerror(-r));
		complaint_free(&job->complaint);
		wait_on(job, lacks);
	}
}

/* -- the manifest -------------------------------------------------------------------------------- */

static void write_manifest(struct job *job)
{
	struct coordinator *co = job->co;
	_cleanup_close_ int dir = jobs_open_folder(job);
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	text = manifest_write(job->manifest, &len);
	r = dir < 0 ? dir : safefs_create(dir, SPOOL_MANIFEST, text, len, 0644, &fd);
	manifest_free(job->manifest);
	free(job->manifest);
	job->manifest = NULL;
	if (r < 0) {
		if (r != -ENOENT) /* its owner has taken it back */
			log_trouble("manifest",
				    "%" PRIu64 ": .spool-manifest cannot be written: %s", job->id,
				    strerror(-r));
		wait_on(job, NULL);
		return;
	}
	log_mended("manifest");
	syncer_touch(co->syncer, fd);
	syncer_touch(co->syncer, dir);
	jobs_after_sync(job, STEP_ENQUEUE);
}

static int hash_in_lane(void *arg)
{
	struct job *job = arg;
	_cleanup_close_ int dir = jobs_open_folder(job);

	return dir < 0 ? dir : manifest_hash(dir, job->manifest, (uint64_t)job->co->opt.hash_most);
}

static void hashed(struct job *job, int result)
{
	if (result == 0) {
		write_manifest(job);
		return;
	}
	manifest_free(job->manifest);
	free(job->manifest);
	job->manifest = NULL;
	wait_on(job, NULL);
}

/* The application of the drop box: a wrapped file found after a crash has it in its folder's name.
 */
static const char *box_of(const struct job *job)
{
	const char *mark = job->wrapped ? strchr(job->at, '@') : NULL;

	if (mark)
		return mark + 1;
	return job->drop && *job->drop->box->app ? job->drop->box->app : NULL;
}

/* Takes over tree, needs and the texts. */
static struct manifest *make_manifest(struct job *job, struct tree *tree, struct needs *needs,
				      const struct jobfile *file)
{
	struct manifest *m = xcalloc(1, sizeof(*m));
	size_t len = 0;

	m->id = job->id;
	m->uid = tree->uid;
	if (job->wrapped && tree->count > 0)
		m->uid = tree->entries[0].uid;
	if (job->drop)
		(void)spool_drop_nonce(job->drop->name, &len);
	m->name = job->drop ? xstrndup(job->drop->name, len)
			    : xstrdup(tree->count ? tree->entries[0].path : job->name);
	m->user = xstrdup(users_name(m->uid));
	m->group = file->group ? xstrdup(file->group) : NULL;
	m->fail_if_lost = file->fail_if_lost;
	m->box = box_of(job) ? xstrdup(box_of(job)) : NULL;
	m->nonce = job->nonce ? xstrdup(job->nonce) : NULL;
	m->queued_at = clock_wall_ms();
	m->needs = *needs;
	m->tree = *tree;
	*needs = (struct needs){ 0 };
	*tree = (struct tree){ 0 };
	return m;
}

/* -- the step ------------------------------------------------------------------------------------ */

/* Did it stand still since drops found it complete? */
static bool stood_still(const struct job *job, const struct tree *tree)
{
	char fingerprint[DIGEST_HEX_SIZE];

	if (!job->drop || job->wrapped || job->drop->whole || tree->ready ||
	    !*job->drop->fingerprint)
		return true;
	tree_fingerprint(tree, fingerprint);
	return strcmp(fingerprint, job->drop->fingerprint) == 0;
}

/* Something may not be read: what? Permissions are the dropper's to mend, so this is no reason to
 * wait. */
static int complain_closed(struct job *job, int fd)
{
	const struct tree_entry *closed;
	_cleanup_free_ char *shown = NULL;
	struct tree tree = { 0 };

	if (tree_look_part(fd, &tree) < 0)
		return -EAGAIN;
	closed = tree_closed(fd, &tree);
	shown = escape_text(closed ? closed->path : "the folder", ESCAPE_TEXT);
	complain(&job->complaint, shown, 0,
		 xasprintf("a %s that may not be read",
			   closed && closed->type == 'f' ? "file" : "folder"),
		 xstrdup("files and folders that the account running spoold may read"),
		 xstrdup("chmod -R u+rwX,g+rX the folder (or drop it as the spool's own user) and "
			 "drop it again"));
	tree_free(&tree);
	return COMPLAINT;
}

/* Nothing that could become a job is in it. */
static int complain_empty(struct job *job)
{
	_cleanup_free_ char *shown = escape_text(job->drop ? job->drop->name : job->name,
						 ESCAPE_TEXT);

	if (job->wrapped)
		return complain(
			&job->complaint, shown, 0,
			xstrdup("a file with a name that the spool itself uses"),
			xstrdup("a file of yours: the spool writes files of this name beside it"),
			xstrdup("give the file another name and drop it again"));
	return complain(&job->complaint, "the folder", 0, xstrdup("an empty folder"),
			xstrdup("a job.conf, or one file that an application runs (spoolctl apps "
				"lists them)"),
			xstrdup("put the files into the folder and drop it again"));
}

static void tidied(struct job *job, int result)
{
	tidy_end(job, result);
	if (result == 0)
		jobs_due(job, STEP_ADMIT);
	else
		wait_for(job, result);
}

/* All is well: it is tidied, or recorded. Takes over tree and needs. */
static void take(struct coordinator *co, struct job *job, int fd, struct tree *tree,
		 struct needs *needs, const struct jobfile *file)
{
	bool much = tree->bytes > HASH_IN_LOOP ||
		    (tree->count > FAR_FILES_IN_LOOP && co->sp.kind != SAFEFS_LOCAL);

	if (!job->tidied && tidy_wanted(job, fd, tree)) {
		jobs_in_lane(job, jobs_slow_lane(co), tidy_run, tidied);
		return;
	}
	if (file->email && !job->why)
		job->why = xstrdup("email is recorded, but this version sends no mail");
	job->manifest = make_manifest(job, tree, needs, file);
	if (much)
		jobs_in_lane(job, co->bulk_lane, hash_in_lane, hashed);
	else
		hashed(job, manifest_hash(fd, job->manifest, (uint64_t)co->opt.hash_most));
}

/* What is in it? 0, COMPLAINT or negative errno (look again). job->errand: a tree, which is filled.
 */
static int look_inside(void *arg)
{
	struct job *job = arg;
	struct tree *tree = job->errand;
	_cleanup_close_ int fd = jobs_open_folder(job);
	int r = fd < 0 ? fd : tree_look_fresh(fd, tree, &job->complaint);

	if (r == 0 && !stood_still(job, tree))
		r = -EAGAIN;
	if (r == 0 && tree->count == 0)
		r = complain_empty(job);
	if (fd >= 0 && (r == -EACCES || (r == 0 && tree_closed(fd, tree))))
		r = complain_closed(job, fd);
	return r;
}

/* Examines the folder of which tree is a look. 0: tidying or the manifest is under way; COMPLAINT,
 * DROPCHECK_INCOMPLETE or negative errno (look again). */
static int examine(struct job *job, struct tree *tree)
{
	struct coordinator *co = job->co;
	_cleanup_close_ int fd = jobs_open_folder(job);
	struct needs needs = { 0 };
	struct jobfile file;
	int r;

	if (fd < 0)
		return fd;
	jobfile_init(&file);
	r = dropcheck(co->sp.root_fd, &co->catalogue, fd, tree, box_of(job), &co->defaults, &file,
		      &needs, &job->complaint);
	if (r == 0)
		take(co, job, fd, tree, &needs, &file);
	needs_free(&needs);
	jobfile_free(&file);
	return r;
}

static void looked_inside(struct job *job, int r)
{
	struct tree *tree = job->errand;

	job->errand = NULL;
	if (r == 0 && !job->co->stopping)
		r = examine(job, tree);
	tree_free(tree);
	free(tree);
	if (r != 0 && !job->co->stopping)
		wait_for(job, r);
}

static int cannot_open(struct job *job, int error)
{
	return complain(&job->complaint, "the folder", 0,
			xasprintf("a folder that the coordinator may not enter or change (%s)",
				  strerror(-error)),
			xstrdup("a folder that the account running spoold may read and move"),
			xstrdup("chmod -R u+rwX,g+rwX it (or drop it as the spool's own user) and "
				"drop it again"));
}

static void admit(struct coordinator *co, struct job *job)
{
	_cleanup_close_ int fd = jobs_open_folder_to_write(job);

	if ((fd == -EACCES || fd == -EPERM) &&
	    jobs_may_enter_queue(co, job->drop ? job->drop->box : NULL)) {
		wait_for(job, cannot_open(job, fd));
	} else if (fd < 0) {
		wait_for(job, fd);
	} else {
		job->errand = xcalloc(1, sizeof(struct tree));
		jobs_look_inside(job, look_inside, looked_inside);
	}
}

void admit_run(struct coordinator *co, struct joblist *due)
{
	struct joblist now;
	struct job *job;

	/* What comes back to this list is for the next turn. */
	TAILQ_INIT(&now);
	TAILQ_CONCAT(&now, due, link);
	while ((job = TAILQ_FIRST(&now))) {
		TAILQ_REMOVE(&now, job, link);
		job->step = STEP_NONE;
		admit(co, job);
	}
}
