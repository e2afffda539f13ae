/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control - requests: cancel, rm, snapshot.
 *
 * A request is a file's name; who asks is the file's owner as the server sees it. A cancel stays in
 * requests/ until the job has ended, so that a crash forgets nothing and nothing is offered while
 * it is there; everything else is answered and removed at once. What is not understood is answered
 * once and left alone. A crash between the deed and the answer does the deed again, which changes
 * nothing.
 */
#include "control.h"

#include "cleanup.h"
#include "escape.h"
#include "event.h"
#include "index.h"
#include "jobs.h"
#include "journal.h"
#include "log.h"
#include "manifest.h"
#include "publish.h"
#include "removals.h"
#include "request.h"
#include "runners.h"
#include "scan.h"
#include "tickets.h"
#include "users.h"
#include "worker.h"
#include "xalloc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define REASON_MOST 1000
#define LATE_MOST 1000

/* -- replies ------------------------------------------------------------------------------------- */

struct reply {
	struct coordinator *co;
	char *name, *line;
	TAILQ_ENTRY(reply) link; /* in late */
};
TAILQ_HEAD(replies, reply);

/* That could not be written: for the next scan. */
static struct replies late = TAILQ_HEAD_INITIALIZER(late);
static size_t late_count;

static void free_reply(struct reply *reply)
{
	free(reply->name);
	free(reply->line);
	free(reply);
}

static int write_reply(void *arg)
{
	const struct reply *reply = arg;

	return safefs_replace(reply->co->sp.place_fd[SPOOL_REPLIES], reply->name, reply->line,
			      strlen(reply->line), 0644, false);
}

static void reply_written(void *arg, int result)
{
	struct reply *reply = arg;

	if (result < 0)
		log_trouble("reply",
			    "an answer cannot be written to spool/replies (%s): it is tried again "
			    "with each scan",
			    strerror(-result));
	else
		log_mended("reply");
	if (result < 0 && !reply->co->stopping && late_count < LATE_MOST) {
		TAILQ_INSERT_TAIL(&late, reply, link);
		late_count++;
	} else {
		free_reply(reply);
	}
}

static void take_off_late(struct reply *reply)
{
	TAILQ_REMOVE(&late, reply, link);
	late_count--;
}

/* One that was there before may be in the hands of a client: it is replaced in a slow lane. */
static void send_reply(struct reply *reply)
{
	struct coordinator *co = reply->co;

	/* At the end the lanes are on their way out. */
	if (co->stopping ||
	    safefs_look(co->sp.place_fd[SPOOL_REPLIES], reply->name, NULL) == -ENOENT)
		reply_written(reply, write_reply(reply));
	else /* always in the same one: the later answer shall win */
		worker_submit(co->slow_lanes[0], write_reply, reply_written, reply);
}

static void send_late(void)
{
	struct replies now = TAILQ_HEAD_INITIALIZER(now);
	struct reply *reply;

	TAILQ_CONCAT(&now, &late, link);
	late_count = 0;
	while ((reply = TAILQ_FIRST(&now))) {
		TAILQ_REMOVE(&now, reply, link);
		send_reply(reply);
	}
}

void control_reply(struct coordinator *co, const char *name, bool ok, uint64_t number,
		   const char *text)
{
	struct reply *reply = xcalloc(1, sizeof(*reply)), *other, *next;

	for (other = TAILQ_FIRST(&late); other; other = next) {
		next = TAILQ_NEXT(other, link);
		if (strcmp(other->name, name) == 0) {
			take_off_late(other);
			free_reply(other);
		}
	}
	reply->co = co;
	reply->name = xstrdup(name);
	reply->line = xasprintf("%s %" PRIu64 " %s\n", ok ? "ok" : "failed", number, text);
	send_reply(reply);
}

void control_free(void)
{
	struct reply *reply;

	while ((reply = TAILQ_FIRST(&late))) {
		take_off_late(reply);
		free_reply(reply);
	}
}

static char *admission_name(const char *nonce)
{
	return xasprintf("admit.%s", nonce);
}

void control_recall_nonce(struct job *job, const struct manifest *m)
{
	_cleanup_free_ char *name = NULL;

	if (job->nonce || !m->nonce)
		return;
	name = admission_name(m->nonce);
	if (safefs_look(job->co->sp.place_fd[SPOOL_REPLIES], name, NULL) == -ENOENT)
		job->nonce = xstrdup(m->nonce);
}

void control_reply_admission(struct job *job, const char *why)
{
	_cleanup_free_ char *name = NULL;

	if (!job->nonce)
		return;
	name = admission_name(job->nonce);
	control_reply(job->co, name, !why, job->id, why ? why : "admitted");
	free(job->nonce);
	job->nonce = NULL;
}

static void forget_request(struct coordinator *co, const char *name)
{
	removals_add(co, co->sp.place_fd[SPOOL_REQUESTS], spool_place_name(SPOOL_REQUESTS), name);
}

static void answer(struct coordinator *co, const char *name, bool ok, uint64_t id, const char *text)
{
	control_reply(co, name, ok, id, text);
	forget_request(co, name);
}

/* -- who and why --------------------------------------------------------------------------------- */

/* The owner of a job, root, and whoever runs this spool may. */
static bool may(uid_t who, uid_t owner)
{
	return who == owner || who == 0 || who == geteuid();
}

/* "cancelled by eva: no longer needed" */
static char *reason_of(struct coordinator *co, const char *name, uid_t who)
{
	_cleanup_free_ char *text = NULL, *shown = NULL;
	size_t len = 0;

	if (safefs_read(co->sp.place_fd[SPOOL_REQUESTS], name, REASON_MOST, &text, &len, NULL) <
		    0 ||
	    len == 0)
		return xasprintf("cancelled by %s", users_name(who));
	text[strcspn(text, "\r\n")] = '\0';
	shown = escape_text(text, ESCAPE_TEXT);
	return *shown ? xasprintf("cancelled by %s: %s", users_name(who), shown)
		      : xasprintf("cancelled by %s", users_name(who));
}

/* -- cancel -------------------------------------------------------------------------------------- */

void control_order_cancel(struct job *job)
{
	int r = tickets_order_cancel(job->runner, job->id, job->attempt,
				     job->why ? job->why : "cancelled");

	if (r < 0)
		log_trouble("order", "%" PRIu64 ": the order to stop cannot be written: %s",
			    job->id, strerror(-r));
}

static void start_cancel(struct job *job)
{
	if (job->busy || job->step == STEP_PREPARE || job->step == STEP_OFFER)
		return; /* its next step looks at the flag */
	if (job->place == SPOOL_QUEUED && !job->has_ticket)
		jobs_due(job, STEP_REJECT);
	else if (job->place == SPOOL_ACTIVE &&
		 (job->step == STEP_OFFERED || job->step == STEP_CLAIMED))
		tickets_settle(job);
}

static void cancel(struct coordinator *co, const char *name, const struct request *rq, uid_t who)
{
	struct job *job = jobs_find(co, rq->id);

	if (!job || job->place == SPOOL_INCOMING) {
		answer(co, name, false, rq->id,
		       "there is no waiting or running job of that number: it has ended already, "
		       "or never was (spoolctl queue --all lists all)");
		return;
	}
	if (!may(who, job->uid)) {
		answer(co, name, false, rq->id,
		       "it belongs to another user: only its owner or the administrator can cancel "
		       "it");
		return;
	}
	if (job->cancel) {
		if (safefs_look(co->sp.place_fd[SPOOL_REPLIES], name, NULL) == -ENOENT)
			control_reply(co, name, true, rq->id, "it is being cancelled already");
		return;
	}
	job->cancel = true;
	free(job->why);
	job->why = reason_of(co, name, who);
	control_reply(co, name, true, rq->id,
		      job->place == SPOOL_QUEUED ? "cancelled"
						 : "its runner has been told to stop it");
	start_cancel(job);
}

static int note_cancel(const char *name, unsigned char type, void *arg)
{
	struct job *job = arg;
	struct request rq;

	(void)type;
	if (request_parse(name, &rq) < 0)
		return 0;
	if (rq.verb == REQUEST_CANCEL && rq.id == job->id)
		forget_request(job->co, name);
	request_free(&rq);
	return 0;
}

void control_job_ended(struct job *job, const char *how)
{
	if (!job->cancel)
		return;
	log_debug("%" PRIu64 ": cancel is done: %s", job->id, how);
	(void)spool_list(&job->co->sp, SPOOL_REQUESTS, note_cancel, job);
}

void control_folder_gone(struct job *job)
{
	struct event e = journal_event(job, "gone");

	e.from = spool_place_name(job->place);
	e.why = "its folder was removed";
	journal_tell(job->co, &e);
}

/* -- rm ------------------------------------------------------------------------------------------ */

struct target {
	uint64_t id;
	enum spool_place place;
	char folder[SPOOL_FOLDER_SIZE];
	bool found;
};

static int note_row(const struct index_job *row, void *arg)
{
	struct target *t = arg;

	for (enum spool_place place = SPOOL_DONE; place <= SPOOL_FAILED; place++)
		if (row->place && row->folder && strcmp(row->place, spool_place_name(place)) == 0) {
			t->place = place;
			t->found = true;
			snprintf(t->folder, sizeof(t->folder), "%s", row->folder);
		}
	return 0;
}

static int note_folder(const char *name, unsigned char type, void *arg)
{
	struct target *t = arg;
	struct spool_job_name job;

	(void)type;
	if (spool_parse_job_folder(name, &job) < 0 || job.id != t->id)
		return 0;
	t->found = true;
	snprintf(t->folder, sizeof(t->folder), "%s", name);
	return 1;
}

/* Where the ended job's folder is: the index knows, the folders decide. 0; -ENOENT: in no place;
 * other negative errno: nobody can say now. */
static int find_ended(struct coordinator *co, struct target *t, struct stat *st)
{
	int r = -ENOENT;

	journal_flush(co, true);
	(void)index_jobs(co->index, t->id, note_row, t);
	if (t->found)
		r = safefs_look(co->sp.place_fd[t->place], t->folder, st);
	if (r != -ENOENT)
		return r;
	t->found = false;
	for (enum spool_place place = SPOOL_DONE; place <= SPOOL_FAILED && !t->found; place++) {
		t->place = place;
		r = spool_list(&co->sp, place, note_folder, t);
		if (r < 0)
			return r;
	}
	return t->found ? safefs_look(co->sp.place_fd[t->place], t->folder, st) : -ENOENT;
}

static int remove_ended(struct coordinator *co, const struct target *t, uid_t who)
{
	struct event e = {
		.id = t->id, .verb = "remove", .by = users_name(who), .why = "asked for"
	};
	_cleanup_free_ char *tmp = xasprintf(SPOOL_TMP "rm-%" PRIu64, t->id);
	int r = safefs_rename(co->sp.place_fd[t->place], t->folder, co->sp.place_fd[t->place], tmp);

	if (r != 0)
		return r == SAFEFS_LOST ? -ENOENT : r;
	e.from = spool_place_name(t->place);
	e.folder = t->folder;
	journal_tell(co, &e);
	removals_add(co, co->sp.place_fd[t->place], spool_place_name(t->place), tmp);
	return 0;
}

/* The request stays: each scan meets it. */
static void come_again(const struct request *rq, int r)
{
	log_trouble("rm",
		    "%" PRIu64 ": cannot be looked for, or removed, now (%s): tried again with "
		    "each scan",
		    rq->id, strerror(-r));
}

static void rm(struct coordinator *co, const char *name, const struct request *rq, uid_t who)
{
	struct target t = { .id = rq->id };
	struct stat st;
	int r;

	if (jobs_find(co, rq->id)) {
		answer(co, name, false, rq->id,
		       "it has not ended yet: cancel it first (spoolctl cancel), then remove it");
		return;
	}
	r = find_ended(co, &t, &st);
	if (r == -ENOENT) {
		answer(co, name, false, rq->id, "there is no job of that number");
		return;
	}
	if (r < 0) {
		come_again(rq, r);
		return;
	}
	if (!may(who, st.st_uid)) {
		answer(co, name, false, rq->id,
		       "it belongs to another user: only its owner or the administrator can remove "
		       "it");
		return;
	}
	r = remove_ended(co, &t, who);
	if (safefs_is_trouble(r)) {
		come_again(rq, r);
		return;
	}
	answer(co, name, r == 0, rq->id, r == 0 ? "removed with all its files" : strerror(-r));
}

/* -- the door ------------------------------------------------------------------------------------ */

static void not_understood(struct coordinator *co, const char *name)
{
	if (safefs_look(co->sp.place_fd[SPOOL_REPLIES], name, NULL) == 0)
		return;
	control_reply(co, name, false, 0,
		      "not understood: a request is a file named cancel-NUMBER or rm-NUMBER, with "
		      "the number of a job, as in cancel-17; please delete this one");
}

void control_news(struct coordinator *co, const char *name)
{
	struct request rq;
	struct stat st;

	/* A scan that knows all jobs sees it again. */
	if (!scan_knows_all() || spool_is_litter(name) || spool_is_tmp(name) ||
	    spool_is_readme(name) || removals_has(spool_place_name(SPOOL_REQUESTS), name) ||
	    fstatat(co->sp.place_fd[SPOOL_REQUESTS], name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode))
		return;
	if (request_parse(name, &rq) < 0) {
		not_understood(co, name);
		return;
	}
	switch (rq.verb) {
	case REQUEST_CANCEL:
		cancel(co, name, &rq, st.st_uid);
		break;
	case REQUEST_RM:
		rm(co, name, &rq, st.st_uid);
		break;
	case REQUEST_SNAPSHOT:
		publish_on_request(co, name);
		forget_request(co, name);
		break;
	case REQUEST_LATER:
	case REQUEST_VERBS:
		answer(co, name, false, rq.id, "not supported by this version of spoold");
		break;
	}
	request_free(&rq);
}

static int news_in_listing(const char *name, unsigned char type, void *arg)
{
	(void)type;
	control_news(arg, name);
	return 0;
}

int control_scan(struct coordinator *co)
{
	send_late();
	return spool_list(&co->sp, SPOOL_REQUESTS, news_in_listing, co);
}
