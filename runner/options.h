/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options - what can be configured: the table, and the command line over it.
 */
#ifndef RUNNER_OPTIONS_H
#define RUNNER_OPTIONS_H

#include "conf.h"
#include "xalloc.h"

struct options {
	/* runner.conf, -o */
	char *name;	/* "": the host's */
	char *share;	/* never "" */
	char *state;	/* "": chosen by lib/spool */
	int64_t slots;	/* 0: as many as cores */
	int64_t memory; /* bytes for jobs, 0: what the host has */
	int64_t beat, freeze, poll, kill_wait, look_again; /* ms */
	struct strlist probe;
	bool allow_root, allow_unsafe_mount, debug;
	/* the command line alone */
	bool foreground, drain_and_exit;
};

/*
 * The options from defaults, then the file of -c, then the command line; they last as long as the
 * program. Does and ends --help, --version, --config-check and --config-sample by itself; ends with
 * status 2 and a sentence if something is wrong.
 */
const struct options *options_parse(int argc, char **argv);

#endif
