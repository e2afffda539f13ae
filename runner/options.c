/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options - the table of spool-runner's options, and its command line.
 *
 * Reads the configuration file and writes to stdout for --config-check and --config-sample. The
 * command line wins over the file whatever the order: it is parsed first for the file's name, and
 * its assignments are kept and set afterwards.
 */
#include "options.h"

#include "cleanup.h"
#include "complaint.h"

#include <argp.h>
#include <errno.h>
#include <stdnoreturn.h>
#include <string.h>
#include <unistd.h>

#define USAGE_STATUS 2
#define DEFAULT_FILE "/etc/spool/runner.conf"

static struct options values;

static const struct conf_option table[] = {
	{ "share", CONF_STRING, "", 0, 0, "the share: the folder that holds apps/ and spool/",
	  &values.share },
	{ "state", CONF_STRING, "", 0, 0,
	  "local folder for lock, scratch and log (default: see spool-runner(8))", &values.state },
	{ "name", CONF_STRING, "", 0, 0, "the runner's name (default: the host's)", &values.name },
	{ "slots", CONF_INT, "0", 0, 4096, "cores given to jobs; 0: all", &values.slots },
	{ "memory", CONF_SIZE, "0", 0, 0, "memory given to jobs; 0: all", &values.memory },
	{ "probe", CONF_LIST, "sh bash perl python3 gcc octave-cli R julia", 0, 0,
	  "programs to look for, besides those that the applications need", &values.probe },
	{ "look_again", CONF_TIME, "10m", 1000, 86400000,
	  "time between two looks for programs and applications", &values.look_again },
	{ "kill_wait", CONF_TIME, "10s", 0, 600000,
	  "time between asking a job to end (SIGTERM) and killing it (SIGKILL)",
	  &values.kill_wait },
	{ "beat", CONF_TIME, "5s", 200, 20000, "time between two signs of life", &values.beat },
	{ "poll", CONF_TIME, "1s", 100, 30000, "time between two looks at a quiet inbox",
	  &values.poll },
	{ "allow_root", CONF_BOOL, "no", 0, 0, "run, and run jobs, as root", &values.allow_root },
	{ "debug", CONF_BOOL, "no", 0, 0, "log more", &values.debug },
	{ NULL, CONF_STRING, NULL, 0, 0, NULL, NULL },
};

enum {
	OPT_SHARE = 256,
	OPT_STATE,
	OPT_NAME,
	OPT_SLOTS,
	OPT_FOREGROUND,
	OPT_DRAIN,
	OPT_CHECK,
	OPT_SAMPLE
};

static const struct argp_option arguments[] = {
	{ "config", 'c', "FILE", 0, "Read FILE instead of " DEFAULT_FILE, 0 },
	{ "share", OPT_SHARE, "DIR", 0, "The share: the folder that holds apps/ and spool/", 0 },
	{ "state", OPT_STATE, "DIR", 0, "A folder on a local disk for lock, scratch and log", 0 },
	{ "name", OPT_NAME, "NAME", 0, "The runner's name, instead of the host's", 0 },
	{ "slots", OPT_SLOTS, "N", 0, "Give N cores to jobs, instead of all", 0 },
	{ "option", 'o', "NAME=VALUE", 0, "Set an option of runner.conf(5)", 0 },
	{ "foreground", OPT_FOREGROUND, NULL, 0, "Stay on the terminal and log to it", 0 },
	{ "drain-and-exit", OPT_DRAIN, NULL, 0,
	  "Tell the runner of this name, on this machine, to take no more jobs and to end when "
	  "those that it has are done; wait for that",
	  0 },
	{ "config-check", OPT_CHECK, NULL, 0, "Print the options in force and exit", 0 },
	{ "config-sample", OPT_SAMPLE, NULL, 0, "Print an annotated configuration file and exit",
	  0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

struct line { /* what the command line said */
	const char *file;
	struct strlist assignments;
	bool check, sample, foreground, drain;
};

static void assign(struct line *line, const char *name, const char *value)
{
	_cleanup_free_ char *text = xasprintf("%s=%s", name, value);

	strlist_add(&line->assignments, text);
}

static error_t parse_one(int key, char *arg, struct argp_state *state)
{
	struct line *line = state->input;

	switch (key) {
	case 'c':
		line->file = arg;
		return 0;
	case 'o':
		strlist_add(&line->assignments, arg);
		return 0;
	case OPT_SHARE:
		assign(line, "share", arg);
		return 0;
	case OPT_STATE:
		assign(line, "state", arg);
		return 0;
	case OPT_NAME:
		assign(line, "name", arg);
		return 0;
	case OPT_SLOTS:
		assign(line, "slots", arg);
		return 0;
	case OPT_FOREGROUND:
		line->foreground = true;
		return 0;
	case OPT_DRAIN:
		line->drain = true;
		return 0;
	case OPT_CHECK:
		line->check = true;
		return 0;
	case OPT_SAMPLE:
		line->sample = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument \"%s\"", arg);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static noreturn void refuse(struct complaint *c)
{
	char *text = complaint_line(c);

	fprintf(stderr, "spool-runner: %s\n", text);
	free(text);
	complaint_free(c);
	exit(USAGE_STATUS);
}

static void load(const struct line *line)
{
	const char *file = line->file ? line->file : DEFAULT_FILE;
	struct complaint c = { 0 };
	int r = 0;

	conf_defaults(table);
	if (line->file || access(file, R_OK) == 0)
		r = conf_load(file, table, &c);
	if (r < 0) {
		fprintf(stderr, "spool-runner: %s cannot be read: %s\n", file, strerror(-r));
		exit(USAGE_STATUS);
	}
	for (size_t i = 0; r == 0 && i < line->assignments.count; i++)
		r = conf_set(line->assignments.items[i], table, &c);
	if (r != 0)
		refuse(&c);
}

const struct options *options_parse(int argc, char **argv)
{
	static const struct argp argp = {
		.options = arguments,
		.parser = parse_one,
		.doc = "Runs jobs that the coordinator of a spool offers to this machine."
		       "\vSee spool-runner(8) and spool(7).",
	};
	struct line line = { 0 };

	argp_program_version = "spool-runner " SPOOL_VERSION;
	argp_err_exit_status = USAGE_STATUS;
	argp_parse(&argp, argc, argv, 0, NULL, &line);
	if (line.sample) {
		conf_print_sample(stdout, "spool-runner", table);
		exit(0);
	}
	load(&line);
	strlist_free(&line.assignments);
	if (line.check) {
		conf_print(stdout, table);
		exit(0);
	}
	values.foreground = line.foreground;
	values.drain_and_exit = line.drain;
	if (!*values.share) {
		fprintf(stderr,
			"spool-runner: no share is named: start it with --share DIR, or set "
			"share in " DEFAULT_FILE "\n");
		exit(USAGE_STATUS);
	}
	return &values;
}
