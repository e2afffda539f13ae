/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reject - a job ends without having run: it cannot be accepted, or its owner has cancelled it
 * while it waited.
 *
 * REJECT writes job.result (and REJECTED.txt with the complaint) into the folder; DISCARD moves the
 * folder from incoming/ or queued/ to failed/. Nothing of the user's is changed or removed. A
 * folder that we may neither write nor move stays where it is; then a fresh failed/<id>-<name>/
 * holds the answer. Every other error may pass, and is waited for: an answer is owed. A crash after
 * REJECT leaves the files in a folder that is examined again: same end.
 */
#include "coordinator.h"

#include "answer.h"
#include "cleanup.h"
#include "clock.h"
#include "control.h"
#include "drops.h"
#include "escape.h"
#include "event.h"
#include "jobs.h"
#include "journal.h"
#include "log.h"
#include "manifest.h"
#include "refused.h"
#include "syncer.h"
#include "users.h"
#include "xalloc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

static bool is_cancel(const struct job *job)
{
	return !complaint_any(&job->complaint);
}

/* What people call it. */
static char *given_name(const struct job *job)
{
	size_t len;

	if (!job->drop)
		return xstrdup(job->name);
	(void)spool_drop_nonce(job->drop->name, &len);
	return xstrndup(job->drop->name, len);
}

/* What is to be told; job->why becomes the reason. */
static struct answers *make_answers(struct job *job)
{
	_cleanup_free_ char *name = given_name(job), *shown = escape_text(name, ESCAPE_TEXT);
	struct answers *answers = xcalloc(1, sizeof(*answers));
	char *page, *result, *reason;
	size_t len;

	reason = is_cancel(job) ? xstrdup(job->why ? job->why : "cancelled")
				: complaint_line(&job->complaint);
	free(job->why);
	job->why = reason;
	if (!is_cancel(job)) {
		page = complaint_page(&job->complaint, shown);
		answers_add(answers, SPOOL_REJECTED, page, strlen(page));
	}
	result = answer_text(job->co, is_cancel(job) ? "CANCELLED" : "REJECTED", reason, &len);
	answers_add(answers, SPOOL_RESULT, result, len);
	/* An earlier run's job.result is its owner's: ours must not replace it. */
	answers->aside = job->place == SPOOL_INCOMING;
	return answers;
}

/* Into a folder of our own, at once. */
static int put_here(struct job *job, int dir)
{
	struct answers *answers = make_answers(job);
	int r = 0;

	for (size_t i = 0; r == 0 && i < answers->count; i++)
		r = answer_put(job->co, dir, answers->items[i].name, answers->items[i].text,
			       answers->items[i].len);
	answers_free(answers);
	job->answered = r == 0;
	return r;
}

/* Is it the folder that refuses us, and will it tomorrow? */
static bool is_closed(int r)
{
	return r == -EACCES || r == -EPERM || r == -EROFS || r == -EXDEV || r == -ENOTDIR ||
	       r == -ELOOP;
}

static void tell_where_it_is(struct complaint *c)
{
	static const char where[] = "It could not be moved, so it is still in incoming/";
	char *remedy = c->remedy;

	if (remedy && strstr(remedy, where)) /* an attempt before this one */
		return;
	c->remedy = xasprintf("%s. %s", remedy ? remedy : "", where);
	free(remedy);
}

/* The folder can be neither written nor moved: the answer gets a folder of its own. */
static void answer_elsewhere(struct job *job)
{
	struct coordinator *co = job->co;
	int failed_fd = co->sp.place_fd[SPOOL_FAILED], r;
	_cleanup_free_ char *tmp = xasprintf(SPOOL_TMP "%" PRIu64, job->id);
	_cleanup_close_ int dir = -1;
	struct stat st;

	tell_where_it_is(&job->complaint);
	jobs_restore_mode(job);
	if (fstatat(job->drop->box->fd, job->drop->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		job->uid = st.st_uid;
	if (mkdirat(failed_fd, tmp, 0755) < 0 && errno != EEXIST)
		r = -errno;
	else
		r = dir = safefs_open_dir(failed_fd, tmp);
	if (r >= 0)
		r = put_here(job, dir);
	if (r < 0) {
		log_trouble("reject", "%" PRIu64 ": REJECTED.txt cannot be written: %s", job->id,
			    strerror(-r));
		jobs_due(job, STEP_RETRY);
		return;
	}
	refused_remember(co, job->drop);
	job->drop->taken = true;
	drops_forget(co, job->drop);
	job->drop = NULL;
	job->wrapped = false;
	jobs_moved(job, SPOOL_FAILED, tmp);
	jobs_after_sync(job, STEP_DISCARD);
}

/* The answer is in the folder, or not. */
static void told(struct job *job, int r)
{
	job->answered = r == 0;
	if (r == 0) {
		jobs_after_sync(job, STEP_DISCARD);
	} else if (r == -ENOENT) {
		jobs_due(job, STEP_DISCARD); /* finds that it is gone */
	} else if (is_closed(r) && job->drop && !job->wrapped) {
		answer_elsewhere(job);
	} else {
		log_trouble("reject", "%" PRIu64 ": the answer cannot be written: %s", job->id,
			    strerror(-r));
		if (is_closed(r))
			jobs_due(job, STEP_DISCARD);
		else
			jobs_rest(job, STEP_RETRY, r);
	}
}

static void reject(struct job *job)
{
	_cleanup_close_ int dir = jobs_open_folder_to_write(job);

	if (dir < 0)
		told(job, dir);
	else
		answers_put(job, dir, make_answers(job), told);
}

void reject_run(struct coordinator *co, struct joblist *due)
{
	struct joblist now;
	struct job *job;

	(void)co;
	TAILQ_INIT(&now);
	TAILQ_CONCAT(&now, due, link);
	while ((job = TAILQ_FIRST(&now))) {
		TAILQ_REMOVE(&now, job, link);
		job->step = STEP_NONE;
		reject(job);
	}
}

/* -- MOVE_REJECT, MOVE_REFUSE, MOVE_CANCEL ------------------------------------------------------- */

static enum state_move move_of(const struct job *job)
{
	if (job->place == SPOOL_INCOMING || job->place == SPOOL_FAILED)
		return MOVE_REJECT;
	return is_cancel(job) ? MOVE_CANCEL : MOVE_REFUSE;
}

static void tell(struct job *job, enum state_move move)
{
	struct event e = journal_event(job, state_row(move)->verb);
	_cleanup_free_ char *name = given_name(job);

	e.from = spool_place_name(state_row(move)->from);
	e.to = spool_place_name(SPOOL_FAILED);
	e.state = state_row(move)->leaves;
	if (move == MOVE_REJECT) {
		e.name = name;
		e.user = users_name(job->uid);
	}
	e.finished_at = clock_wall_ms();
	journal_tell(job->co, &e);
}

static void gone(struct job *job)
{
	struct coordinator *co = job->co;
	struct drop *drop = job->drop;

	if (job->place == SPOOL_QUEUED)
		control_folder_gone(job);
	control_reply_admission(job, "its folder was removed");
	control_job_ended(job, "gone: its folder was removed");
	job->drop = NULL;
	jobs_forget(job);
	if (drop)
		drops_forget(co, drop);
}

static void discard(struct coordinator *co, struct job *job)
{
	enum state_move move = move_of(job);
	char folder[SPOOL_FOLDER_SIZE];
	int parent = jobs_parent_fd(job), r;
	struct stat st;

	if (fstatat(parent, job->at, &st, AT_SYMLINK_NOFOLLOW) == 0 && job->place == SPOOL_INCOMING)
		job->uid = st.st_uid;
	spool_job_folder(folder, job->id, 0, job->name);
	r = state_move_from(&co->sp, parent, move, job->at, folder);
	if (r == SAFEFS_LOST || r == -ENOENT) {
		gone(job);
		return;
	}
	if (is_closed(r) && job->drop && !job->wrapped) {
		answer_elsewhere(job);
		return;
	}
	if (r != 0) {
		log_trouble("discard", "%" PRIu64 ": cannot be moved to failed/: %s", job->id,
			    strerror(-r));
		jobs_due(job, STEP_RETRY);
		return;
	}
	syncer_touch_dir(co->syncer, parent);
	syncer_touch_dir(co->syncer, co->sp.place_fd[SPOOL_FAILED]);
	jobs_moved(job, SPOOL_FAILED, folder);
	jobs_restore_mode(job);
	tell(job, move);
	if (job->drop)
		drops_forget(co, job->drop);
	job->drop = NULL;
	control_job_ended(job, state_row(move)->leaves);
	jobs_after_sync(job, STEP_SWEEP);
}

void discard_run(struct coordinator *co, struct joblist *due)
{
	struct job *job;

	while ((job = TAILQ_FIRST(due)))
		discard(co, job);
}
