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
	const struct startup *s = line->startup;

	switch (key) {
	case 'c':
		line->file = arg;
		return 0;
	case 'o':
		strlist_add(&line->settings, arg);
		return 0;
	case STARTUP_SHARE:
		startup_set(&line->settings, "share", arg);
		return 0;
	case STARTUP_STATE:
		startup_set(&line->settings, "state", arg);
		return 0;
	case STARTUP_FOREGROUND:
		line->foreground = true;
		return 0;
	case STARTUP_CHECK:
		line->check = true;
		return 0;
	case STARTUP_SAMPLE:
		line->sample = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument \"%s\"", arg);
		return EINVAL;
	default:
		return s->take && s->take(key, arg, &line->settings) ? 0 : ARGP_ERR_UNKNOWN;
	}
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
	static char version[64];
	const struct argp parser = { .options = s->arguments, .parser = take, .doc = s->doc };
	struct line line = { .startup = s };

	snprintf(version, sizeof(version), "%s " SPOOL_VERSION, s->program);
	argp_program_version = version;
	argp_err_exit_status = USAGE_STATUS;
	argp_parse(&parser, argc, argv, 0, NULL, &line);
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
