/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * needs - what a job asks of a machine: the whole input of the choice of a runner.
 *
 * Settled at admission from job.conf, the application's manifest and the site's defaults, kept in
 * the head of .spool-manifest. Two jobs with the same needs_key() wait in the same line.
 */
#ifndef SPOOL_NEEDS_H
#define SPOOL_NEEDS_H

#include "xalloc.h"

#include <stdint.h>

struct needs {
	unsigned cores;		  /* >= 1 */
	uint64_t memory;	  /* bytes */
	int64_t ttl_ms;		  /* wall time allowed for a run */
	char *app;		  /* "python3/1", or NULL: a plain executable */
	struct strlist platforms; /* any of these, "linux-x86_64"; empty: any */
	struct strlist software; /* all of these must have been found on the runner: "octave-cli" */
	char *runner;		 /* only this runner, or NULL */
};

/* The canonical text of all but the ttl ("cores=1 memory=536870912 app=- platforms=... software=...
 * runner=-"). Heap. */
char *needs_key(const struct needs *n);
void needs_copy(struct needs *to, const struct needs *from);
void needs_free(struct needs *n); /* the contents; n is left zeroed */

#endif
