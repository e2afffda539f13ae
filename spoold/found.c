/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * found - the index is brought up to the folders by events, like everything else in it.
 *
 * A crash between a rename and its line in the log, a deleted index with a deleted log, a folder
 * that somebody removed: the scan sees the folders, asks the index, and tells the difference as an
 * event "found" or "gone". So a rebuilt index equals the share again.
 */
#include "found.h"

#include "cleanup.h"
#include "control.h"
#include "event.h"
#include "index.h"
#include "jobs.h"
#include "journal.h"
#include "manifest.h"
#include "record.h"
#include "ticket.h"
#include "tickets.h"
#include "users.h"
#include "xalloc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* -- one folder ---------------------------------------------------------------------------------- */

/* The admission's part of an event; strings borrowed from m. */
static void tell_manifest(struct event *e, const struct manifest *m)
{
	e->name = m->name;
	e->user = m->user;
	e->app = m->needs.app;
	e->group = m->group;
	e->ttl_ms = m->needs.ttl_ms;
	e->cores = m->needs.cores;
	e->memory = m->needs.memory;
	e->queued_at = m->queued_at;
}

static void tell_outcome(struct event *e, const struct ticket *t)
{
	e->attempt = t->attempt ? t->attempt : e->attempt;
	e->state = t->state ? t->state : e->state;
	e->why = t->reason;
	e->runner = t->runner;
	e->has_exit = t->exit_code >= 0 && (t->blocks & TICKET_OUTCOME);
	e->exit_code = t->exit_code;
	e->term_signal = t->term_signal;
	e->started_at = t->started_at;
	e->finished_at = t->finished_at;
	e->wall_ms = t->wall_ms;
	e->cpu_ms = t->cpu_ms;
	e->peak_memory = t->peak_memory;
}

/* Tells "found" with all that the folder's own records say. */
static void tell_found(struct coordinator *co, struct event *e, int dir)
{
	_cleanup_free_ char *text = NULL;
	struct manifest m = { 0 };
	struct ticket t = { 0 };
	struct stat st;
	size_t len;

	if (dir >= 0 && manifest_read(dir, true, &m) == 0)
		tell_manifest(e, &m);
	else if (dir >= 0 && fstat(dir, &st) == 0)
		e->user = users_name(st.st_uid);
	if (e->state == NULL && dir >= 0 &&
	    safefs_read(dir, SPOOL_RESULT, RECORD_MAX_BYTES, &text, &len, NULL) == 0 &&
	    ticket_parse(text, len, &t, NULL) == RECORD_WHOLE)
		tell_outcome(e, &t);
	if (!e->state)
		e->state = e->to && strcmp(e->to, spool_place_name(SPOOL_DONE)) == 0 ? "DONE"
										     : "FAILED";
	e->by = "scan";
	journal_tell(co, e);
	manifest_free(&m);
	ticket_free(&t);
}

struct wanted {
	const char *place, *folder;
	bool same;
};

static int same_place(const struct index_job *row, void *arg)
{
	struct wanted *w = arg;

	w->same = row->place && row->folder && strcmp(row->place, w->place) == 0 &&
		  strcmp(row->folder, w->folder) == 0;
	return 0;
}

/* Ended jobs whose folders this scan has met. */
static struct {
	uint64_t *ids;
	size_t count, room;
} met;

void found_begin(void)
{
	met.count = 0;
}

static void note_met(uint64_t id)
{
	if (met.count == met.room) {
		met.room = met.room ? 2 * met.room : 1024;
		met.ids = xrealloc(met.ids, met.room, sizeof(*met.ids));
	}
	met.ids[met.count++] = id;
}

static int by_id(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void found_ended(struct coordinator *co, enum spool_place place, const char *name)
{
	struct wanted w = { .place = spool_place_name(place), .folder = name };
	struct event e = { .verb = "found" };
	struct spool_job_name parsed;
	_cleanup_close_ int dir = -1;

	if (spool_parse_job_folder(name, &parsed) < 0 || jobs_find(co, parsed.id))
		return;
	note_met(parsed.id);
	if (index_jobs(co->index, parsed.id, same_place, &w) < 0 || w.same)
		return;
	dir = safefs_open_dir(co->sp.place_fd[place], name);
	e.id = parsed.id;
	e.attempt = parsed.attempt;
	e.to = w.place;
	e.folder = name;
	tell_found(co, &e, dir);
}

static int note_name(const char *name, unsigned char type, void *arg)
{
	char **ret = arg;

	(void)type;
	if (!spool_is_ours(name) && !spool_is_litter(name) && !*ret)
		*ret = xstrdup(name);
	return 0;
}

void found_name_wrapped(struct job *job)
{
	_cleanup_close_ int dir = jobs_open_folder(job);
	_cleanup_free_ char *name = NULL;
	char reduced[SPOOL_NAME_SIZE];

	if (dir < 0 || safefs_list(dir, ".", note_name, &name) < 0 || !name)
		return;
	free(job->name);
	job->name = xstrdup(spool_reduce_name(name, reduced));
}

void found_needs(struct job *job)
{
	_cleanup_close_ int dir = jobs_open_folder(job);
	struct manifest m = { 0 };
	struct stat st;

	job->cores = 1;
	if (dir >= 0 && manifest_read(dir, true, &m) == 0) {
		job->cores = m.needs.cores;
		job->uid = m.uid;
		control_recall_nonce(job, &m);
		control_reply_admission(job, NULL);
	} else if (dir >= 0 && fstat(dir, &st) == 0) {
		job->uid = st.st_uid;
	}
	manifest_free(&m);
}

void found_deleted(struct job *job)
{
	if (job->step == STEP_OFFERED) {
		job->cancel = true;
		jobs_due(job, STEP_WITHDRAW);
		return;
	}
	control_folder_gone(job);
	control_job_ended(job, "gone");
	if (job->has_ticket && job->ticket == SPOOL_TICKET_CLAIM && job->runner && !job->marked)
		(void)tickets_order_cancel(job->runner, job->id, job->attempt,
					   "its folder was removed");
	jobs_forget(job);
}

/* -- everything ---------------------------------------------------------------------------------- */

static const char *state_of(const struct job *job)
{
	if (job->place == SPOOL_QUEUED)
		return "QUEUED";
	if (!job->has_ticket || job->ticket == SPOOL_TICKET_TMP ||
	    job->ticket == SPOOL_TICKET_OFFER)
		return "OFFERED";
	return job->ticket == SPOOL_TICKET_CLAIM ? "RUNNING" : "COMPLETING";
}

static void compare_job(struct coordinator *co, struct job *job)
{
	struct event e = journal_event(job, "found");
	_cleanup_close_ int dir = -1;

	if (index_holds(co->index, job->id, job->attempt, spool_place_name(job->place), job->at))
		return;
	dir = jobs_open_folder(job);
	if (dir < 0)
		return;
	e.to = spool_place_name(job->place);
	e.state = state_of(job);
	tell_found(co, &e, dir);
}

struct lost_rows {
	struct coordinator *co;
	uint64_t *ids;
	size_t count;
};

/* A row whose folder is nowhere. */
static int check_row(const struct index_job *row, void *arg)
{
	struct lost_rows *l = arg;
	struct stat st;

	if (jobs_find(l->co, row->id) ||
	    (met.count > 0 && bsearch(&row->id, met.ids, met.count, sizeof(row->id), by_id)))
		return 0;
	for (enum spool_place place = SPOOL_QUEUED; place <= SPOOL_FAILED; place++)
		if (row->place && row->folder && strcmp(row->place, spool_place_name(place)) == 0 &&
		    fstatat(l->co->sp.place_fd[place], row->folder, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return 0;
	l->ids = xrealloc(l->ids, l->count + 1, sizeof(*l->ids));
	l->ids[l->count++] = row->id;
	return 0;
}

void found_compare_index(struct coordinator *co)
{
	struct lost_rows lost = { .co = co };
	struct job *job, *next;

	journal_flush(co, true);
	HASH_ITER(hh, co->jobs, job, next)
		if (!job->busy && (job->place == SPOOL_QUEUED || job->place == SPOOL_ACTIVE))
			compare_job(co, job);
	if (met.count > 0)
		qsort(met.ids, met.count, sizeof(*met.ids), by_id);
	(void)index_jobs(co->index, 0, check_row, &lost);
	for (size_t i = 0; i < lost.count; i++) {
		struct event e = { .id = lost.ids[i],
				   .verb = "gone",
				   .by = "scan",
				   .why = "its folder is not there" };

		journal_tell(co, &e);
	}
	free(lost.ids);
	journal_flush(co, true);
}
