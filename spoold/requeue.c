/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * requeue - an attempt that its runner gave back (.back: nothing of it runs any more), or that was
 * revoked, gets a new number and a fresh copy of its inputs.
 *
 * COPY: queued/.tmp-<id>.<n>/ is made from the manifest, each input compared with it, everything
 * synced. LOSE: active/<id>.<n>-<name>/ -> lost/. REVIVE: the copy -> queued/<id>.<n>-<name>/; or
 * -> failed/<id>-<name>/ if it must not run again (cancelled, an input changed, lost too often).
 * The attempt's own folder is never handed out again: late writes may still come. A .done that is
 * sighted before LOSE is filed, and the copy thrown away. A crash leaves a copy: it is moved on if
 * lost/ has its n (requeue_found_copy), else thrown away and made anew.
 */
#include "requeue.h"

#include "answer.h"
#include "attempts.h"
#include "cleanup.h"
#include "control.h"
#include "copytree.h"
#include "jobs.h"
#include "journal.h"
#include "log.h"
#include "manifest.h"
#include "record.h"
#include "removals.h"
#include "revoke.h"
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

#define LOST_MOST 3 /* attempts that a job may lose to silent runners */

/* Of one copy: what the worker is told, and what it finds out. */
struct copying {
	char ticket[SPOOL_TICKET_SIZE]; /* its name, or "" */
	bool revoked;			/* and not given back */
	char *reason;			/* why the attempt is over */
	char *text;			/* of the ticket */
	size_t len;			/* of the text that is valid; 0: nothing can be read */
	char *manifest;			/* its digest, by the ticket; or NULL */
	bool spoiled;			/* by trouble, says the ticket */
	const char *verdict;		/* why the job must not run again; or NULL */
};

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

/* A ticket that cannot be read tells nothing. 0, or negative errno: not known now. */
static int read_ticket(const struct job *job, struct copying *c)
{
	struct ticket t = { 0 };
	size_t len;
	int r;

	if (!*c->ticket)
		return 0;
	r = safefs_read(job->runner->inbox_fd, c->ticket, RECORD_MAX_BYTES, &c->text, &len, NULL);
	if (r < 0)
		return safefs_is_passing(r) ? r : 0;
	r = ticket_parse(c->text, len, &t, &c->len);
	if (r < 0 || r == RECORD_FOREIGN || (t.blocks & TICKET_OUTCOME))
		c->len = 0; /* nothing to add to */
	c->manifest = t.manifest ? xstrdup(t.manifest) : NULL;
	c->spoiled = t.state && strcmp(t.state, TICKET_SPOILED) == 0;
	ticket_free(&t);
	return 0;
}

/* attempts/<n>/job.result */
static int record_attempt(const struct job *job, const struct copying *c, int from, int to)
{
	size_t len;
	_cleanup_free_ char *text = answer_close(job->co, c->len ? c->text : "", c->len, "LOST",
						 c->reason, &len);

	return attempts_record(from, to, job->attempt, text, len);
}

/* One more has been lost: does the job run again? */
static void count_loss(struct manifest *m, struct copying *c)
{
	if (!c->revoked)
		return;
	m->lost++;
	if (m->fail_if_lost)
		c->verdict = "on_lost = fail";
	else if (m->lost >= LOST_MOST)
		c->verdict = "the third attempt that was lost";
}

/* Fills the copy and proves it. 0; COMPLAINT: an input is not what was admitted; negative errno. */
static int fill_copy(struct job *job, struct copying *c, int from, int to)
{
	struct manifest m = { 0 };
	struct tree now = { 0 };
	int r = manifest_read(from, false, &m);

	/* A job can write in its own folder: the ticket tells which manifest it was offered with.
	 * Where there is none (removed by hand), nobody can say. */
	if (r == 0 && c->manifest && strcmp(c->manifest, m.digest) != 0)
		r = -EBADMSG;
	if (r == 0 && c->spoiled)
		m.spoiled++;
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
	if (r == 0)
		count_loss(&m, c);
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

/* Why is it over? */
static char *reason_of(const struct job *job, const struct copying *c)
{
	char *reason = c->revoked ? revoke_reason(job) : NULL;

	if (reason)
		return reason;
	if (!*c->ticket)
		return xstrdup("its ticket was removed");
	return xasprintf(c->revoked ? "no sign of life from runner %s" : "given back by runner %s",
			 job->runner->name);
}

static int make_copy(void *arg)
{
	struct job *job = arg;
	struct copying *c = job->errand;
	int queued_fd = job->co->sp.place_fd[SPOOL_QUEUED], r;
	_cleanup_free_ char *name = copy_name(job);
	_cleanup_close_ int from = jobs_open_folder(job);
	_cleanup_close_ int to = -1;

	c->reason = reason_of(job, c);
	if (from < 0)
		return from;
	r = rmtree(queued_fd, name);
	if (r == 0 && mkdirat(queued_fd, name, 0755) < 0)
		r = -errno;
	if (r == 0)
		r = to = safefs_open_dir(queued_fd, name);
	if (r >= 0)
		r = open_to_group(from, to);
	if (r == 0)
		r = read_ticket(job, c);
	if (r == 0)
		r = record_attempt(job, c, from, to);
	return r < 0 ? r : fill_copy(job, c, from, to);
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

/* The copy is made: will it run? If not, it says so. 0 or negative errno. */
static int judge_copy(struct job *job, const struct copying *c, int r)
{
	_cleanup_free_ char *line = NULL, *why = xstrdup(c->reason);

	if (r == COMPLAINT) {
		line = complaint_line(&job->complaint);
		complaint_free(&job->complaint);
		free(why);
		why = xasprintf("%s, and an input changed: %s", c->reason, line);
	} else if (r == 0 && c->verdict) {
		free(why);
		why = xasprintf("%s (%s)", c->reason, c->verdict);
	}
	if (r == COMPLAINT || (r == 0 && c->verdict && !job->cancel))
		r = close_copy(job, "LOST", why);
	else if (r == 0 && job->cancel)
		r = close_copy(job, "CANCELLED", job->why ? job->why : "cancelled");
	if (!job->cancel) {
		free(job->why);
		job->why = xstrdup(why);
	}
	return r;
}

static void end_copy(struct job *job, const struct copying *c, int result)
{
	struct coordinator *co = job->co;
	int r = result;

	if (r == -ENOENT && jobs_folder_is_gone(job)) {
		control_folder_gone(job);
		control_job_ended(job, "gone: its folder was removed");
		jobs_due(job, STEP_SWEEP);
		return;
	}
	if (r >= 0)
		r = judge_copy(job, c, r);
	if (r < 0) {
		log_trouble("requeue",
			    "%" PRIu64
			    ": the fresh copy cannot be made (%s): tried again with the next scan",
			    job->id, strerror(-r));
		jobs_due(job, STEP_CLAIMED);
		return;
	}
	syncer_touch_dir(co->syncer, co->sp.place_fd[SPOOL_QUEUED]);
	if (job->marked && job->runner) /* a crash may have come before its sync */
		syncer_touch_dir(co->syncer, job->runner->inbox_fd);
	jobs_after_sync(job, STEP_LOSE);
}

static void copied(struct job *job, int result)
{
	struct copying *c = job->errand;

	job->errand = NULL;
	end_copy(job, c, result);
	free(c->reason);
	free(c->text);
	free(c->manifest);
	free(c);
}

static struct copying *begin_copy(const struct job *job)
{
	struct copying *c = xcalloc(1, sizeof(*c));

	if (job->has_ticket && job->runner)
		spool_ticket_name(c->ticket, job->id, job->attempt, job->ticket, job->rid);
	c->revoked = job->marked && job->has_ticket && job->ticket == SPOOL_TICKET_CLAIM;
	return c;
}

void copy_run(struct coordinator *co, struct joblist *due)
{
	struct job *job;

	while ((job = TAILQ_FIRST(due))) {
		_cleanup_free_ char *name = copy_name(job);

		/* An old copy of that name goes first: the next scan asks again. */
		if (removals_has(spool_place_name(SPOOL_QUEUED), name)) {
			jobs_due(job, STEP_CLAIMED);
		} else {
			job->errand = begin_copy(job);
			jobs_in_lane(job, co->bulk_lane, make_copy, copied);
		}
	}
}

/* -- LOSE ---------------------------------------------------------------------------------------- */

static void drop_copy(const struct job *job)
{
	struct coordinator *co = job->co;
	_cleanup_free_ char *name = copy_name(job);

	removals_add(co, co->sp.place_fd[SPOOL_QUEUED], spool_place_name(SPOOL_QUEUED), name);
}

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
