/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tickets - the state x ticket table: for every place of a folder and every name of its ticket,
 * revoked or not, there is one action.
 *
 * Start-up, periodic scan and single news all end here, so there is no separate code path for
 * recovery. Tickets only move forward (.tmp -> .offer -> .void | .claim -> .done | .back), so of
 * two sightings the later stage is the truth, in whatever order they come. A marker (.revoked) is
 * made for a claim and outlives it.
 */
#include "tickets.h"

#include "clock.h"
#include "control.h"
#include "event.h"
#include "index.h"
#include "jobs.h"
#include "journal.h"
#include "log.h"
#include "places.h"
#include "revoke.h"
#include "runners.h"
#include "silence.h"
#include "sweep.h"
#include "xalloc.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* -- the table ----------------------------------------------------------------------------------- */

#define NO_TICKET SPOOL_TICKET_KINDS

/* What is due, by the ticket of the folder's own attempt; on the right if the attempt has its
 * marker. STEP_NONE: cannot be; left alone and reported. */
/* clang-format off */
static const enum step due_for[2][SPOOL_TICKET_KINDS + 1][2] = {
	{	/* the folder is in queued/: the attempt is over */
		[NO_TICKET] =	       { STEP_SCHEDULE, STEP_SCHEDULE },
		[SPOOL_TICKET_TMP] =   { STEP_SCHEDULE, STEP_SCHEDULE }, /* next one's: removed */
		[SPOOL_TICKET_OFFER] = { STEP_NONE,	STEP_NONE },
		[SPOOL_TICKET_VOID] =  { STEP_SCHEDULE, STEP_SCHEDULE }, /* withdrawn: swept */
		[SPOOL_TICKET_CLAIM] = { STEP_SCHEDULE, STEP_SCHEDULE }, /* revoked: is marked */
		[SPOOL_TICKET_DONE] =  { STEP_SCHEDULE, STEP_SCHEDULE }, /* too late: swept */
		[SPOOL_TICKET_BACK] =  { STEP_SCHEDULE, STEP_SCHEDULE }, /* swept */
	},
	{	/* the folder is in active/ */
		[NO_TICKET] =	       { STEP_MISSED,	STEP_MISSED },	 /* a lease, then COPY */
		[SPOOL_TICKET_TMP] =   { STEP_OPEN,	STEP_OPEN },
		[SPOOL_TICKET_OFFER] = { STEP_OFFERED,	STEP_WITHDRAW }, /* OFFERED or WITHDRAW */
		[SPOOL_TICKET_VOID] =  { STEP_UNOFFER,	STEP_UNOFFER },
		[SPOOL_TICKET_CLAIM] = { STEP_CLAIMED,	STEP_REVOKED },	 /* or REVOKE; or COPY */
		[SPOOL_TICKET_DONE] =  { STEP_RECORD,	STEP_RECORD },
		[SPOOL_TICKET_BACK] =  { STEP_COPY,	STEP_COPY },
	},
};
/* clang-format on */

/* At once, not by the sweep: the next attempt to offer writes the same name. No client has ever
 * opened it, so nothing can make this wait. */
static void remove_temporary(const struct runner *runner, uint64_t id, unsigned attempt)
{
	char name[SPOOL_TICKET_SIZE];

	(void)unlinkat(runner->inbox_fd,
		       spool_ticket_name(name, id, attempt, SPOOL_TICKET_TMP, NULL), 0);
}

static bool is_spent(enum spool_ticket_kind kind)
{
	return kind == SPOOL_TICKET_VOID || kind == SPOOL_TICKET_DONE || kind == SPOOL_TICKET_BACK;
}

/* An offer may have to be taken back at once. */
static enum step offered(struct job *job)
{
	assert(job->runner);
	if (job->cancel)
		return STEP_WITHDRAW;
	if (!job->runner->open) {
		job->why = job->why ? job->why
				    : xasprintf("runner %s takes no jobs now", job->runner->name);
		return STEP_WITHDRAW;
	}
	return STEP_OFFERED;
}

/* Time counts only while every inbox can be read: the ticket may lie in one that cannot. */
static enum step missed(const struct job *job)
{
	int64_t since = job->co->inboxes_read_since;

	if (since == 0)
		return STEP_MISSED;
	if (since < job->since)
		since = job->since;
	return clock_boot_ms() - since > job->co->opt.lease ? STEP_COPY : STEP_MISSED;
}

static enum step claimed(struct job *job)
{
	if (silence_is_loss(job->co, job->runner))
		return STEP_REVOKE;
	if (job->cancel)
		control_order_cancel(job);
	return STEP_CLAIMED;
}

static enum step revoked(const struct job *job)
{
	if (silence_is_loss(job->co, job->runner))
		return STEP_COPY;
	if (job->step != STEP_REVOKED)
		log_info("%" PRIu64 ": revoked; it rests until runner %s answers or has been "
			 "silent for a whole lease",
			 job->id, job->runner->name);
	return STEP_REVOKED;
}

static void end_ticket(struct coordinator *co, struct runner *runner,
		       const struct spool_ticket_name *tn);

/* The attempt of a job in queued/ is over. */
static void leave_ticket(struct job *job)
{
	struct spool_ticket_name tn = { job->id, job->attempt, job->ticket, "" };

	if (job->rid)
		snprintf(tn.rid, sizeof(tn.rid), "%s", job->rid);
	if (tn.kind == SPOOL_TICKET_TMP)
		tn.attempt++;
	end_ticket(job->co, job->runner, &tn);
	jobs_no_ticket(job);
	jobs_set_runner(job, NULL);
}

void tickets_settle(struct job *job)
{
	unsigned ticket = job->has_ticket ? job->ticket : NO_TICKET;
	enum step step;

	assert(job->place == SPOOL_QUEUED || job->place == SPOOL_ACTIVE);
	assert(!job->has_ticket || job->runner);
	step = due_for[job->place == SPOOL_ACTIVE][ticket][job->marked];
	if (step == STEP_SCHEDULE && job->has_ticket)
		leave_ticket(job);
	else if (step == STEP_OFFERED)
		step = offered(job);
	else if (step == STEP_MISSED)
		step = missed(job);
	else if (step == STEP_CLAIMED)
		step = claimed(job);
	else if (step == STEP_REVOKED)
		step = revoked(job);
	else if (step == STEP_NONE)
		log_trouble("tickets",
			    "%" PRIu64 ": its folder is in queued/ and a ticket is offered: left "
			    "alone, see spoolctl check",
			    job->id);
	jobs_due(job, step == STEP_NONE ? STEP_RETRY : step);
}

/* -- sightings ----------------------------------------------------------------------------------- */

/* How far along its way; a void and a claim exclude each other. */
static int stage(enum spool_ticket_kind kind)
{
	switch (kind) {
	case SPOOL_TICKET_TMP:
		return 1;
	case SPOOL_TICKET_OFFER:
		return 2;
	case SPOOL_TICKET_VOID:
	case SPOOL_TICKET_CLAIM:
		return 3;
	default:
		return 4;
	}
}

struct told {
	unsigned attempt;
	bool running;
};

static int note_state(const struct index_job *row, void *arg)
{
	struct told *told = arg;

	told->running = row->attempt == told->attempt && row->state &&
			strcmp(row->state, "RUNNING") == 0;
	return 0;
}

/* Before a restart of ours? What is not folded into the index yet was told by this run. */
static bool is_told(const struct job *job)
{
	struct told told = { .attempt = job->attempt };

	return index_jobs(job->co->index, job->id, note_state, &told) > 0 && told.running;
}

static void tell_claim(const struct job *job)
{
	struct event e = journal_event(job, state_ticket_verb(TICKET_MOVE_CLAIM));

	e.from = e.to = spool_place_name(SPOOL_ACTIVE);
	e.state = "RUNNING";
	e.by = job->rid;
	e.started_at = clock_wall_ms();
	journal_tell(job->co, &e);
}

/* The job's own attempt. */
static void advance(struct job *job, struct runner *runner, const struct spool_ticket_name *tn)
{
	bool newly_claimed = tn->kind == SPOOL_TICKET_CLAIM;

	if (job->has_ticket && stage(tn->kind) <= stage(job->ticket))
		return;
	if (job->runner != runner)
		jobs_set_runner(job, runner);
	jobs_set_ticket(job, tn->kind, tn->rid);
	job->since = clock_boot_ms();
	if (newly_claimed && !is_told(job))
		tell_claim(job);
	if (!job->busy && job->step != STEP_WITHDRAW)
		tickets_settle(job);
}

/* A marker of the job's own attempt: of a claim, or of one that has gone. */
static void marked(struct job *job)
{
	if (job->marked)
		return;
	job->marked = true;
	if (!job->busy && job->step == STEP_CLAIMED)
		tickets_settle(job);
}

static void sighted(struct coordinator *co, struct job *job, struct runner *runner,
		    const struct spool_ticket_name *tn)
{
	if (tn->attempt == job->attempt) {
		/* In queued/, the job may be on its way to another runner already, with a ticket of
		 * its next attempt. Elsewhere the ticket is on its way to being swept. */
		if (tn->kind == SPOOL_ORDER_REVOKED)
			marked(job);
		else if (job->place == SPOOL_QUEUED && stage(tn->kind) >= 3)
			end_ticket(co, runner, tn);
		else if (job->place == SPOOL_QUEUED || job->place == SPOOL_ACTIVE)
			advance(job, runner, tn);
	} else if (tn->attempt < job->attempt) {
		end_ticket(co, runner, tn);
	} else if (tn->kind == SPOOL_TICKET_TMP && tn->attempt == job->attempt + 1 &&
		   job->place == SPOOL_QUEUED && !job->busy && !job->has_ticket &&
		   job->step != STEP_OFFER) {
		/* A crash before the folder moved: never offered. */
		remove_temporary(runner, tn->id, tn->attempt);
	}
}

/* It has been revoked: the marker must be there, even if somebody has removed it. If its owner has
 * deleted the job's folder, the runner is told to stop. */
static void end_claim(struct coordinator *co, struct runner *runner,
		      const struct spool_ticket_name *tn)
{
	if (revoke_look(runner, tn->id, tn->attempt) != -ENOENT)
		return; /* or nobody can say now */
	if (jobs_find(co, tn->id)) {
		if (revoke_mark(co, runner, tn->id, tn->attempt, "another attempt has begun") == 0)
			log_info("%" PRIu64 ": attempt %u is claimed on %s, but over: revoked",
				 tn->id, tn->attempt, runner->name);
	} else if (tickets_order_cancel(runner, tn->id, tn->attempt, "its folder was removed") ==
		   0) {
		log_trouble("claim", "%" PRIu64 ": claimed on %s, but its folder is gone: stopped",
			    tn->id, runner->name);
	}
}

/* A ticket whose attempt is over, or whose job has no folder. */
static void end_ticket(struct coordinator *co, struct runner *runner,
		       const struct spool_ticket_name *tn)
{
	if (tn->kind == SPOOL_TICKET_TMP) {
		remove_temporary(runner, tn->id, tn->attempt);
	} else if (is_spent(tn->kind)) {
		sweep_ticket(co, runner, tn->id, tn->attempt, tn->kind, tn->rid);
	} else if (tn->kind == SPOOL_TICKET_OFFER) {
		if (state_move_ticket(runner->inbox_fd, TICKET_MOVE_WITHDRAW, tn->id, tn->attempt,
				      NULL) == 0)
			sweep_ticket(co, runner, tn->id, tn->attempt, SPOOL_TICKET_VOID, NULL);
	} else if (tn->kind == SPOOL_TICKET_CLAIM) {
		end_claim(co, runner, tn);
	}
}

struct kept {
	struct runner *runner;
	struct spool_ticket_name name;
};

/* Sightings of jobs that are not known yet: at start, inboxes are listed before folders. */
static struct {
	struct kept *items;
	size_t count;
} strays;

static void keep_stray(struct runner *runner, const struct spool_ticket_name *tn)
{
	strays.items = xrealloc(strays.items, strays.count + 1, sizeof(*strays.items));
	strays.items[strays.count++] = (struct kept){ .runner = runner, .name = *tn };
}

void tickets_settle_strays(struct coordinator *co)
{
	for (size_t i = 0; i < strays.count; i++) {
		struct kept *k = &strays.items[i];
		struct job *job = jobs_find(co, k->name.id);

		if (job)
			sighted(co, job, k->runner, &k->name);
		else
			end_ticket(co, k->runner, &k->name);
	}
	tickets_drop_strays(co);
}

void tickets_drop_strays(struct coordinator *co)
{
	(void)co;
	free(strays.items);
	strays.items = NULL;
	strays.count = 0;
}

static void see(struct coordinator *co, struct runner *runner, const char *name)
{
	struct spool_ticket_name tn;
	struct job *job;

	if (spool_parse_ticket_name(name, &tn) < 0 || tn.kind == SPOOL_ORDER_CANCEL)
		return;
	job = jobs_find(co, tn.id);
	if (!job) {
		keep_stray(runner, &tn);
		return;
	}
	sighted(co, job, runner, &tn);
	/* By number: a sighting may have ended it. */
	job = jobs_find(co, tn.id);
	if (job && job->has_ticket && job->runner == runner && job->attempt == tn.attempt &&
	    job->ticket == tn.kind)
		job->ticket_seen = co->scan_number;
}

void tickets_news(struct coordinator *co, const char *runner, const char *name)
{
	struct runner *r = runners_find(co, runner);

	if (r)
		see(co, r, name);
}

struct listing {
	struct coordinator *co;
	struct runner *runner;
};

static int see_in_listing(const char *name, unsigned char type, void *arg)
{
	struct listing *l = arg;

	(void)type;
	see(l->co, l->runner, name);
	return 0;
}

/* The inbox was removed and has been made anew: from now on that one is meant. */
static void follow_inbox(struct runner *runner, int fd)
{
	if (places_follow(runner->inbox_fd, fd))
		log_info("the inbox of runner %s is another folder now", runner->name);
}

void tickets_scan_inbox(struct coordinator *co, struct runner *runner)
{
	struct listing l = { co, runner };
	int fd = spool_open_inbox(&co->sp, runner->name, false), r;

	if (fd < 0) {
		log_trouble("inbox", "the inbox of runner %s cannot be read: %s", runner->name,
			    strerror(-fd));
		if (fd != -ENOENT)
			co->inboxes_read_since = 0;
		return;
	}
	follow_inbox(runner, fd);
	r = safefs_list(fd, ".", see_in_listing, &l);
	if (r < 0) {
		log_trouble("inbox", "the inbox of runner %s cannot be read: %s", runner->name,
			    strerror(-r));
		co->inboxes_read_since = 0;
	} else {
		runner->read_in_scan = co->scan_number;
	}
	close(fd);
}

/* By name. If it is not there it has moved on, which the inbox tells, or was removed by hand. */
static void look_for_ticket(struct job *job)
{
	char name[SPOOL_TICKET_SIZE];

	spool_ticket_name(name, job->id, job->attempt, job->ticket, job->rid);
	if (safefs_look(job->runner->inbox_fd, name, NULL) != -ENOENT)
		return;
	jobs_no_ticket(job);
	job->since = clock_boot_ms();
	tickets_scan_inbox(job->co, job->runner);
}

void tickets_look_after(struct job *job)
{
	enum step step = job->step;

	if (job->has_ticket && job->runner && job->ticket_seen != job->co->scan_number)
		look_for_ticket(job);
	if (job->step == step) /* else what was found has settled it */
		tickets_settle(job);
}

bool tickets_is_lost(struct job *job)
{
	if (!job->has_ticket || job->ticket == SPOOL_TICKET_BACK)
		return true;
	if (job->ticket == SPOOL_TICKET_CLAIM) {
		job->marked = revoke_look(job->runner, job->id, job->attempt) == 0;
		look_for_ticket(job);
		if (job->has_ticket && job->ticket == SPOOL_TICKET_CLAIM && job->marked)
			return true;
	}
	if (job->step == STEP_LOSE)
		tickets_settle(job);
	return false;
}

void tickets_withdraw_all(struct coordinator *co, struct runner *runner)
{
	struct job *job, *next;

	for (job = TAILQ_FIRST(&co->due[STEP_OFFERED]); job; job = next) {
		next = TAILQ_NEXT(job, link);
		if (job->runner == runner)
			tickets_settle(job);
	}
}

int tickets_order_cancel(const struct runner *runner, uint64_t id, unsigned attempt,
			 const char *text)
{
	char name[SPOOL_TICKET_SIZE];

	spool_ticket_name(name, id, attempt, SPOOL_ORDER_CANCEL, NULL);
	if (safefs_look(runner->inbox_fd, name, NULL) == 0)
		return 0;
	return safefs_replace(runner->inbox_fd, name, text, strlen(text), 0660, false);
}
