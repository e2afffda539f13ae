/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_records - can the records in the job folders be read, and do they say what the log says?
 *
 * Opens every folder: .spool-manifest of all, job.result of the ended ones. A folder that has gone
 * or moved since the places were listed is passed over: the next look finds it where it is.
 */
#include "check.h"

#include "cleanup.h"
#include "escape.h"
#include "index.h"
#include "manifest.h"
#include "record.h"
#include "ticket.h"

#include <inttypes.h>
#include <string.h>

#define REMEDY_RECORD "results are not touched by this; if the job is of no more use: spoolctl rm"
#define REMEDY_REPLAY "keep the folder and the log, and report this as a fault of spoold"

struct compare {
	struct check *c;
	const struct check_folder *folder;
	const struct ticket *ticket;
};

static void differs(const struct compare *cmp, const char *what, int64_t log, int64_t record)
{
	if (log != record)
		check_note(cmp->c, REMEDY_REPLAY,
			   "job %" PRIu64 ": %s is %" PRId64 " in the log and %" PRId64
			   " in job.result",
			   cmp->folder->id, what, log, record);
}

static void texts_differ(const struct compare *cmp, const char *what, const char *log,
			 const char *record)
{
	_cleanup_free_ char *a = escape_text(log ? log : "", ESCAPE_FIELD),
			    *b = escape_text(record ? record : "", ESCAPE_FIELD);

	if (strcmp(a, b) != 0)
		check_note(cmp->c, REMEDY_REPLAY,
			   "job %" PRIu64 ": %s is %s in the log and %s in job.result",
			   cmp->folder->id, what, a, b);
}

/* The log's row of an ended job against its record. */
static int compare_row(const struct index_job *row, void *arg)
{
	const struct compare *cmp = arg;
	const struct ticket *t = cmp->ticket;

	texts_differ(cmp, "its state", row->state, t->state);
	/* Without an offer it has never run: there is nothing more to compare. */
	if (!(t->blocks & TICKET_OFFER))
		return 1;
	differs(cmp, "its attempt", row->attempt, t->attempt);
	texts_differ(cmp, "its runner", row->runner, t->runner);
	differs(cmp, "its exit code", row->has_exit ? row->exit_code : -1, t->exit_code);
	differs(cmp, "its signal", row->term_signal, t->term_signal);
	/* The log has the time of the claim until a start is told; some never come to it. */
	if (t->started_at)
		differs(cmp, "its start (ms)", row->started_at, t->started_at);
	differs(cmp, "its end (ms)", row->finished_at, t->finished_at);
	differs(cmp, "its time (ms)", row->wall_ms, t->wall_ms);
	differs(cmp, "its processor time (ms)", row->cpu_ms, t->cpu_ms);
	differs(cmp, "its peak memory", (int64_t)row->peak_memory, (int64_t)t->peak_memory);
	return 1;
}

static void look_at_outcome(struct check *c, const struct check_folder *f, const struct ticket *t)
{
	struct compare cmp = { .c = c, .folder = f, .ticket = t };
	bool done = strcmp(t->state, "DONE") == 0;

	if ((t->blocks & TICKET_OFFER) && t->id != f->id)
		check_note(c, REMEDY_RECORD,
			   "job %" PRIu64 ": its job.result is that of job %" PRIu64, f->id, t->id);
	else if (done != (f->place == SPOOL_DONE))
		check_note(c, REMEDY_REPLAY,
			   "job %" PRIu64 ": it is in spool/%s, but its job.result says %s", f->id,
			   spool_place_name(f->place), t->state);
	else if (c->log && f->in_log)
		index_jobs(c->log, f->id, compare_row, &cmp);
}

/* *ret_rejected: it was never admitted, so it need not have a manifest. */
static void look_at_result(struct check *c, const struct check_folder *f, int fd,
			   bool *ret_rejected)
{
	_cleanup_free_ char *text = NULL;
	struct ticket t = { 0 };
	size_t len;
	int r = safefs_read(fd, SPOOL_RESULT, RECORD_MAX_BYTES, &text, &len, NULL);

	if (r < 0) {
		check_note(c, REMEDY_RECORD,
			   "job %" PRIu64 ": spool/%s/%s/job.result cannot be read: %s", f->id,
			   spool_place_name(f->place), f->name, strerror(-r));
		return;
	}
	r = ticket_parse(text, len, &t, NULL);
	if (r != RECORD_WHOLE || !(t.blocks & TICKET_OUTCOME) || !(t.blocks & TICKET_FILED)) {
		check_note(c, REMEDY_RECORD, "job %" PRIu64 ": spool/%s/%s/job.result is %s", f->id,
			   spool_place_name(f->place), f->name,
			   r == RECORD_FOREIGN ? "of another version"
					       : "not whole: its checksum or a block is missing");
	} else {
		*ret_rejected = strcmp(t.state, "REJECTED") == 0;
		look_at_outcome(c, f, &t);
	}
	if (r == RECORD_WHOLE || r == RECORD_TORN)
		ticket_free(&t);
}

static void look_at_manifest(struct check *c, const struct check_folder *f, int fd, bool rejected)
{
	struct manifest m = { 0 };
	int r = manifest_read(fd, false, &m);

	if (r == 0 && m.id != f->id)
		check_note(c, REMEDY_RECORD,
			   "job %" PRIu64 ": its .spool-manifest is that of job %" PRIu64, f->id,
			   m.id);
	if (r == 0)
		manifest_free(&m);
	/* Rejected or cancelled before it was examined: there is none, or that of the folder's
	 * former life. */
	else if (!(rejected && r == -ENOENT))
		check_note(c, REMEDY_RECORD,
			   "job %" PRIu64 ": spool/%s/%s/.spool-manifest cannot be read: %s", f->id,
			   spool_place_name(f->place), f->name,
			   r == -EBADMSG ? "it is damaged" : strerror(-r));
}

static void look_at_folder(struct check *c, const struct check_folder *f, int place_fd)
{
	_cleanup_close_ int fd = safefs_open_dir(place_fd, f->name);
	bool rejected = false;

	if (fd < 0) {
		if (fd != -ENOENT && fd != -ESTALE)
			check_note(c, "give whoever runs spoold access to it",
				   "job %" PRIu64 ": spool/%s/%s cannot be opened: %s", f->id,
				   spool_place_name(f->place), f->name, strerror(-fd));
		return;
	}
	if (f->place == SPOOL_DONE || f->place == SPOOL_FAILED)
		look_at_result(c, f, fd, &rejected);
	look_at_manifest(c, f, fd, rejected);
}

void check_records(struct check *c)
{
	int fds[SPOOL_PLACES];

	for (int place = 0; place < SPOOL_PLACES; place++)
		fds[place] = -1;
	for (size_t i = 0; i < c->count; i++) {
		const struct check_folder *f = &c->folders[i];

		if (f->place == SPOOL_LOST || f->doubled)
			continue;
		if (fds[f->place] < 0)
			fds[f->place] = safefs_open_dir(c->sp->fd, spool_place_name(f->place));
		if (fds[f->place] >= 0)
			look_at_folder(c, f, fds[f->place]);
	}
	for (int place = 0; place < SPOOL_PLACES; place++) {
		if (fds[place] >= 0)
			close(fds[place]);
	}
}
