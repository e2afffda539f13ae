/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spoolctl - the tool of the people who use a spool: hand jobs in, watch, wait, stop them, look
 * after the share.
 *
 * This file is the list of commands and the way to them. Every command stands in a file of its own,
 * cmd_<name>.c, reads the share as any file manager does and changes it only by what any user may
 * do: a drop in incoming/ or a request in requests/. So a spoolctl that is killed leaves at most a
 * temporary of its own.
 */
#include "cleanup.h"
#include "cmd.h"
#include "escape.h"
#include "human.h"
#include "share.h"
#include "tell.h"
#include "xalloc.h"

#include <argp.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct command_row {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments;
	const char *help;
};

static int cmd_help(int argc, char **argv);
static int cmd_version(int argc, char **argv);

static const struct command_row commands[] = {
	{ "init", cmd_init, "DIR", "lay out a share, or add what is missing in one" },
	{ "submit", cmd_submit, "PATH...", "hand in folders, files or submission files" },
	{ "queue", cmd_queue, "", "list jobs; \"show\" tells what one waits for" },
	{ "show", cmd_show, "ID...", "everything that is known about a job" },
	{ "cancel", cmd_cancel, "ID...", "end waiting or running jobs" },
	{ "rm", cmd_rm, "ID...", "remove finished jobs with their results" },
	{ "tail", cmd_tail, "ID", "the last lines of a job's output; follow it with -f" },
	{ "wait", cmd_wait, "ID...", "wait until jobs have ended; returns their exit code" },
	{ "nodes", cmd_nodes, "", "list the runners" },
	{ "apps", cmd_apps, "", "list the applications that the share offers" },
	{ "app", cmd_app, "check DIR", "examine an application's folder before it is installed" },
	{ "check", cmd_check, "", "examine the share: jobs, records, index" },
	{ "doctor", cmd_doctor, "", "examine the mount, this host, permissions" },
	{ "help", cmd_help, "[COMMAND]", "this list, or the help of one command" },
	{ "version", cmd_version, "", "the version of spoolctl" },
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

enum { KEY_CONFIG_CHECK = 0x100 }; /* long only */

struct main_options {
	int first; /* argv index of the command's name, 0 while none has been seen */
	int config_check;
};

const char *argp_program_version = "spoolctl " SPOOL_VERSION;

static const struct argp_option main_argp_options[] = {
	{ "config-check", KEY_CONFIG_CHECK, NULL, 0,
	  "Read the configuration, print what is in force, and end", 0 },
	{ 0 }
};

static const struct argp_child main_children[] = { { &share_argp, 0, NULL, 0 }, { 0 } };

/* Everything behind the command's name is the command's own business. */
static error_t main_parse(int key, char *arg, struct argp_state *state)
{
	struct main_options *o = state->input;

	(void)arg;
	switch (key) {
	case KEY_CONFIG_CHECK:
		o->config_check = 1;
		return 0;
	case ARGP_KEY_ARG:
		o->first = state->next - 1;
		state->next = state->argc;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The list of commands below the options of "spoolctl --help"; argp frees what is returned. */
static char *main_filter(int key, const char *text, void *input)
{
	char *list = NULL;
	size_t size = 0;
	FILE *out;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)(uintptr_t)text;
	out = open_memstream(&list, &size);
	if (!out)
		return NULL;
	fputs("Commands:\n", out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s %-10s %s\n", commands[i].name, commands[i].arguments,
			commands[i].help);
	fputs("\nspoolctl COMMAND --help describes a command, spoolctl(1) all of them.", out);
	fclose(out);
	return list;
}

static const struct argp main_argp = { main_argp_options,
				       main_parse,
				       "COMMAND [ARGUMENT...]",
				       "Hands jobs to a spool, shows and controls them.\v",
				       main_children,
				       main_filter,
				       NULL };

static const struct command_row *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static int unknown_command(const char *name)
{
	_cleanup_free_ char *shown = escape_text(name, ESCAPE_TEXT);
	const char *names[COMMANDS + 1] = { 0 };
	const char *near;

	for (size_t i = 0; i < COMMANDS; i++)
		names[i] = commands[i].name;
	near = human_nearest(name, names);
	if (near)
		return tell_usage(
			"%s: no such command; did you mean \"%s\"? spoolctl help lists them all",
			shown, near);
	return tell_usage("%s: no such command; spoolctl help lists them all", shown);
}

/* Runs one command as if it were a program of its own called "spoolctl <name>". argv is changed. */
static int run_command(const struct command_row *row, int argc, char **argv)
{
	char *own = xasprintf("spoolctl %s", row->name);
	int r;

	argv[0] = own;
	r = row->run(argc, argv);
	free(own);
	return r;
}

static int cmd_help(int argc, char **argv)
{
	char program[] = "spoolctl", option[] = "--help";
	char *words[] = { program, option, NULL };
	const struct command_row *row;

	if (argc < 2) {
		argp_parse(&main_argp, 2, words, ARGP_IN_ORDER, NULL, NULL);
		return TELL_DONE;
	}
	row = find_command(argv[1]);
	if (!row)
		return unknown_command(argv[1]);
	if (row->run == cmd_help || row->run == cmd_version) {
		printf("Usage: spoolctl %s %s\n%s\n", row->name, row->arguments, row->help);
		return TELL_DONE;
	}
	return run_command(row, 2, words);
}

static int cmd_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("%s\n", argp_program_version);
	return TELL_DONE;
}

int main(int argc, char **argv)
{
	struct main_options o = { 0 };
	const struct command_row *row;
	int r;

	/* Only the characters: a decimal comma has no place in JSON. */
	setlocale(LC_CTYPE, "");
	argp_err_exit_status = TELL_USAGE;
	setenv("ARGP_HELP_FMT", "no-dup-args-note", 0);
	if (argp_parse(&main_argp, argc, argv, ARGP_IN_ORDER, NULL, &o))
		return TELL_USAGE;
	if (o.config_check)
		return share_config_check(stdout);
	if (!o.first)
		return tell_usage("no command given; spoolctl help lists them all");
	row = find_command(argv[o.first]);
	if (!row)
		return unknown_command(argv[o.first]);
	r = run_command(row, argc - o.first, argv + o.first);
	if (fflush(stdout) || ferror(stdout))
		return tell_failed("the output could not be written; is the disk full?");
	return r;
}
