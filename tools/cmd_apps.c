/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_apps - spoolctl apps: what the share offers to run, and which runners can.
 *
 * Reads apps/ (the current version of each) and runners/; changes nothing.
 */
#include "cmd.h"

#include "appfile.h"
#include "cleanup.h"
#include "machines.h"
#include "share.h"
#include "spool.h"
#include "table.h"
#include "tell.h"
#include "words.h"
#include "xalloc.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum column {
	APP,
	VERSION,
	FILES,
	PLATFORMS,
	TTL,
	MAX_TTL,
	MEMORY,
	CORES,
	RUNNERS,
	SUMMARY,
	INTERPRETER,
	SOFTWARE,
	COLUMNS
};

static const struct table_column columns[COLUMNS] = {
	[APP] = { "APP", NULL, TABLE_TEXT, TABLE_SHOWN | TABLE_JSON, "its name" },
	[VERSION] = { "VERSION", NULL, TABLE_TEXT, TABLE_SHOWN | TABLE_JSON, "current version" },
	[FILES] = { "FILES", NULL, TABLE_TEXT, TABLE_SHOWN | TABLE_JSON,
		    "extensions of the files that it runs" },
	[PLATFORMS] = { "PLATFORMS", NULL, TABLE_TEXT, TABLE_SHOWN | TABLE_JSON,
			"where its programs run; any: by an interpreter" },
	[TTL] = { "TTL", NULL, TABLE_DURATION, TABLE_SHOWN | TABLE_JSON | TABLE_RIGHT,
		  "time limit unless asked for" },
	[MAX_TTL] = { "MAX_TTL", NULL, TABLE_DURATION, TABLE_JSON | TABLE_RIGHT,
		      "longest time limit" },
	[MEMORY] = { "MEMORY", NULL, TABLE_SIZE, TABLE_SHOWN | TABLE_JSON | TABLE_RIGHT,
		     "memory unless asked for" },
	[CORES] = { "CORES", NULL, TABLE_NUMBER, TABLE_JSON | TABLE_RIGHT,
		    "cores unless asked for" },
	[RUNNERS] = { "RUNNERS", NULL, TABLE_TEXT, TABLE_SHOWN | TABLE_JSON | TABLE_CUT,
		      "who can run it now" },
	[SUMMARY] = { "SUMMARY", NULL, TABLE_TEXT, TABLE_SHOWN | TABLE_JSON | TABLE_CUT,
		      "what it is" },
	[INTERPRETER] = { "INTERPRETER", NULL, TABLE_TEXT, TABLE_JSON,
			  "program of the runner that it needs" },
	[SOFTWARE] = { "SOFTWARE", NULL, TABLE_TEXT, TABLE_JSON, "what must be found on a runner" },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[1] = state->input;
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

static const struct argp_child children[] = { { &share_argp, 0, NULL, 0 },
					      { &table_argp, 0, NULL, 0 },
					      { 0 } };
static const struct argp argp = { NULL,	    parse,
				  "",	    "List the applications that the share offers.\v",
				  children, help_filter,
				  NULL };

static char *platforms_of(const struct appfile *app)
{
	struct strlist platforms = { 0 };
	char *text;

	if (app->interpreter)
		return xstrdup("any");
	for (size_t i = 0; i < app->program_count; i++)
		strlist_add(&platforms, app->programs[i].platform);
	text = words_join(&platforms, " ");
	strlist_free(&platforms);
	return text;
}

static bool can_run(const struct machine *m, const struct appfile *app)
{
	bool has_program = app->interpreter && registration_has(&m->registration, app->interpreter);

	if (!m->has_registration || !machine_is_current(m))
		return false;
	for (size_t i = 0; !app->interpreter && i < app->program_count; i++)
		has_program = has_program ||
			      strcmp(app->programs[i].platform, m->registration.platform) == 0;
	for (size_t i = 0; has_program && i < app->requires.count; i++)
		has_program = registration_has(&m->registration, app->requires.items[i]);
	return has_program;
}

static char *runners_of(const struct machines *machines, const struct appfile *app)
{
	struct strlist names = { 0 };
	char *text;

	for (size_t i = 0; i < machines->count; i++) {
		if (can_run(&machines->items[i], app))
			strlist_add(&names, machines->items[i].name);
	}
	text = words_join(&names, " ");
	strlist_free(&names);
	return text;
}

static void add_row(struct table *t, const struct machines *machines, const struct appfile *app)
{
	_cleanup_free_ char *files = words_join(&app->extensions, " "),
			    *platforms = platforms_of(app);
	_cleanup_free_ char *runners = runners_of(machines, app),
			    *software = words_join(&app->requires, " ");

	table_row(t);
	table_text(t, APP, app->app);
	table_text(t, VERSION, app->version);
	table_text(t, FILES, files);
	table_text(t, PLATFORMS, platforms);
	if (app->ttl_ms)
		table_duration(t, TTL, app->ttl_ms);
	if (app->max_ttl_ms)
		table_duration(t, MAX_TTL, app->max_ttl_ms);
	if (app->memory)
		table_size(t, MEMORY, app->memory);
	if (app->cores)
		table_number(t, CORES, app->cores);
	table_text(t, RUNNERS, runners);
	table_text(t, SUMMARY, app->summary);
	table_text(t, INTERPRETER, app->interpreter);
	table_text(t, SOFTWARE, software);
}

static int list(const struct spool *sp, const struct table_options *o)
{
	struct table *t = table_new("apps", columns, COLUMNS, o);
	struct machines machines = { 0 };
	struct catalogue catalogue = { 0 };
	int r;

	if (!t)
		return TELL_USAGE;
	r = catalogue_load(sp->root_fd, &catalogue);
	if (r < 0) {
		table_free(t);
		return tell_errno("the applications in apps/ cannot be read", r);
	}
	/* Without runners it is still known what there is. */
	machines_read(sp, &machines);
	for (size_t i = 0; i < catalogue.count; i++)
		add_row(t, &machines, &catalogue.apps[i]);
	table_print(t);
	for (size_t i = 0; i < catalogue.faults.count; i++) {
		if (table_is_plain(o))
			printf("%s%s\n",
			       i ? "" : "\nNot offered, because something is wrong there:\n",
			       catalogue.faults.items[i]);
		else
			tell_note("%s", catalogue.faults.items[i]);
	}
	machines_free(&machines);
	catalogue_free(&catalogue);
	return TELL_DONE;
}

int cmd_apps(int argc, char **argv)
{
	struct table_options o = { 0 };
	struct spool sp;
	int r;

	if (argp_parse(&argp, argc, argv, 0, NULL, &o))
		return TELL_USAGE;
	r = share_open(&sp);
	if (r == TELL_DONE) {
		r = list(&sp, &o);
		spool_close(&sp);
	}
	table_options_free(&o);
	return r;
}
