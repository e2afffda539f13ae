/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serve - the turns of the loop.
 *
 * Touches nothing by itself: the share is the worker's, one pass at a time, and jobs are the
 * launcher's. A pass is due when something has come into the inbox, when a job has ended, and when
 * the time for a look or a beat is there; whatever comes while one is under way makes the next one
 * due, so what has arrived by then goes together. A crash loses no more than this process's memory.
 */
#include "serve.h"

#include "clock.h"
#include "gather.h"
#include "host.h"
#include "launch.h"
#include "log.h"
#include "options.h"
#include "runner.h"
#include "software.h"
#include "streams.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define FLOW_LOOK_MS 100 /* after something has come or gone; then longer and longer */
#define RETRY_MS 1000

/* -- making up a pass ---------------------------------------------------------------------------- */

static const char *state_now(const struct runner *r, unsigned used)
{
	if (r->draining)
		return TAILQ_EMPTY(&r->jobs) ? "DRAINED" : "DRAINING";
	if (r->unfit)
		return "UNFIT";
	if (used == 0)
		return "IDLE";
	return used < r->slots ? "MIXED" : "BUSY";
}

static bool takes_jobs(const struct runner *r)
{
	return !r->draining && !r->unfit && clock_boot_ms() >= r->no_claims_before;
}

static void fill_beat(struct runner *r, struct pass *p)
{
	unsigned used = launch_used(r);
	const struct job *job;

	p->beat_due = true;
	p->beat.instance = xstrdup(r->rid);
	p->beat.counter = ++r->beats;
	p->beat.at = clock_wall_ms();
	host_now("", &p->beat.load, &p->beat.free_memory);
	p->beat.free_slots = takes_jobs(r) ? r->slots - used : 0;
	p->beat.state = xstrdup(state_now(r, used));
	TAILQ_FOREACH(job, &r->jobs, link)
		if (job->phase == JOB_READY || job->phase == JOB_RUNNING)
			strlist_add(&p->beat.running, job->label);
}

/* Has it ended, and is nothing left to be done but to tell? */
static bool is_to_be_told(const struct job *job)
{
	return job->phase == JOB_ENDED && !job->gathering && !job->flushing &&
	       !gather_wanted(job) && (job->way != WAY_DONE || !job->unread);
}

static void lend(struct job ***list, size_t *count, struct job *job)
{
	pass_add_job(list, count, job);
	job->lent = true;
}

/* Hands over all that has ended, and those that waited for cores which are free now. */
static void fill_jobs(struct runner *r, struct pass *p, bool ended)
{
	unsigned free_cores = r->slots - launch_used(r);
	size_t count = 0;
	struct job *job;

	TAILQ_FOREACH(job, &r->jobs, link)
		count++;
	p->known = xcalloc(count + 1, sizeof(*p->known));
	TAILQ_FOREACH(job, &r->jobs, link) {
		p->known[p->known_count++] = (struct pass_known){
			.id = job->id,
			.tag = job->tag,
			.attempt = job->attempt,
			.held = job->phase < JOB_ENDED,
		};
		if (ended && is_to_be_told(job)) {
			lend(&p->finish, &p->finish_count, job);
			continue;
		}
		if (job->unread) {
			lend(&p->adopted, &p->adopted_count, job);
			free_cores = 0; /* how many it has is not known */
			continue;
		}
		if (job->phase == JOB_CLAIMED)
			lend(&p->unstamped, &p->unstamped_count, job);
		if (job->phase != JOB_WAITING)
			continue;
		if (job->ticket.cores > free_cores) { /* in order: the large are not overtaken */
			free_cores = 0;
			continue;
		}
		free_cores -= job->ticket.cores;
		lend(&p->prepare, &p->prepare_count, job);
	}
	p->taking = !r->draining;
	p->free_cores = takes_jobs(r) ? free_cores : 0;
}

static void fill_wishes(struct runner *r, struct pass *p, int64_t now)
{
	p->applied = r->applied;
	p->applied_count = r->applied_count;
	r->applied = NULL;
	r->applied_count = 0;
	if (r->reg_due)
		p->registration = registration_write(&r->reg, &p->registration_len);
	r->reg_due = false;
	p->want_inbox = r->inbox_due;
	p->want_names = !r->asking && now >= r->next_names;
	p->probe = &r->opt->probe;
	p->unfit = r->unfit;
	if (p->want_names)
		r->next_names = now + r->opt->look_again;
}

/* Where nobody tells us: the next offer may follow at once, or not for hours, so the time between
 * looks doubles with each that finds nothing. A runner without a free core waits for no offer. */
static int64_t look_every(const struct runner *r, int64_t now)
{
	int64_t quiet = now - r->last_flow;

	if (r->watching || quiet >= r->opt->poll || launch_used(r) >= r->slots)
		return r->opt->poll;
	return quiet < FLOW_LOOK_MS ? FLOW_LOOK_MS : quiet;
}

static void pass_done(void *arg, int result);

static void begin_pass(struct runner *r, int64_t now)
{
	struct pass *p = pass_new(&r->share, r);

	r->last_pass = r->leaving && TAILQ_EMPTY(&r->jobs);
	if (now >= r->next_beat || r->last_pass) {
		fill_beat(r, p);
		r->next_beat = now + r->opt->beat;
	}
	fill_jobs(r, p, now >= r->not_ended_before);
	fill_wishes(r, p, now);
	r->wake = false;
	r->next_look = now + look_every(r, now);
	r->pass = p;
	worker_submit(r->worker, pass_run, pass_done, p);
}

/* -- what came of it ----------------------------------------------------------------------------- */

static struct job *find(const struct runner *r, uint64_t id, unsigned attempt)
{
	struct job *job;

	TAILQ_FOREACH(job, &r->jobs, link)
		if (job->id == id && job->attempt == attempt)
			return job;
	return NULL;
}

/* What was lent, and what is new. */
static void take_jobs(struct runner *r, struct pass *p)
{
	struct job *job;

	TAILQ_FOREACH(job, &r->jobs, link)
		job->lent = false;
	for (size_t i = 0; i < p->claimed_count; i++) {
		TAILQ_INSERT_TAIL(&r->jobs, p->claimed[i], link);
		r->last_flow = clock_boot_ms();
	}
	for (size_t i = 0; i < p->adopted_count; i++) {
		job = p->adopted[i];
		if (job->way == WAY_BACK && job->phase == JOB_RUNNING && job->stop == WHY_NOT)
			launch_stop(job, WHY_EVICT, WAY_BACK, 0, NULL);
	}
}

static void apply_order(struct runner *r, struct pass_order *order)
{
	const struct spool_ticket_name *t = &order->name;
	struct job *job = find(r, t->id, t->attempt);

	if (t->kind == SPOOL_ORDER_REVOKED) {
		if (job && (job->stop == WHY_NOT || job->stop_wait_ms > 0)) {
			log_info("%s: revoked", job->label);
			launch_stop(job, WHY_EVICT, WAY_BACK, 0, NULL);
		}
		return;
	}
	if (job && job->stop == WHY_NOT && job->phase < JOB_ENDED) {
		log_info("%s: to be cancelled: %s", job->label, order->reason);
		launch_stop(job, WHY_CANCEL, WAY_DONE, r->opt->kill_wait, order->reason);
		order->reason = NULL;
	}
	r->applied = xrealloc(r->applied, r->applied_count + 1, sizeof(*r->applied));
	r->applied[r->applied_count++] = *t;
}

static void drop_gone(struct runner *r, const struct pass *p)
{
	for (size_t i = 0; i < p->known_count; i++) {
		struct job *job = find(r, p->known[i].id, p->known[i].attempt);

		if (!p->known[i].gone || !job || job->stop_way == WAY_DROP)
			continue;
		log_warn("%s: its claim has vanished from the inbox: it is ended", job->label);
		launch_stop(job, WHY_EVICT, WAY_DROP, 0, NULL);
	}
}

static void forget_filed(struct runner *r)
{
	struct job *job = TAILQ_FIRST(&r->jobs);

	while (job) {
		struct job *next = TAILQ_NEXT(job, link);

		if (job->phase == JOB_FILED) {
			launch_forget(r, job);
			r->last_flow = clock_boot_ms();
		}
		job = next;
	}
}

static void ask_versions(struct runner *r, struct strlist *names);

static void take_trouble(struct runner *r, const struct pass *p, int64_t now)
{
	if (p->result < 0) /* told already; a share that was opened anew gets its time too */
		r->not_before = now + RETRY_MS;
	if (p->mended) {
		r->reg_due = true;
		/* Watched is a local disk only: a client of a network sees nothing of others. */
		r->inbox_due = r->share.sp.kind == SAFEFS_LOCAL;
		r->watching = r->watching && r->inbox_due;
		r->next_beat = now;
		/* Over the old number, which needs no free one. */
		if (dup3(r->share.sp.fd, r->spool_fd, O_CLOEXEC) < 0)
			log_error("spool/ cannot be followed: %s", strerror(errno));
	}
	if (p->unfit != r->unfit) /* the coordinator shall know */
		r->next_beat = now;
	r->unfit = p->unfit;
	if (p->more) {
		r->not_ended_before = now + RETRY_MS;
		r->next_look = r->not_ended_before;
	}
	/* What was to be written was perhaps not. */
	if ((p->result < 0 || p->more) && p->registration)
		r->reg_due = true;
	if ((p->result < 0 || p->more) && p->beat_due)
		r->next_beat = now + RETRY_MS;
}

static void pass_done(void *arg, int result)
{
	struct pass *p = arg;
	struct runner *r = p->owner;
	int64_t now = clock_boot_ms();

	(void)result;
	r->pass = NULL;
	if (p->looked_at)
		r->looked_at = p->looked_at;
	if (p->good_until)
		r->good_until = p->good_until;
	take_jobs(r, p);
	for (size_t i = 0; i < p->order_count; i++)
		apply_order(r, &p->orders[i]);
	drop_gone(r, p);
	forget_filed(r);
	take_trouble(r, p, now);
	if (p->inbox_fd >= 0) {
		r->new_inbox = p->inbox_fd;
		r->inbox_due = false;
	}
	if (p->want_names && p->result == 0)
		ask_versions(r, &p->names);
	else if (p->want_names)
		r->next_names = now + RETRY_MS;
	if (r->share.unsealed >= 0)
		worker_submit(r->worker, pass_seal, NULL, &r->share);
	if (r->last_pass)
		r->finished = true;
	pass_free(p);
}

/* -- which programs are here --------------------------------------------------------------------- */

struct question {
	struct runner *r;
	struct strlist names, found;
};

static int versions_run(void *arg)
{
	struct question *q = arg;

	software_versions(&q->names, &q->found);
	/* What they had started themselves is ours now, and dead. */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
	return 0;
}

static bool equal(const struct strlist *a, const struct strlist *b)
{
	bool same = a->count == b->count;

	for (size_t i = 0; same && i < a->count; i++)
		same = strcmp(a->items[i], b->items[i]) == 0;
	return same;
}

static void versions_done(void *arg, int result)
{
	struct question *q = arg;
	struct runner *r = q->r;

	(void)result;
	r->asking = false;
	if (!equal(&r->reg.software, &q->found)) {
		strlist_free(&r->reg.software);
		r->reg.software = q->found;
		q->found = (struct strlist){ 0 };
		r->reg_due = true;
	}
	strlist_free(&q->names);
	strlist_free(&q->found);
	free(q);
}

static void ask_versions(struct runner *r, struct strlist *names)
{
	struct question *q = xcalloc(1, sizeof(*q));

	q->r = r;
	q->names = *names;
	*names = (struct strlist){ 0 };
	r->asking = true;
	worker_submit(r->chores, versions_run, versions_done, q);
}

/* -- turns --------------------------------------------------------------------------------------- */

static bool any_to_be_told(const struct runner *r)
{
	const struct job *job;

	TAILQ_FOREACH(job, &r->jobs, link)
		if (is_to_be_told(job))
			return true;
	return false;
}

static bool pass_wanted(const struct runner *r, int64_t now)
{
	if (r->finished || now < r->not_before)
		return r->leaving && !r->finished && TAILQ_EMPTY(&r->jobs);
	return r->wake || r->reg_due || r->applied_count > 0 || now >= r->next_look ||
	       now >= r->next_beat || (now >= r->not_ended_before && any_to_be_told(r)) ||
	       (r->leaving && TAILQ_EMPTY(&r->jobs));
}

static void stop_all(struct runner *r)
{
	struct job *job;

	TAILQ_FOREACH(job, &r->jobs, link)
		if (!job->lent && job->stop == WHY_NOT)
			launch_stop(job, WHY_EVICT, WAY_BACK, r->opt->kill_wait, NULL);
}

bool serve_turn(struct runner *r)
{
	int64_t now = clock_boot_ms();
	bool blocked;

	if (r->stopping) /* those too that a pass has brought meanwhile */
		stop_all(r);
	if (!r->pass)
		launch_settle(r);
	blocked = launch_push(r);
	gather_begin(r, now);
	streams_flush(r, now);
	if (!r->pass && pass_wanted(r, now))
		begin_pass(r, now);
	return blocked;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t serve_due(const struct runner *r)
{
	int64_t due = earlier(r->next_look, r->next_beat);
	int64_t aside = earlier(streams_due(r), gather_due(r));

	if (r->pass) /* its end is an event */
		return aside;
	if (any_to_be_told(r))
		due = earlier(due, r->not_ended_before);
	return earlier(due < r->not_before ? r->not_before : due, aside);
}

void serve_news(struct runner *r, const char *name)
{
	struct spool_ticket_name ticket;

	/* Our own renames tell themselves here too. */
	if (!name || (spool_parse_ticket_name(name, &ticket) == 0 &&
		      (ticket.kind == SPOOL_TICKET_OFFER || ticket.kind == SPOOL_ORDER_CANCEL ||
		       ticket.kind == SPOOL_ORDER_REVOKED)))
		r->wake = true;
}

void serve_drain(struct runner *r)
{
	log_info("no new jobs are taken; the end comes when those that run have ended");
	r->draining = r->leaving = true;
	r->next_beat = 0;
}

void serve_stop(struct runner *r)
{
	log_info("stopping: jobs that run are ended and given back");
	r->draining = r->stopping = r->leaving = true;
	r->next_beat = 0;
}
