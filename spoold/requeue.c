/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * requeue - an attempt that its runner gave back (.back: nothing of it runs any more), or that was
 * revoked, gets a new number and a fresh copy of its inputs.
 *
 * COPY: queued/.tmp-<id>.<n>/ is made from the manifest, each input compared with it, everything
 * synced. LOSE: active/<id>.<n>-<name>/ -> lost/. REVIVE: the copy -> queued/<id>.<n>-<name>/; or
 * -> failed/<id>-<name>/ if it must not run again (cancelled, an input changed). The attempt's own
 * folder is never handed out again: late writes may still come. A .done that is
 * sighted before LOSE is filed, and the copy thrown away. A crash leaves a copy: it is moved on if
 * lost/ has its n (requeue_found_copy), else thrown away and made anew.
 */
#include "requeue.h"

#include "answer.h"
#include "cleanup.h"
#include "control.h"
#include "copytree.h"
#include "jobs.h"
#include "journal.h"
#include "log.h"
#include "manifest.h"
#include "record.h"
#include "removals.h"
#include "rmtree.h"
#include "sweep.h"
#include "syncer.h"
#include "ticket.h"
#include "tickets.h"
#include "tree.h"
#include "xalloc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static char *copy_name(const struct job *job)
{
	return xasprintf(SPOOL_TMP "%" PRIu64 ".%u", job->id, job->attempt);
}

/* -- COPY, in the bulk lane ---------------------------------------------------------------------- */

/* The copy's own manifest: same inputs and hashes, other inodes and times, one more spoiled run
 * perhaps. */
static int write_copy_manifest(int dir, struct manifest *m, struct tree *now, uint64_t hash_most)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	manifest_take_tree(m, now);
	r = manifest_hash(dir, m, hash_most);
	if (r < 0)
		return r;
	text = manifest_write(m, &len);
	r = safefs_create(dir, SPOOL_MANIFEST, text, len, 0644, &fd);
	if (r == 0 && (fsync(fd) < 0 || fsync(dir) < 0))
		r = -errno;
	return r;
}

/* What the ticket that came back says of this manifest: -EBADMSG if it names another, and one more
 * in m->spoiled if it says that trouble spoiled the run. Where there is no ticket (removed by
 * hand), nobody can say. 0, or negative errno. */
static int ask_ticket(const struct job *job, struct manifest *m)
{
	_cleanup_free_ char *text = NULL;
	char name[SPOOL_TICKET_SIZE];
	struct ticket t = { 0 };
	size_t len;
	int r;

	if (!job->runner || !job->has_ticket)
		return 0;
	spool_ticket_name(name, job->id, job->attempt, job->ticket, job->rid);
	r = safefs_read(job->runner->inbox_fd, name, RECORD_MAX_BYTES, &text, &len, NULL);
	if (safefs_is_passing(r))
		return r;
	if (r < 0 || ticket_parse(text, len, &t, NULL) < 0)
		return 0;
	r = !t.manifest || strcmp(t.manifest, m->digest) == 0 ? 0 : -EBADMSG;
	if (r == 0 && t.state && strcmp(t.state, TICKET_SPOILED) == 0)
		m->spoiled++;
	ticket_free(&t);
	return r;
}

/* Fills the copy and proves it. 0; COMPLAINT: an input is not what was admitted; negative errno. */
static int fill_copy(struct job *job, int from, int to)
{
	struct manifest m = { 0 };
	struct tree now = { 0 };
	int r = manifest_read(from, false, &m);

	/* A job can write in its own folder: the ticket tells which manifest it was offered with.
	 */
	if (r == 0)
		r = ask_ticket(job, &m);
	if (r == -EBADMSG) { /* the copy's own must tell which job it is */
		manifest_free(&m);
		m.id = job->id;
		m.uid = job->uid;
		m.name = xstrdup(job->name);
		m.needs.cores = job->cores;
	}
	if (r == 0)
		r = copytree_inputs(from, to, &m.tree);
	if (r == 0)
		r = tree_look_fresh(to, &now, &job->complaint);
	if (r == 0)
		r = manifest_compare(&m, to, &now, false, &job->complaint);
	/* The job has removed or replaced an input, or our record of them. */
	if (r < 0 && !safefs_is_passing(r))
		r = complain(
			&job->complaint, "the folder", 0,
			xstrdup("an input, or the record of the inputs, that is gone, replaced or "
				"closed to reading"),
			xstrdup("the inputs as they were when the job was admitted"),
			xstrdup("drop the folder again"));
	if (r == 0 || r == COMPLAINT) {
		int written = write_copy_manifest(to, &m, &now, (uint64_t)job->co->opt.hash_most);

		if (written < 0 && r == 0)
			r = written;
	}
	tree_free(&now);
	manifest_free(&m);
	return r;
}

/* A group that could work in the folder can work in the copy. */
static int open_to_group(int from, int to)
{
	struct stat st;

	if (fstat(from, &st) < 0)
		return -errno;
	(void)!fchown(to, (uid_t)-1, st.st_gid);
	return safefs_dress(to, (st.st_mode & 03777) | 0700, NULL);
}

static int make_copy(void *arg)
{
	struct job *job = arg;
	int queued_fd = job->co->sp.place_fd[SPOOL_QUEUED], r;
	_cleanup_free_ char *name = copy_name(job);
	_cleanup_close_ int from = jobs_open_folder(job);
	_cleanup_close_ int to = -1;

	if (from < 0)
		return from;
	r = rmtree(queued_fd, name);
	if (r == 0 && mkdirat(queued_fd, name, 0755) < 0)
		r = -errno;
	if (r == 0)
		r = to = safefs_open_dir(queued_fd, name);
	if (r >= 0)
		r = open_to_group(from, to);
	return r < 0 ? r : fill_copy(job, from, to);
}

/* It will not run again: the copy says why. */
static int close_copy(struct job *job, const char *state, const char *reason)
{
	struct coordinator *co = job->co;
	_cleanup_free_ char *name = copy_name(job), *text = NULL;
	_cleanup_close_ int dir = safefs_open_dir(co->sp.place_fd[SPOOL_QUEUED], name);
	size_t len;

	if (dir < 0)
		return dir;
	text = answer_text(co, state, reason, &len);
	return answer_put(co, dir, SPOOL_RESULT, text, len);
}

static void drop_copy(const struct job *job)
{
	struct coordinator *co = job->co;
	_cleanup_free_ char *name = copy_name(job);

	removals_add(co, co->sp.place_fd[SPOOL_QUEUED], spool_place_name(SPOOL_QUEUED), name);
}

static void copied(struct job *job, int result)
{
	struct coordinator *co = job->co;
	int r = result;

	if (r == -ENOENT && jobs_folder_is_gone(job)) {
		control_folder_gone(job);
		control_job_ended(job, "gone: its folder was removed");
		jobs_due(job, STEP_SWEEP);
		return;
	}
	if (job->has_ticket && job->ticket == SPOOL_TICKET_DONE) {
		drop_copy(job);
		complaint_free(&job->complaint);
		tickets_settle(job);
		return;
	}
	if (r == COMPLAINT) {
		_cleanup_free_ char *line = complaint_line(&job->complaint),
				    *why = xasprintf("%s, and an input changed: %s",
						     job->why ? job->why
							      : "given back by its runner",
						     line);

		r = close_copy(job, "LOST", why);
		if (!job->cancel) {
			free(job->why);
			job->why = xstrdup(why);
		}
		complaint_free(&job->complaint);
	} else if (r == 0 && job->cancel) {
		r = close_copy(job, "CANCELLED", job->why ? job->why : "cancelled");
	}
	if (r < 0) {
		log_trouble("requeue",
			    "%" PRIu64
			    ": the fresh copy cannot be made (%s): tried again with the next scan",
			    job->id, strerror(-r));
		jobs_due(job, STEP_CLAIMED);
		return;
	}
	syncer_touch_dir(co->syncer, co->sp.place_fd[SPOOL_QUEUED]);
	jobs_after_sync(job, STEP_LOSE);
}

void copy_run(struct coordinator *co, struct joblist *due)
{
	struct job *job;

	while ((job = TAILQ_FIRST(due))) {
		_cleanup_free_ char *name = copy_name(job);

		/* An old copy of that name goes first: the next scan asks again. */
		if (removals_has(spool_place_name(SPOOL_QUEUED), name))
			jobs_due(job, STEP_CLAIMED);
		else
			jobs_in_lane(job, co->bulk_lane, make_copy, copied);
	}
}

/* -- LOSE ---------------------------------------------------------------------------------------- */

static void lose(struct coordinator *co, struct job *job)
{
	char folder[SPOOL_FOLDER_SIZE];
	int r;

	if (!tickets_is_lost(job)) {
		drop_copy(job);
		return;
	}
	spool_job_folder(folder, job->id, job->attempt, job->name);
	r = state_move(&co->sp, MOVE_LOSE, job->at, folder);
	if (r == SAFEFS_LOST) {
		control_folder_gone(job);
		control_job_ended(job, "gone: its folder was removed");
		jobs_due(job, STEP_SWEEP); /* the copy is thrown away by the scan */
		return;
	}
	if (r != 0) {
		log_trouble("lose", "%" PRIu64 ": cannot be moved to lost/: %s", job->id,
			    strerror(-r));
		jobs_due(job, STEP_CLAIMED);
		return;
	}
	jobs_moved(job, SPOOL_LOST, folder);
	journal_move(job, MOVE_LOSE, NULL, NULL);
	syncer_touch_dir(co->syncer, co->sp.place_fd[SPOOL_ACTIVE]);
	syncer_touch_dir(co->syncer, co->sp.place_fd[SPOOL_LOST]);
	jobs_after_sync(job, STEP_REVIVE);
}

void lose_run(struct coordinator *co, struct joblist *due)
{
	struct job *job;

	while ((job = TAILQ_FIRST(due)))
		lose(co, job);
}

/* -- REVIVE -------------------------------------------------------------------------------------- */

/* Does the copy hold an answer of ours? A copy has nothing of a job's making in it. 0: it does;
 * SAFEFS_LOST: the copy is gone; -ENOENT: no answer; other negative errno: not known now. */
static int look_for_answer(struct coordinator *co, const char *copy)
{
	_cleanup_close_ int dir = safefs_open_dir(co->sp.place_fd[SPOOL_QUEUED], copy);

	if (dir < 0)
		return dir == -ENOENT ? SAFEFS_LOST : dir;
	return safefs_look(dir, SPOOL_RESULT, NULL);
}

static void revive(struct coordinator *co, struct job *job)
{
	_cleanup_free_ char *copy = copy_name(job);
	int answer = look_for_answer(co, copy), r = answer;
	enum state_move move = answer == 0 ? MOVE_ABANDON : MOVE_REVIVE;
	char folder[SPOOL_FOLDER_SIZE];

	spool_job_folder(folder, job->id, move == MOVE_REVIVE ? job->attempt : 0, job->name);
	if (answer >= 0 || answer == -ENOENT)
		r = state_move(&co->sp, move, copy, folder);
	if (r == SAFEFS_LOST) { /* or it was closed, and moved before an error */
		move = MOVE_ABANDON;
		r = state_move(&co->sp, move, copy,
			       spool_job_folder(folder, job->id, 0, job->name));
	}
	if (r != 0) {
		log_trouble("revive", "%" PRIu64 ": the fresh copy cannot be queued: %s", job->id,
			    r == SAFEFS_LOST ? "it is gone, and made anew" : strerror(-r));
		jobs_due(job, r == SAFEFS_LOST ? STEP_COPY : STEP_RETRY);
		return;
	}
	syncer_touch_dir(co->syncer, co->sp.place_fd[SPOOL_QUEUED]);
	/* The claim of a runner that is silent stays until it answers. */
	if (job->has_ticket && job->runner && job->ticket == SPOOL_TICKET_BACK)
		sweep_ticket(co, job->runner, job->id, job->attempt, job->ticket, job->rid);
	jobs_moved(job, state_row(move)->to, folder);
	journal_move(job, move, move == MOVE_ABANDON && job->cancel ? "CANCELLED" : NULL, NULL);
	jobs_no_ticket(job);
	jobs_set_runner(job, NULL);
	if (move == MOVE_ABANDON) {
		control_job_ended(job, job->cancel ? "CANCELLED" : "LOST");
		syncer_touch_dir(co->syncer, co->sp.place_fd[SPOOL_FAILED]);
	} else if (!job->cancel) {
		free(job->why);
		job->why = NULL;
	}
	jobs_after_sync(job, move == MOVE_ABANDON ? STEP_SWEEP : STEP_SCHEDULE);
}

void revive_run(struct coordinator *co, struct joblist *due)
{
	struct job *job;

	while ((job = TAILQ_FIRST(due)))
		revive(co, job);
}

/* -- found by the scan --------------------------------------------------------------------------- */

/* Has lost/ the attempt that this copy was made from? The name is in the copy's manifest. 0;
 * -ENOENT: no, or the copy is unfinished; other negative errno: not known now. */
static int look_in_lost(struct coordinator *co, const char *copy, uint64_t id, unsigned attempt,
			char *reduced)
{
	_cleanup_close_ int dir = safefs_open_dir(co->sp.place_fd[SPOOL_QUEUED], copy);
	struct manifest m = { 0 };
	char folder[SPOOL_FOLDER_SIZE];
	int r = dir < 0 ? dir : manifest_read(dir, true, &m);

	if (r < 0)
		return r == -EBADMSG ? -ENOENT : r;
	spool_reduce_name(m.name ? m.name : "", reduced);
	spool_job_folder(folder, id, attempt, reduced);
	manifest_free(&m);
	return safefs_look(co->sp.place_fd[SPOOL_LOST], folder, NULL);
}

void requeue_found_copy(struct coordinator *co, const char *copy, uint64_t id, unsigned attempt)
{
	struct job *job = jobs_find(co, id);
	char reduced[SPOOL_NAME_SIZE], folder[SPOOL_FOLDER_SIZE];
	int r;

	if (job && (job->busy || job->step != STEP_NONE || job->place != SPOOL_INCOMING)) {
		/* Its own steps are at work, or it is active still: then the copy is made anew. */
		return;
	}
	r = look_in_lost(co, copy, id, attempt, reduced);
	if (r == -ENOENT) {
		log_info("%" PRIu64 ": an unfinished copy is thrown away", id);
		removals_add(co, co->sp.place_fd[SPOOL_QUEUED], spool_place_name(SPOOL_QUEUED),
			     copy);
		return;
	}
	if (r < 0) { /* it may be all that there is of the job */
		log_trouble("copy", "%" PRIu64 ": its fresh copy cannot be looked at now (%s)", id,
			    strerror(-r));
		return;
	}
	if (!job)
		job = jobs_new(co, id, reduced);
	job->attempt = attempt;
	jobs_moved(job, SPOOL_LOST, spool_job_folder(folder, id, attempt, reduced));
	jobs_due(job, STEP_REVIVE);
}
