/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_queue - spoolctl queue: which jobs there are, where each stands.
 *
 * Reads the folders, the inboxes and the newest snapshot (jobs, describe); changes nothing. What it
 * prints was true at some moment while it ran.
 */
#include "cmd.h"

#include "alive.h"
#include "cleanup.h"
#include "clock.h"
#include "describe.h"
#include "escape.h"
#include "human.h"
#include "jobs.h"
#include "share.h"
#include "spool.h"
#include "state.h"
#include "table.h"
#include "tell.h"
#include "xalloc.h"

#include <argp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum column {
	ID,
	NAME,
	USER,
	STATE,
	TIME,
	LEFT,
	RUNNER_REASON,
	RUNNER,
	REASON,
	PLACE,
	FOLDER,
	APP,
	GROUP,
	ATTEMPT,
	CORES,
	MEMORY,
	PEAK,
	TTL,
	QUEUED,
	STARTED,
	FINISHED,
	CPU,
	EXIT,
	SIGNAL,
	COLUMNS
};

static const struct table_column columns[COLUMNS] = {
	[ID] = { "ID", NULL, TABLE_NUMBER, TABLE_SHOWN | TABLE_JSON | TABLE_RIGHT,
		 "number of the job" },
	[NAME] = { "NAME", NULL, TABLE_TEXT, TABLE_SHOWN | TABLE_JSON | TABLE_CUT,
		   "name it was dropped with" },
	[USER] = { "USER", NULL, TABLE_TEXT, TABLE_SHOWN | TABLE_JSON, "owner" },
	[STATE] = { "STATE", NULL, TABLE_TEXT, TABLE_SHOWN | TABLE_JSON,
		    "state, as spool(7) names it" },
	[TIME] = { "TIME", NULL, TABLE_DURATION, TABLE_SHOWN | TABLE_JSON | TABLE_RIGHT,
		   "how long it has run, or ran" },
	[LEFT] = { "LEFT", NULL, TABLE_DURATION, TABLE_SHOWN | TABLE_JSON | TABLE_RIGHT,
		   "what is left of its time limit" },
	[RUNNER_REASON] = { "WHERE", "RUNNER(REASON)", TABLE_TEXT, TABLE_SHOWN | TABLE_CUT,
			    "the runner, or in brackets why it ended so" },
	[RUNNER] = { "RUNNER", NULL, TABLE_TEXT, TABLE_JSON, "the runner that has or had it" },
	[REASON] = { "REASON", NULL, TABLE_TEXT, TABLE_JSON | TABLE_CUT, "why it ended so" },
	[PLACE] = { "PLACE", NULL, TABLE_TEXT, TABLE_JSON, "folder of spool/ that it is in" },
	[FOLDER] = { "FOLDER", NULL, TABLE_TEXT, TABLE_JSON, "its own folder in there" },
	[APP] = { "APP", NULL, TABLE_TEXT, TABLE_JSON, "application and version" },
	[GROUP] = { "GROUP", NULL, TABLE_TEXT, TABLE_JSON, "label of job.conf" },
	[ATTEMPT] = { "ATTEMPT", NULL, TABLE_NUMBER, TABLE_JSON | TABLE_RIGHT,
		      "how often it was handed out" },
	[CORES] = { "CORES", NULL, TABLE_NUMBER, TABLE_JSON | TABLE_RIGHT, "cores asked for" },
	[MEMORY] = { "MEMORY", NULL, TABLE_SIZE, TABLE_JSON | TABLE_RIGHT, "memory asked for" },
	[PEAK] = { "PEAK", NULL, TABLE_SIZE, TABLE_JSON | TABLE_RIGHT, "most memory that it used" },
	[TTL] = { "TTL", NULL, TABLE_DURATION, TABLE_JSON | TABLE_RIGHT, "its time limit" },
	[QUEUED] = { "QUEUED", NULL, TABLE_TIME, TABLE_JSON, "when it was admitted" },
	[STARTED] = { "STARTED", NULL, TABLE_TIME, TABLE_JSON, "when it was started" },
	[FINISHED] = { "FINISHED", NULL, TABLE_TIME, TABLE_JSON, "when it ended" },
	[CPU] = { "CPU", NULL, TABLE_DURATION, TABLE_JSON | TABLE_RIGHT,
		  "processor time that it used" },
	[EXIT] = { "EXIT", NULL, TABLE_NUMBER, TABLE_JSON | TABLE_RIGHT, "exit code" },
	[SIGNAL] = { "SIGNAL", NULL, TABLE_NUMBER, TABLE_JSON | TABLE_RIGHT,
		     "signal that ended it" },
};

static const char *const states[] = { "QUEUED",	    "HELD", "OFFERED",	"RUNNING", "SUSPENDED",
				      "COMPLETING", "DONE", "FAILED",	"TIMEOUT", "OUT_OF_MEMORY",
				      "CANCELLED",  "LOST", "REJECTED", NULL };

enum { KEY_STATE = 0x100, KEY_GROUP }; /* long only */

struct options {
	struct table_options table;
	bool all, me;
	unsigned wanted; /* bits of states[]; 0: any */
	char *group;
};

/* "failed,timeout" -> bits; tells what is wrong and ends the program as argp does. */
static void parse_states(struct argp_state *state, struct options *o, const char *list)
{
	_cleanup_free_ char *copy = xstrdup(list);
	char *rest = copy, *word;

	while ((word = strsep(&rest, ","))) {
		_cleanup_free_ char *shown = escape_text(word, ESCAPE_TEXT);
		const char *near = human_nearest(word, states);
		size_t i = 0;

		while (states[i] && strcasecmp(states[i], word) != 0)
			i++;
		if (!states[i])
			argp_error(state, "--state: there is no state \"%s\"%s%s", shown,
				   near ? "; did you mean " : "; spool(7) lists them",
				   near ? near : "");
		else
			o->wanted |= 1U << i;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[1] = &o->table;
		return 0;
	case 'a':
		o->all = true;
		return 0;
	case 'm':
		o->me = true;
		return 0;
	case KEY_STATE:
		parse_states(state, o, arg);
		return 0;
	case KEY_GROUP:
		free(o->group);
		o->group = xstrdup(arg);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "no arguments are expected; spoolctl show %s tells about one job",
			   arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static char *help_filter(int key, const char *text, void *input)
{
	(void)input;
	if (key == ARGP_KEY_HELP_POST_DOC)
		return table_columns_help(columns, COLUMNS);
	return (char *)(uintptr_t)text;
}

static const struct argp_option argp_options[] = {
	{ "all", 'a', NULL, 0, "Ended jobs too", 0 },
	{ "me", 'm', NULL, 0, "Only your own jobs", 0 },
	{ "state", KEY_STATE, "STATE", 0, "Only jobs in these states, separated by commas", 0 },
	{ "group", KEY_GROUP, "LABEL", 0, "Only jobs of this group (job.conf)", 0 },
	{ 0 }
};

static const struct argp_child children[] = { { &share_argp, 0, NULL, 0 },
					      { &table_argp, 0, NULL, 0 },
					      { 0 } };

static const struct argp argp = { argp_options, parse,
				  "",		"List jobs: waiting and active ones, or all.\v",
				  children,	help_filter,
				  NULL };

static bool state_wanted(const struct options *o, const char *state)
{
	for (size_t i = 0; o->wanted && states[i]; i++) {
		if (strcmp(states[i], state) == 0)
			return o->wanted & (1U << i);
	}
	return o->wanted == 0;
}

static unsigned places_of(const struct options *o)
{
	unsigned places = o->all ? JOBS_ALL : JOBS_WAITING | JOBS_ACTIVE;

	if (o->wanted == 0)
		return places;
	for (size_t i = 0; states[i]; i++) {
		if ((o->wanted & (1U << i)) && state_is_end(states[i]))
			return JOBS_ALL;
	}
	return JOBS_WAITING | JOBS_ACTIVE;
}

static bool job_wanted(const struct spool *sp, const struct options *o, struct job *job)
{
	if (!state_wanted(o, job->state))
		return false;
	if (o->group && (!job->group || strcmp(job->group, o->group) != 0))
		return false;
	return !o->me || jobs_is_mine(sp, job);
}

static const char *colour_of(const struct job *job)
{
	if (job->place == SPOOL_ACTIVE)
		return strcmp(job->state, "OFFERED") == 0 ? "cyan" : "green";
	return job->place == SPOOL_FAILED ? "red" : NULL;
}

/* The runner of what runs or ran well; else the reason in brackets. */
static void set_where(struct table *t, const struct job *job)
{
	_cleanup_free_ char *text = NULL;
	bool plain = job->place == SPOOL_ACTIVE || job->place == SPOOL_DONE;

	if (!plain && job->reason)
		text = xasprintf("(%s)", job->reason);
	table_text(t, RUNNER_REASON, text ? text : job->runner);
}

static void set_limits(struct table *t, const struct job *job)
{
	if (job->cores)
		table_number(t, CORES, job->cores);
	if (job->memory)
		table_size(t, MEMORY, job->memory);
	if (job->peak_memory)
		table_size(t, PEAK, job->peak_memory);
	if (job->ttl_ms)
		table_duration(t, TTL, job->ttl_ms);
	if (job->exit_code >= 0)
		table_number(t, EXIT, (uint64_t)job->exit_code);
	if (job->term_signal > 0)
		table_number(t, SIGNAL, (uint64_t)job->term_signal);
}

static void add_row(struct table *t, const struct job *job, int64_t now)
{
	table_row(t);
	table_number(t, ID, job->id);
	table_text(t, NAME, job->name);
	table_text(t, USER, job->user);
	table_text(t, STATE, job->state);
	table_colour(t, STATE, colour_of(job));
	table_duration(t, TIME, jobs_elapsed(job, now));
	table_duration(t, LEFT, jobs_left(job, now));
	set_where(t, job);
	table_text(t, RUNNER, job->runner);
	table_text(t, REASON, job->reason);
	table_text(t, PLACE, spool_place_name(job->place));
	table_text(t, FOLDER, job->folder);
	table_text(t, APP, job->app);
	table_text(t, GROUP, job->group);
	table_number(t, ATTEMPT, job->attempt);
	table_time(t, QUEUED, job->queued_at);
	table_time(t, STARTED, job->started_at);
	table_time(t, FINISHED, job->finished_at);
	table_duration(t, CPU, job->cpu_ms);
	set_limits(t, job);
}

struct totals {
	size_t jobs, queued, running, other_active, done, failed, arriving;
};

static void count_job(struct totals *sum, const struct job *job)
{
	sum->jobs++;
	if (job->place == SPOOL_QUEUED)
		sum->queued++;
	else if (job->place == SPOOL_DONE)
		sum->done++;
	else if (job->place == SPOOL_FAILED)
		sum->failed++;
	else if (strcmp(job->state, "RUNNING") == 0)
		sum->running++;
	else
		sum->other_active++;
}

static int count_drop(const char *name, unsigned char type, void *arg)
{
	struct totals *sum = arg;

	(void)type;
	/* Drop boxes of applications begin with @; what a copier leaves for itself is no drop. */
	if (name[0] != '@' && !spool_is_litter(name) && !spool_is_tmp(name) &&
	    !spool_is_readme(name))
		sum->arriving++;
	return 0;
}

/* "3 jobs: 1 queued, 2 running; 1 drop still arriving" */
static void print_totals(const struct totals *sum)
{
	const struct {
		size_t count;
		const char *word;
	} parts[] = {
		{ sum->queued, "queued" },   { sum->other_active, "on the way" },
		{ sum->running, "running" }, { sum->done, "done" },
		{ sum->failed, "failed" },
	};
	const char *glue = ": ";

	printf("%zu job%s", sum->jobs, sum->jobs == 1 ? "" : "s");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].count) {
			printf("%s%zu %s", glue, parts[i].count, parts[i].word);
			glue = ", ";
		}
	}
	if (sum->arriving)
		printf("; %zu drop%s still arriving", sum->arriving, sum->arriving == 1 ? "" : "s");
	putchar('\n');
}

/* Only what can be known at once: that a process of this host has gone. */
static void note_nobody(const struct spool *sp)
{
	struct alive a;

	alive_begin(sp, &a);
	if (!a.there || a.vanished)
		tell_note("no spoold seems to be running for this share; nothing moves until it is "
			  "started");
}

static int list(const struct spool *sp, const struct options *o)
{
	struct table *t = table_new("jobs", columns, COLUMNS, &o->table);
	int64_t now = clock_wall_ms();
	struct totals sum = { 0 };
	struct jobs jobs;
	int r;

	if (!t)
		return TELL_USAGE;
	r = jobs_list(sp, places_of(o), &jobs);
	if (r < 0) {
		table_free(t);
		return tell_errno("the jobs cannot be listed", r);
	}
	if (o->me && jobs.count && jobs_hide_owners(sp, &jobs)) {
		jobs_free(&jobs);
		table_free(t);
		return tell_failed("--me: " JOBS_OWNERS_HIDDEN "; leave it out");
	}
	describe_jobs(sp, &jobs);
	for (size_t i = 0; i < jobs.count; i++) {
		if (!job_wanted(sp, o, &jobs.items[i]))
			continue;
		count_job(&sum, &jobs.items[i]);
		add_row(t, &jobs.items[i], now);
	}
	table_print(t);
	if (table_is_plain(&o->table) && !o->table.noheadings) {
		spool_list(sp, SPOOL_INCOMING, count_drop, &sum);
		print_totals(&sum);
		fflush(stdout);
		note_nobody(sp);
	}
	jobs_free(&jobs);
	return TELL_DONE;
}

int cmd_queue(int argc, char **argv)
{
	struct options o = { .table = { 0 } };
	struct spool sp;
	int r;

	if (argp_parse(&argp, argc, argv, 0, NULL, &o))
		return TELL_USAGE;
	r = share_open(&sp);
	if (r == TELL_DONE) {
		r = list(&sp, &o);
		spool_close(&sp);
	}
	table_options_free(&o.table);
	free(o.group);
	return r;
}
