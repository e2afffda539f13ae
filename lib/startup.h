/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * startup - what the command lines of the daemons have in common, and how it, the configuration
 * file and the defaults become options in force.
 */
#ifndef SPOOL_STARTUP_H
#define SPOOL_STARTUP_H

#include "conf.h"

#include <argp.h>

/* Keys of the common arguments; a program's own ones begin with STARTUP_OWN. */
enum {
	STARTUP_SHARE = 256,
	STARTUP_STATE,
	STARTUP_FOREGROUND,
	STARTUP_CHECK,
	STARTUP_SAMPLE,
	STARTUP_OWN
};

/* The common arguments, for a table of argp: the default configuration file, its manual page, and
 * what the state folder holds. All are literals. */
#define STARTUP_ARGUMENTS(file, page, holds)                                                            \
	{ "config", 'c', "FILE", 0, "Read FILE instead of " file, 0 },                                  \
		{ "share",                                                                              \
		  STARTUP_SHARE,                                                                        \
		  "DIR",                                                                                \
		  0,                                                                                    \
		  "The share: the folder that holds apps/ and spool/",                                  \
		  0 },                                                                                  \
		{ "state", STARTUP_STATE, "DIR", 0, "A folder on a local disk for " holds, 0 },         \
		{ "option", 'o', "NAME=VALUE", 0, "Set an option of " page, 0 },                        \
		{ "foreground", STARTUP_FOREGROUND, NULL, 0, "Stay on the terminal and log to it", 0 }, \
		{ "config-check", STARTUP_CHECK, NULL, 0, "Print the options in force and exit", 0 },   \
	{                                                                                               \
		"config-sample", STARTUP_SAMPLE, NULL, 0,                                               \
			"Print an annotated configuration file and exit", 0                             \
	}

struct startup {
	const char *program;		     /* begins each message: "spoold" */
	const char *doc;		     /* argp's, before and after the list */
	const char *file;		     /* read where -c names none; it may be missing */
	const struct argp_option *arguments; /* STARTUP_ARGUMENTS and the program's own */
	const struct conf_option *table;     /* has a "share", which must not stay "" */
	/* One of the program's own arguments was given; false if the key is none of them. What it
	 * sets in the table goes through startup_set. May be NULL. */
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
