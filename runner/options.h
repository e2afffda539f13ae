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
	char *name;		/* as given; "" means the host's */
	char *share, *state;
	int64_t slots;		/* 0: as many as cores */
	int64_t memory;		/* bytes for jobs, 0: what the host has */
	int64_t beat, poll, kill_wait, look_again;	/* ms */
	struct strlist probe;
	bool allow_root, debug;
	/* the command line alone */
	bool foreground, drain_and_exit;
};

/*
 * Fills opt from defaults, then the file of -c, then the command line. Does and ends --help,
 * --version, --config-check and --config-sample by itself; ends with status 2 and a sentence
 * if something is wrong.
 */
void options_parse(int argc, char **argv, struct options *opt);

void options_free(struct options *opt);

#endif
