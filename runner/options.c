/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options - the table of spool-runner's options, and the arguments that only it has. The manual
 * page runner.conf(5) and etc/runner.conf say the same. How they are read is in lib/startup.c.
 */
#include "options.h"

#include "startup.h"

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
	{ "freeze", CONF_TIME, "25s", 1000, 600000,
	  "without a sign of life that got through, jobs are frozen after this time",
	  &values.freeze },
	{ "poll", CONF_TIME, "1s", 100, 30000, "time between two looks at a quiet inbox",
	  &values.poll },
	{ "allow_root", CONF_BOOL, "no", 0, 0, "run, and run jobs, as root", &values.allow_root },
	{ "allow_unsafe_mount", CONF_BOOL, "no", 0, 0,
	  "start even where the share's mount may lose results", &values.allow_unsafe_mount },
	{ "debug", CONF_BOOL, "no", 0, 0, "log more", &values.debug },
	{ NULL, CONF_STRING, NULL, 0, 0, NULL, NULL },
};

enum { OPT_NAME = STARTUP_OWN, OPT_SLOTS, OPT_DRAIN };

static const struct argp_option arguments[] = {
	{ "name", OPT_NAME, "NAME", 0, "The runner's name, instead of the host's", 0 },
	{ "slots", OPT_SLOTS, "N", 0, "Give N cores to jobs, instead of all", 0 },
	{ "drain-and-exit", OPT_DRAIN, NULL, 0,
	  "Tell the runner of this name, on this machine, to take no more jobs and to end when "
	  "those that it has are done; wait for that",
	  0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static bool take(int key, const char *arg, struct strlist *settings)
{
	switch (key) {
	case OPT_NAME:
		startup_set(settings, "name", arg);
		return true;
	case OPT_SLOTS:
		startup_set(settings, "slots", arg);
		return true;
	case OPT_DRAIN:
		values.drain_and_exit = true;
		return true;
	default:
		return false;
	}
}

/* What no range of a single option can say. */
static char *check_together(void)
{
	if (values.freeze > 2 * values.beat)
		return NULL;
	return xasprintf("freeze (%.1f s) must be more than twice beat (%.1f s): else one sign of "
			 "life that comes late freezes all jobs",
			 (double)values.freeze / 1000, (double)values.beat / 1000);
}

const struct options *options_parse(int argc, char **argv)
{
	static const struct startup startup = {
		.program = "spool-runner",
		.doc = "Runs jobs that the coordinator of a spool offers to this machine."
		       "\vSee spool-runner(8) and spool(7).",
		.file = "/etc/spool/runner.conf",
		.page = "runner.conf(5)",
		.holds = "lock, scratch and log",
		.arguments = arguments,
		.table = table,
		.take = take,
		.check = check_together,
	};

	values.foreground = startup_read(&startup, argc, argv);
	return &values;
}
