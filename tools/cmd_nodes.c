/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_nodes - spoolctl nodes: the runners, what they have and what they do.
 *
 * Reads runners/, the names in claims/ and the newest snapshot (machines); changes nothing.
 */
#include "cmd.h"

#include "cleanup.h"
#include "clock.h"
#include "machines.h"
#include "share.h"
#include "spool.h"
#include "table.h"
#include "tell.h"
#include "words.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum column {
	RUNNER,
	STATE,
	SLOTS,
	LOAD,
	MEM,
	FREE,
	PLATFORM,
	JOBS,
	SEEN,
	FREE_SLOTS,
	CORES,
	RUNNING,
	HOST,
	CPU,
	KERNEL,
	SOFTWARE,
	VERSION,
	STARTED,
	FREEZER,
	SEEN_AT,
	COLUMNS
};

static const struct table_column columns[COLUMNS] = {
	[RUNNER] = { "RUNNER", NULL, TABLE_TEXT, TABLE_SHOWN | TABLE_JSON, "its name" },
	[STATE] = { "STATE", NULL, TABLE_TEXT, TABLE_SHOWN | TABLE_JSON,
		    "IDLE, MIXED, BUSY, DRAINING, DRAINED, UNFIT, ABSENT; ERROR: gets no work, "
		    "spoold's log says why; ?: nobody has told" },
	[SLOTS] = { "SLOTS", NULL, TABLE_NUMBER, TABLE_SHOWN | TABLE_JSON | TABLE_RIGHT,
		    "cores that it gives to jobs" },
	[LOAD] = { "LOAD", NULL, TABLE_REAL, TABLE_SHOWN | TABLE_JSON | TABLE_RIGHT,
		   "load of the last minute" },
	[MEM] = { "MEM", NULL, TABLE_SIZE, TABLE_SHOWN | TABLE_JSON | TABLE_RIGHT,
		  "memory that it gives to jobs" },
	[FREE] = { "FREE", NULL, TABLE_SIZE, TABLE_SHOWN | TABLE_JSON | TABLE_RIGHT,
		   "memory free now" },
	[PLATFORM] = { "PLATFORM", NULL, TABLE_TEXT, TABLE_SHOWN | TABLE_JSON,
		       "system and machine" },
	[JOBS] = { "JOBS", NULL, TABLE_NUMBER, TABLE_SHOWN | TABLE_JSON | TABLE_RIGHT,
		   "how many run there now" },
	[SEEN] = { "SEEN", NULL, TABLE_DURATION, TABLE_SHOWN | TABLE_JSON | TABLE_RIGHT,
		   "how long ago it was heard of" },
	[FREE_SLOTS] = { "FREE_SLOTS", NULL, TABLE_NUMBER, TABLE_JSON | TABLE_RIGHT,
			 "slots free now" },
	[CORES] = { "CORES", NULL, TABLE_NUMBER, TABLE_JSON | TABLE_RIGHT, "cores of the machine" },
	[RUNNING] = { "RUNNING", NULL, TABLE_TEXT, TABLE_JSON,
		      "the jobs that run there, as id.attempt" },
	[HOST] = { "HOST", NULL, TABLE_TEXT, TABLE_JSON, "its host's name" },
	[CPU] = { "CPU", NULL, TABLE_TEXT, TABLE_JSON | TABLE_CUT, "model of the processor" },
	[KERNEL] = { "KERNEL", NULL, TABLE_TEXT, TABLE_JSON, "release of the system" },
	[SOFTWARE] = { "SOFTWARE", NULL, TABLE_TEXT, TABLE_JSON | TABLE_CUT,
		       "programs found there" },
	[VERSION] = { "VERSION", NULL, TABLE_TEXT, TABLE_JSON, "version of spool-runner" },
	[STARTED] = { "STARTED", NULL, TABLE_TIME, TABLE_JSON, "when the runner was started" },
	[FREEZER] = { "FREEZER", NULL, TABLE_TEXT, TABLE_JSON,
		      "what freezes its jobs when it is cut off: cgroup, at once and whole; "
		      "signals, with a reduced guarantee: what forks fast runs on for a moment; "
		      "none" },
	[SEEN_AT] = { "SEEN_AT", NULL, TABLE_TIME, TABLE_JSON,
		      "when it was heard of, by its own clock or the file server's" },
};

struct options {
	struct table_options table;
	bool all;
};

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
	case ARGP_KEY_ARG:
		argp_error(state, "no arguments are expected; found \"%s\"", arg);
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

static const struct argp_option argp_options[] = { { "all", 'a', NULL, 0, "Absent ones too", 0 },
						   { 0 } };
static const struct argp_child children[] = { { &share_argp, 0, NULL, 0 },
					      { &table_argp, 0, NULL, 0 },
					      { 0 } };
static const struct argp argp = { argp_options, parse,	     "",  "List the runners.\v",
				  children,	help_filter, NULL };

static const char *colour_of(const char *state)
{
	if (strcmp(state, "IDLE") == 0 || strcmp(state, "MIXED") == 0)
		return "green";
	if (strcmp(state, "BUSY") == 0)
		return "cyan";
	return strcmp(state, "ABSENT") == 0 || strcmp(state, "UNFIT") == 0 ||
			       strcmp(state, "ERROR") == 0
		       ? "red"
		       : NULL;
}

static void set_registration(struct table *t, const struct registration *r)
{
	_cleanup_free_ char *software = words_join(&r->software, ", ");

	table_number(t, SLOTS, r->slots);
	table_size(t, MEM, r->memory);
	table_text(t, PLATFORM, r->platform);
	table_number(t, CORES, r->cores);
	table_text(t, HOST, r->host);
	table_text(t, CPU, r->cpu);
	table_text(t, KERNEL, r->kernel);
	table_text(t, SOFTWARE, software);
	table_text(t, VERSION, r->version);
	table_time(t, STARTED, r->started_at);
	table_text(t, FREEZER, r->freezer ? r->freezer : "none");
}

/* What the last beat of an absent runner said holds no longer; when it came does. What is known
 * only from a snapshot of long ago is left out. */
static void set_beat(struct table *t, const struct machine *m, int64_t now)
{
	const struct beat *b = &m->beat;
	_cleanup_free_ char *running = words_join(&b->running, " ");

	if (b->at)
		table_duration(t, SEEN, now > b->at ? now - b->at : 0);
	table_time(t, SEEN_AT, b->at);
	if (!machine_is_current(m))
		return;
	table_number(t, JOBS, b->running.count);
	table_text(t, RUNNING, running);
	if (!m->fresh)
		return;
	table_real(t, LOAD, b->load);
	table_size(t, FREE, b->free_memory);
	table_number(t, FREE_SLOTS, b->free_slots);
}

static void add_row(struct table *t, const struct machine *m, int64_t now)
{
	table_row(t);
	table_text(t, RUNNER, m->name);
	table_text(t, STATE, m->state);
	table_colour(t, STATE, colour_of(m->state));
	if (m->has_registration)
		set_registration(t, &m->registration);
	if (m->has_beat)
		set_beat(t, m, now);
}

static void print_totals(const struct machines *m, bool all)
{
	size_t current = 0, slots = 0, jobs = 0;

	for (size_t i = 0; i < m->count; i++) {
		if (!machine_is_current(&m->items[i]))
			continue;
		current++;
		slots += m->items[i].has_registration ? m->items[i].registration.slots : 0;
		jobs += m->items[i].has_beat ? m->items[i].beat.running.count : 0;
	}
	printf("%zu runner%s, %zu slots, %zu job%s running", current, current == 1 ? "" : "s",
	       slots, jobs, jobs == 1 ? "" : "s");
	if (m->count > current)
		printf("; %zu absent%s", m->count - current, all ? "" : " (listed by --all)");
	putchar('\n');
}

static int list(const struct spool *sp, const struct options *o)
{
	struct table *t = table_new("runners", columns, COLUMNS, &o->table);
	int64_t now = clock_wall_ms();
	struct machines m;
	int r;

	if (!t)
		return TELL_USAGE;
	r = machines_read(sp, &m);
	if (r < 0) {
		table_free(t);
		return tell_errno("the runners cannot be listed", r);
	}
	for (size_t i = 0; i < m.count; i++) {
		if (o->all || machine_is_current(&m.items[i]))
			add_row(t, &m.items[i], now);
	}
	table_print(t);
	if (table_is_plain(&o->table) && !o->table.noheadings)
		print_totals(&m, o->all);
	machines_free(&m);
	return TELL_DONE;
}

int cmd_nodes(int argc, char **argv)
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
	return r;
}
