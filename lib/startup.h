/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * startup - what the command lines of the daemons have in common, and how it, the configuration
 * file and the defaults become options in force.
 */
#ifndef SPOOL_STARTUP_H
#define SPOOL_STARTUP_H

#include "conf.h"

#include <argp.h>

enum { STARTUP_OWN = 512 }; /* where a program's keys for argp begin */

struct startup {
	const char *program;		 /* begins each message: "spoold" */
	const char *doc;		 /* argp's, before and after the list */
	const char *file;		 /* read where -c names none; it may be missing */
	const char *page;		 /* the file's manual page: "spoold.conf(5)" */
	const char *holds;		 /* what the state folder is for: "lock, index and log" */
	const struct conf_option *table; /* has a "share", which must not stay "" */
	/* The program's own arguments, whose keys begin with STARTUP_OWN, and what is called for
	 * each that was given: false if the key is none of them. What it sets in the table goes
	 * through startup_set. Both may be NULL. */
	const struct argp_option *arguments;
	bool (*take)(int key, const char *arg, struct strlist *settings);
	/* What no range of a single option can say, once all are set: NULL, or a sentence on the
	 * heap. May be NULL. */
	char *(*check)(void);
};

/* For take: name=value, as if given by -o. */
void startup_set(struct strlist *settings, const char *name, const char *value);

/*
 * Fills the values of the table from its defaults, then the file, then the command line. Does and
 * ends --help, --version, --config-check and --config-sample by itself; ends with status 2 and a
 * sentence if something is wrong. True if the program stays on the terminal.
 */
bool startup_read(const struct startup *s, int argc, char **argv);

#endif
