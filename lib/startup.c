/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * startup - a daemon's command line and configuration, as its table has it.
 *
 * Reads the configuration file and writes to stdout for --config-check and --config-sample. The
 * command line wins over the file whatever the order: it is parsed first for the file's name, and
 * its assignments are kept and set afterwards. Nothing else has begun yet, so whatever is wrong
 * ends the program.
 */
#include "startup.h"

#include "cleanup.h"
#include "complaint.h"
#include "xalloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USAGE_STATUS 2

enum { KEY_SHARE = 256, KEY_STATE, KEY_FOREGROUND, KEY_CHECK, KEY_SAMPLE };

static const struct argp_option arguments[] = {
	{ "config", 'c', "FILE", 0, "Read FILE", 0 }, /* more by tell_more */
	{ "share", KEY_SHARE, "DIR", 0, "The share: the folder that holds apps/ and spool/", 0 },
	{ "state", KEY_STATE, "DIR", 0, "A folder on a local disk", 0 },
	{ "option", 'o', "NAME=VALUE", 0, "Set an option", 0 },
	{ "foreground", KEY_FOREGROUND, NULL, 0, "Stay on the terminal and log to it", 0 },
	{ "config-check", KEY_CHECK, NULL, 0, "Print the options in force and exit", 0 },
	{ "config-sample", KEY_SAMPLE, NULL, 0, "Print an annotated configuration file and exit",
	  0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

struct line { /* what the command line said */
	const struct startup *startup;
	const char *file;
	struct strlist settings; /* "name=value", in order */
	bool foreground, check, sample;
};

void startup_set(struct strlist *settings, const char *name, const char *value)
{
	_cleanup_free_ char *text = xasprintf("%s=%s", name, value);

	strlist_add(settings, text);
}

static error_t take(int key, char *arg, struct argp_state *state)
{
	struct line *line = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		if (line->startup->arguments)
			state->child_inputs[0] = line;
		return 0;
	case 'c':
		line->file = arg;
		return 0;
	case 'o':
		strlist_add(&line->settings, arg);
		return 0;
	case KEY_SHARE:
		startup_set(&line->settings, "share", arg);
		return 0;
	case KEY_STATE:
		startup_set(&line->settings, "state", arg);
		return 0;
	case KEY_FOREGROUND:
		line->foreground = true;
		return 0;
	case KEY_CHECK:
		line->check = true;
		return 0;
	case KEY_SAMPLE:
		line->sample = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument \"%s\"", arg);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t take_own(int key, char *arg, struct argp_state *state)
{
	struct line *line = state->input;

	return line->startup->take(key, arg, &line->settings) ? 0 : ARGP_ERR_UNKNOWN;
}

/* The help goes on where the programs differ. argp frees it. */
static char *tell_more(int key, const char *text, void *input)
{
	const struct line *line = input;

	switch (key) {
	case 'c':
		return xasprintf("%s instead of %s", text, line->startup->file);
	case 'o':
		return xasprintf("%s of %s", text, line->startup->page);
	case KEY_STATE:
		return xasprintf("%s for %s", text, line->startup->holds);
	default:
		return (char *)text;
	}
}

static void parse(const struct startup *s, int argc, char **argv, struct line *line)
{
	static char version[64];
	const struct argp own = { .options = s->arguments, .parser = take_own };
	const struct argp_child children[] = { { s->arguments ? &own : NULL, 0, NULL, 0 }, { 0 } };
	const struct argp parser = { .options = arguments,
				     .parser = take,
				     .doc = s->doc,
				     .children = children,
				     .help_filter = tell_more };

	snprintf(version, sizeof(version), "%s " SPOOL_VERSION, s->program);
	argp_program_version = version;
	argp_err_exit_status = USAGE_STATUS;
	argp_parse(&parser, argc, argv, 0, NULL, line);
}

static _Noreturn void refuse(const struct startup *s, struct complaint *c)
{
	char *text = complaint_line(c);

	fprintf(stderr, "%s: %s\n", s->program, text);
	free(text);
	complaint_free(c);
	exit(USAGE_STATUS);
}

static void load(const struct startup *s, const struct line *line)
{
	const char *file = line->file ? line->file : s->file;
	struct complaint c = { 0 };
	int r = 0;

	if (line->file || access(file, R_OK) == 0)
		r = conf_load(file, s->table, &c);
	if (r < 0) {
		fprintf(stderr, "%s: %s cannot be read: %s\n", s->program, file, strerror(-r));
		exit(USAGE_STATUS);
	}
	for (size_t i = 0; r == 0 && i < line->settings.count; i++)
		r = conf_set(line->settings.items[i], s->table, &c);
	if (r != 0)
		refuse(s, &c);
}

static void check_together(const struct startup *s)
{
	char *why = s->check ? s->check() : NULL;

	if (!why)
		return;
	fprintf(stderr, "%s: %s\n", s->program, why);
	free(why);
	exit(USAGE_STATUS);
}

static void need_share(const struct startup *s)
{
	const struct conf_option *o = s->table;

	while (strcmp(o->name, "share") != 0)
		o++;
	if (**(char *const *)o->value)
		return;
	fprintf(stderr, "%s: no share is named: start it with --share DIR, or set share in %s\n",
		s->program, s->file);
	exit(USAGE_STATUS);
}

bool startup_read(const struct startup *s, int argc, char **argv)
{
	struct line line = { .startup = s };

	parse(s, argc, argv, &line);
	conf_defaults(s->table);
	if (line.sample) {
		conf_print_sample(stdout, s->program, s->table);
		exit(0);
	}
	load(s, &line);
	strlist_free(&line.settings);
	check_together(s);
	if (line.check) {
		conf_print(stdout, s->table);
		exit(0);
	}
	need_share(s);
	return line.foreground;
}
