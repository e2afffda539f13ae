/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outcome - DONE, FAILED, TIMEOUT or CANCELLED, or SPOILED, and why. Touches nothing but the ticket
 * in memory.
 *
 * An order or the time limit wins over the exit code only if it ended the job: a job that had
 * ended by itself when the order came is judged by its own end.
 */
#include "outcome.h"

#include "clock.h"
#include "human.h"
#include "job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const steps[] = {
	[STEP_NONE] = "",
	[STEP_KEEPER] = "its keeper could not be started",
	[STEP_FORK] = "its process could not be started",
	[STEP_FOLDER] = "its folder cannot be entered",
	[STEP_STDIN] = "/dev/null cannot be opened",
	[STEP_STDOUT] = "stdout.txt was not handed over",
	[STEP_STDERR] = "stderr.txt was not handed over",
	[STEP_SETUP] = "its limits cannot be set",
	[STEP_PROGRAM] = "",
	[STEP_INTERPRETER] = "the interpreter or loader that it names is not on this runner",
	[STEP_COPY] = "it lacks the execute permission, and a copy in memory failed",
	[STEP_LOST_KEEPER] = "the process that watched over it was killed",
};

static char *failed_start(const struct job *job)
{
	const struct message_report *r = &job->report;
	const char *step = r->step < sizeof(steps) / sizeof(steps[0]) ? steps[r->step] : "?";

	if (r->step == STEP_LOST_KEEPER)
		return xasprintf("killed: %s", step);
	if (r->step == STEP_PROGRAM && r->error == EACCES)
		return xasprintf("cannot start %s: it lacks the execute permission (chmod +x) and "
				 "is no binary program",
				 job->ticket.command.program);
	return xasprintf("cannot start %s: %s%s%s", job->ticket.command.program, step,
			 *step ? ": " : "", strerror(r->error));
}

/* False: it never came to its program. */
static bool ran(const struct message_report *r)
{
	return r->tag != 0 && (r->step == STEP_NONE || r->step == STEP_LOST_KEEPER);
}

static bool is_success(const struct ticket *t, int code)
{
	for (unsigned i = 0; i < t->success_count; i++)
		if (t->success_codes[i] == code)
			return true;
	return t->success_count == 0 && code == 0;
}

static char *own_end(const struct message_report *r)
{
	if (r->term_signal)
		return xasprintf("killed by signal %d (%s)", r->term_signal,
				 strsignal(r->term_signal));
	return xasprintf("exit code %d", r->exit_code);
}

/* State and reason; reason is heap. */
static const char *judge(const struct job *job, char **ret_reason)
{
	const struct message_report *r = &job->report;
	char limit[HUMAN_SIZE];

	if (job->failure) {
		*ret_reason = xstrdup(job->failure);
		return job->removed ? "CANCELLED" : "FAILED";
	}
	if (job->stop == WHY_CANCEL && (r->tag == 0 || r->why == WHY_CANCEL)) {
		*ret_reason = xstrdup(job->cancel_reason);
		return "CANCELLED";
	}
	if (r->step != STEP_NONE) {
		*ret_reason = failed_start(job);
		return "FAILED";
	}
	if (r->why == WHY_TTL) {
		human_time(job->ticket.ttl_ms, limit);
		*ret_reason = xasprintf("ended by us after its time limit (ttl) of %s", limit);
		return "TIMEOUT";
	}
	if (job->removed) {
		*ret_reason = xstrdup("its folder was removed while it ran");
		return "CANCELLED";
	}
	*ret_reason = own_end(r);
	return r->term_signal == 0 && is_success(&job->ticket, r->exit_code) ? "DONE" : "FAILED";
}

static void add_leftovers(char **reason, unsigned n)
{
	char *longer;

	if (n == 0)
		return;
	longer = xasprintf("%s; %u %s it left behind %s killed", *reason, n,
			   n == 1 ? "process that" : "processes that", n == 1 ? "was" : "were");
	free(*reason);
	*reason = longer;
}

static void set(struct ticket *t, const char *state, char *reason)
{
	free(t->state);
	free(t->reason);
	t->state = xstrdup(state);
	t->reason = reason;
}

/* What the job left did not reach the disk: FAILED, whatever its own end was. */
static void add_loss(const struct job *job, const char **state, char **reason)
{
	char *longer = xasprintf("its results could not be kept: %s (it ended with: %s)",
				 strerror(-job->result_error), *reason);

	*state = "FAILED";
	free(*reason);
	*reason = longer;
}

void outcome_judge(struct job *job)
{
	const struct message_report *r = &job->report;
	struct ticket *t = &job->ticket;
	char *reason = NULL;
	const char *state = judge(job, &reason);

	if (r->tag)
		add_leftovers(&reason, r->leftovers);
	if (job->spoiled) {
		free(reason);
		reason = xstrdup(job->spoiled);
		state = TICKET_SPOILED;
	} else if (job->result_error) {
		add_loss(job, &state, &reason);
	}
	set(t, state, reason);
	t->exit_code = r->tag ? r->exit_code : -1;
	t->term_signal = r->term_signal;
	t->started_at = ran(r) ? r->started_at : 0;
	t->finished_at = r->tag ? r->finished_at : clock_wall_ms();
	t->wall_ms = r->wall_ms;
	t->cpu_ms = r->cpu_us / 1000;
	t->peak_memory = r->peak_memory;
}
