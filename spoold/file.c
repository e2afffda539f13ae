/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * file - a finished attempt is published.
 *
 * RECORD: the ticket claims/<runner>/<id>.<n>.done.<rid> is read, and its content, closed by our
 * own block, becomes job.result in the folder. FILE: active/<id>.<n>-<name>/ -> done/ or
 * failed/<id>-<name>/ by what the ticket says. Then the ticket is swept. Only the .done ticket
 * leads here, never a job.result alone: a job can write one. A crash leaves an active folder with a
 * .done: both steps are done again.
 */
#include "coordinator.h"

#include "answer.h"
#include "cleanup.h"
#include "clock.h"
#include "control.h"
#include "event.h"
#include "jobs.h"
#include "journal.h"
#include "log.h"
#include "record.h"
#include "syncer.h"
#include "ticket.h"
#include "xalloc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A whole outcome for this very attempt? */
static bool is_fit(const struct job *job, const struct ticket *t)
{
	return (t->blocks & TICKET_OFFER) && (t->blocks & TICKET_OUTCOME) && t->id == job->id &&
	       t->attempt == job->attempt && t->state && state_is_end(t->state);
}

/* Reads the .done ticket: its text (valid part) and what it says. 0; -EBADMSG; other negative
 * errno. */
static int read_ticket(const struct job *job, char **ret_text, size_t *ret_len, struct ticket *t)
{
	char name[SPOOL_TICKET_SIZE];
	size_t len;
	int r;

	spool_ticket_name(name, job->id, job->attempt, SPOOL_TICKET_DONE, job->rid);
	r = safefs_read(job->runner->inbox_fd, name, RECORD_MAX_BYTES, ret_text, &len, NULL);
	if (r < 0)
		return r;
	r = ticket_parse(*ret_text, len, t, ret_len);
	if (r == RECORD_FOREIGN || r < 0)
		return -EBADMSG;
	if (is_fit(job, t))
		return 0;
	ticket_free(t);
	return -EBADMSG;
}

/* Its owner has removed the folder: there is nothing to file. */
static void folder_gone(struct job *job)
{
	control_folder_gone(job);
	control_job_ended(job, "gone: its folder was removed");
	jobs_due(job, STEP_SWEEP);
}

static void forget_result(struct job *job)
{
	if (job->result)
		ticket_free(job->result);
	free(job->result);
	job->result = NULL;
}

/* job.result is there, or not. */
static void recorded(struct job *job, int r)
{
	if (r == 0) {
		jobs_after_sync(job, STEP_FILE);
		return;
	}
	forget_result(job);
	if (r == -ENOENT && jobs_folder_is_gone(job)) {
		folder_gone(job);
		return;
	}
	log_trouble("record",
		    "%" PRIu64 ": its finished ticket cannot be filed (%s): left alone, looked at "
		    "again with the next scan",
		    job->id, r == -EBADMSG ? "damaged or of another attempt" : strerror(-r));
	jobs_rest(job, STEP_CLAIMED, r);
}

/* Puts it into the folder under way; t becomes job->result. 0 or negative errno. */
static int write_result(struct coordinator *co, struct job *job, const char *text, size_t len,
			struct ticket *t)
{
	_cleanup_close_ int dir = jobs_open_folder_to_write(job);
	_cleanup_free_ char *more = NULL;
	struct answers *answers;
	size_t more_len;

	if (dir < 0)
		return dir;
	t->filed_by = xstrdup(co->instance);
	t->filed_at = clock_wall_ms();
	/* A ticket filled to the brim has no room for our block: then the outcome alone is the
	 * record. */
	more = ticket_append_filed(text, len, t, &more_len);
	answers = xcalloc(1, sizeof(*answers));
	answers_add(answers, SPOOL_RESULT,
		    xasprintf("%.*s%.*s", (int)len, text, (int)more_len, more ? more : ""),
		    len + more_len);
	forget_result(job);
	job->result = t;
	answers_put(job, dir, answers, recorded);
	return 0;
}

static void record(struct coordinator *co, struct job *job)
{
	struct ticket *t = xcalloc(1, sizeof(*t));
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r = read_ticket(job, &text, &len, t);

	if (r == 0)
		r = write_result(co, job, text, len, t);
	if (r == 0)
		return;
	ticket_free(t);
	free(t);
	recorded(job, r);
}

void record_run(struct coordinator *co, struct joblist *due)
{
	struct job *job;

	while ((job = TAILQ_FIRST(due)))
		record(co, job);
}

/* The scheduler wants to know how short its jobs are. */
static void note_run_time(struct runner *runner, const struct ticket *t)
{
	double ms = t->wall_ms > 0 ? (double)t->wall_ms : 1;

	if (runner)
		runner->run_ms = runner->run_ms > 0 ? 0.8 * runner->run_ms + 0.2 * ms : ms;
}

static void tell(struct job *job, enum state_move move)
{
	const struct ticket *t = job->result;
	struct event e = journal_event(job, state_row(move)->verb);

	e.from = spool_place_name(SPOOL_ACTIVE);
	e.to = spool_place_name(state_row(move)->to);
	e.state = t->state;
	e.why = t->reason;
	e.has_exit = t->exit_code >= 0;
	e.exit_code = t->exit_code;
	e.term_signal = t->term_signal;
	e.started_at = t->started_at;
	e.finished_at = t->finished_at;
	e.wall_ms = t->wall_ms;
	e.cpu_ms = t->cpu_ms;
	e.peak_memory = t->peak_memory;
	e.user = t->user;
	journal_tell(job->co, &e);
}

static void file_away(struct coordinator *co, struct job *job)
{
	enum state_move move = strcmp(job->result->state, "DONE") == 0 ? MOVE_DONE : MOVE_FAIL;
	char folder[SPOOL_FOLDER_SIZE];
	int r;

	spool_job_folder(folder, job->id, 0, job->name);
	r = state_move(&co->sp, move, job->at, folder);
	if (r == SAFEFS_LOST) {
		folder_gone(job);
		return;
	}
	if (r != 0) {
		log_trouble("file",
			    "%" PRIu64
			    ": cannot be moved to %s/ (%s): tried again with the next scan",
			    job->id, spool_place_name(state_row(move)->to), strerror(-r));
		jobs_due(job, STEP_CLAIMED);
		return;
	}
	jobs_moved(job, state_row(move)->to, folder);
	jobs_restore_mode(job);
	tell(job, move);
	note_run_time(job->runner, job->result);
	control_job_ended(job, job->result->state);
	syncer_touch_dir(co->syncer, co->sp.place_fd[SPOOL_ACTIVE]);
	syncer_touch_dir(co->syncer, co->sp.place_fd[state_row(move)->to]);
	jobs_after_sync(job, STEP_SWEEP);
}

void file_run(struct coordinator *co, struct joblist *due)
{
	struct job *job;

	while ((job = TAILQ_FIRST(due)))
		file_away(co, job);
}
