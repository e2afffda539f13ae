/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options - spoold's command line and configuration. The manual page spoold.conf(5) and
 * etc/spoold.conf say the same as the table.
 */
#include "options.h"

#include "complaint.h"
#include "conf.h"
#include "xalloc.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_FILE "/etc/spool/spoold.conf"
#define MINUTE 60000LL
#define HOUR (60 * MINUTE)

static struct options values;

static const struct conf_option table[] = {
	{ "share", CONF_STRING, "", 0, 0, "the share: the folder that holds apps/ and spool/",
	  &values.share },
	{ "state", CONF_STRING, "", 0, 0,
	  "local folder for lock, index and log (default: see spoold(8))", &values.state },
	{ "settle", CONF_TIME, "2s", 10, HOUR,
	  "a drop is complete when it has stood still for so long", &values.settle },
	{ "incoming_patience", CONF_TIME, "10m", 100, 30 * 24 * HOUR,
	  "a drop that stays incomplete is reported after so long", &values.incoming_patience },
	{ "scan", CONF_TIME, "5s", 100, HOUR,
	  "time between two scans of drop boxes, inboxes and requests", &values.scan },
	{ "scan_polled", CONF_TIME, "2s", 100, HOUR,
	  "the same where the kernel brings no news (NFS)", &values.scan_polled },
	{ "scan_folders", CONF_TIME, "10m", 1000, 24 * HOUR,
	  "time between two scans of all job folders", &values.scan_folders },
	{ "watch", CONF_BOOL, "yes", 0, 0, "use inotify where the share is a local disk",
	  &values.watch },
	{ "beat", CONF_TIME, "5s", 100, HOUR, "spool/coordinator is replaced so often",
	  &values.beat },
	{ "lease", CONF_TIME, "60s", 500, 24 * HOUR,
	  "a runner (or coordinator) silent for so long is taken as absent", &values.lease },
	{ "ahead", CONF_INT, "1", 0, 1000, "tickets offered to a runner beyond its slots",
	  &values.ahead },
	{ "ahead_most", CONF_INT, "32", 0, 1000,
	  "the same at most, where jobs are so short that one is not enough", &values.ahead_most },
	{ "default_ttl", CONF_TIME, "1d", 1000, 3650 * 24 * HOUR,
	  "time allowed for a run where neither job nor application says", &values.default_ttl },
	{ "default_memory", CONF_SIZE, "512M", 1 << 20, 1LL << 50,
	  "memory reserved for a job where neither job nor application says",
	  &values.default_memory },
	{ "hash_most", CONF_SIZE, "1G", 0, 1LL << 50,
	  "inputs up to this size are hashed at admission", &values.hash_most },
	{ "publish", CONF_TIME, "2s", 100, HOUR,
	  "snapshots in spool/status follow changes at most so often", &values.publish },
	{ "keep_lost", CONF_TIME, "7d", 1000, 3650 * 24 * HOUR,
	  "folders of lost attempts are kept for so long", &values.keep_lost },
	{ "debug", CONF_BOOL, "no", 0, 0, "log more", &values.debug },
	{ NULL, CONF_STRING, NULL, 0, 0, NULL, NULL },
};

enum { KEY_SHARE = 256, KEY_STATE, KEY_FOREGROUND, KEY_CHECK, KEY_SAMPLE };

static const struct argp_option arguments[] = {
	{ "config", 'c', "FILE", 0, "Read FILE instead of " DEFAULT_FILE, 0 },
	{ "share", KEY_SHARE, "DIR", 0, "The share: the folder that holds apps/ and spool/", 0 },
	{ "state", KEY_STATE, "DIR", 0, "A folder on a local disk for lock, index and log", 0 },
	{ "option", 'o', "NAME=VALUE", 0, "Set an option of spoold.conf(5)", 0 },
	{ "foreground", KEY_FOREGROUND, NULL, 0, "Stay on the terminal and log to it", 0 },
	{ "config-check", KEY_CHECK, NULL, 0, "Print the options in force and exit", 0 },
	{ "config-sample", KEY_SAMPLE, NULL, 0, "Print an annotated configuration file and exit",
	  0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

struct command_line {
	char *file;
	struct strlist settings; /* "name=value", in order */
	bool foreground, check, sample;
};

static error_t take(int key, char *arg, struct argp_state *state)
{
	struct command_line *line = state->input;
	char *setting;

	switch (key) {
	case 'c':
		line->file = arg;
		return 0;
	case 'o':
		strlist_add(&line->settings, arg);
		return 0;
	case KEY_SHARE:
	case KEY_STATE:
		setting = xasprintf("%s=%s", key == KEY_SHARE ? "share" : "state", arg);
		strlist_add(&line->settings, setting);
		free(setting);
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

static _Noreturn void refuse(struct complaint *c)
{
	char *line = complaint_line(c);

	fprintf(stderr, "spoold: %s\n", line);
	exit(2);
}

static void load(const struct command_line *line)
{
	const char *file = line->file ? line->file : DEFAULT_FILE;
	struct complaint c = { 0 };
	int r;

	if (line->file || access(file, R_OK) == 0) {
		r = conf_load(file, table, &c);
		if (r < 0) {
			fprintf(stderr, "spoold: %s cannot be read: %s\n", file, strerror(-r));
			exit(2);
		}
		if (r == COMPLAINT)
			refuse(&c);
	}
	for (size_t i = 0; i < line->settings.count; i++)
		if (conf_set(line->settings.items[i], table, &c) == COMPLAINT)
			refuse(&c);
}

/* What no single range can say. */
static void check_together(void)
{
	if (values.beat * 3 > values.lease) {
		fprintf(stderr,
			"spoold: lease: must be at least three times beat, or every late beat "
			"looks like an absence: "
			"set lease to %llds or more\n",
			(long long)(values.beat * 3 + 999) / 1000);
		exit(2);
	}
}

void options_read(int argc, char **argv, struct options *opt, bool *ret_foreground)
{
	static const struct argp parser = {
		.options = arguments,
		.parser = take,
		.doc = "The coordinator of a spool: takes jobs from spool/incoming, hands them to "
		       "runners, files their results."
		       "\vSee spoold(8) and spool(7).",
	};
	struct command_line line = { 0 };

	argp_program_version = "spoold " SPOOL_VERSION;
	argp_err_exit_status = 2;
	argp_parse(&parser, argc, argv, 0, NULL, &line);
	conf_defaults(table);
	if (line.sample) {
		conf_print_sample(stdout, "spoold", table);
		exit(0);
	}
	load(&line);
	check_together();
	if (line.check) {
		conf_print(stdout, table);
		exit(0);
	}
	if (!values.share || !*values.share) {
		fprintf(stderr,
			"spoold: no share is named: start it with --share DIR, or set share in "
			"%s\n",
			DEFAULT_FILE);
		exit(2);
	}
	strlist_free(&line.settings);
	*opt = values;
	*ret_foreground = line.foreground;
}

void options_free(void)
{
	conf_release(table);
}
