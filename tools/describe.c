/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * describe - the details of listed jobs: from the newest snapshot, then from the records beside the
 * results.
 *
 * A snapshot is some seconds old at most while the coordinator lives, and of any age otherwise. So
 * what it says of a job that has moved since counts only where it cannot have changed: name, user,
 * application, limits. Records are read for ended jobs alone; the ticket of a live one is never
 * opened (see inboxes.h). Nothing is changed.
 */
#include "describe.h"

#include "cleanup.h"
#include "clock.h"
#include "index.h"
#include "jobs.h"
#include "manifest.h"
#include "record.h"
#include "snapshot.h"
#include "ticket.h"
#include "xalloc.h"

#include <string.h>

static void set(char **field, const char *value)
{
	if (!value || !*value)
		return;
	free(*field);
	*field = xstrdup(value);
}

/* What does not change from admission on. */
static void take_constant(struct job *job, const struct index_job *row)
{
	set(&job->name, row->name);
	set(&job->user, row->user);
	set(&job->app, row->app);
	set(&job->group, row->group);
	job->queued_at = row->queued_at;
	job->ttl_ms = row->ttl_ms;
	job->memory = row->memory;
	job->cores = row->cores;
	job->known = true;
}

/* What belongs to this place and attempt. The state of an active job is read from its ticket, which
 * is newer. */
static void take_current(struct job *job, const struct index_job *row)
{
	if (job->place != SPOOL_ACTIVE)
		set(&job->state, row->state);
	if (!job->runner)
		set(&job->runner, row->runner);
	set(&job->reason, row->reason);
	job->started_at = row->started_at;
	job->settled = true;
	if (!(JOBS_IN(job->place) & JOBS_ENDED))
		return;
	job->finished_at = row->finished_at;
	job->peak_memory = row->peak_memory;
	if (row->started_at) {
		job->wall_ms = row->wall_ms;
		job->cpu_ms = row->cpu_ms;
	}
	job->term_signal = row->term_signal;
	if (row->has_exit)
		job->exit_code = row->exit_code;
	if (job->attempt == 0)
		job->attempt = row->attempt;
}

static int take_row(const struct index_job *row, void *arg)
{
	struct job *job = jobs_get(arg, row->id);

	if (!job)
		return 0;
	take_constant(job, row);
	if (row->place && row->folder && strcmp(row->folder, job->folder) == 0 &&
	    strcmp(row->place, spool_place_name(job->place)) == 0)
		take_current(job, row);
	return 0;
}

static void take_outcome(struct job *job, const struct ticket *t)
{
	set(&job->state, t->state);
	set(&job->reason, t->reason);
	job->started_at = t->started_at;
	job->finished_at = t->finished_at;
	job->peak_memory = t->peak_memory;
	job->exit_code = t->exit_code;
	job->term_signal = t->term_signal;
	if (t->started_at) {
		job->wall_ms = t->wall_ms;
		job->cpu_ms = t->cpu_ms;
	}
}

static void take_ticket(struct job *job, const struct ticket *t)
{
	if (t->blocks & TICKET_OFFER) {
		set(&job->name, t->name);
		set(&job->user, t->user);
		set(&job->app, t->app);
		job->attempt = t->attempt;
		job->queued_at = t->queued_at;
		job->ttl_ms = t->ttl_ms;
		job->memory = t->memory;
		job->cores = t->cores;
	}
	if (t->blocks & TICKET_CLAIM)
		set(&job->runner, t->runner);
	if (t->blocks & TICKET_OUTCOME)
		take_outcome(job, t);
}

/* place_fd: the job's place, opened afresh. */
static void read_record(int place_fd, struct job *job)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", job->folder, SPOOL_RESULT), *text = NULL;
	struct ticket t = { 0 };
	size_t len;
	int r;

	if (safefs_read(place_fd, path, RECORD_MAX_BYTES, &text, &len, NULL) < 0)
		return;
	r = ticket_parse(text, len, &t, NULL);
	if (r != RECORD_WHOLE && r != RECORD_TORN)
		return;
	/* A job may write a file of that name itself; ours names the job. */
	if (!(t.blocks & TICKET_OFFER) || t.id == job->id)
		take_ticket(job, &t);
	ticket_free(&t);
}

/* What was settled at admission. */
static void read_manifest(int place_fd, struct job *job)
{
	_cleanup_close_ int fd = safefs_open_dir(place_fd, job->folder);
	struct manifest m = { 0 };

	if (fd < 0 || manifest_read(fd, true, &m) < 0)
		return;
	if (m.id == job->id) {
		set(&job->name, m.name);
		set(&job->user, m.user);
		set(&job->group, m.group);
		set(&job->app, m.needs.app);
		job->queued_at = m.queued_at;
		job->ttl_ms = m.needs.ttl_ms;
		job->memory = m.needs.memory;
		job->cores = m.needs.cores;
		job->known = true;
	}
	manifest_free(&m);
}

/* For what the snapshot did not tell. fds: the places opened so far, -1 for the others. */
static void look_at_folder(const struct spool *sp, struct job *job, int *fds)
{
	bool ended = JOBS_IN(job->place) & JOBS_ENDED;

	if (fds[job->place] < 0)
		fds[job->place] = safefs_open_dir(sp->fd, spool_place_name(job->place));
	if (fds[job->place] < 0)
		return;
	if (ended && !job->settled)
		read_record(fds[job->place], job);
	if (!job->known)
		read_manifest(fds[job->place], job);
	if (!job->user && jobs_owner(sp, job) != (uid_t)-1)
		job->user = xstrdup(jobs_user_name(job->uid));
}

static void look_at_folders(const struct spool *sp, struct jobs *jobs)
{
	int fds[SPOOL_PLACES];

	for (int place = 0; place < SPOOL_PLACES; place++)
		fds[place] = -1;
	for (size_t i = 0; i < jobs->count; i++)
		look_at_folder(sp, &jobs->items[i], fds);
	for (int place = 0; place < SPOOL_PLACES; place++) {
		if (fds[place] >= 0)
			close(fds[place]);
	}
}

void describe_jobs(const struct spool *sp, struct jobs *jobs)
{
	struct index *ix;

	if (jobs->count && snapshot_open(sp, &ix, NULL) == 0) {
		index_jobs(ix, jobs->count == 1 ? jobs->items[0].id : 0, take_row, jobs);
		index_close(ix);
	}
	look_at_folders(sp, jobs);
}

void describe_job(const struct spool *sp, struct job *job)
{
	struct jobs one = { .items = job, .count = 1 };

	describe_jobs(sp, &one);
}
