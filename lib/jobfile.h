/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jobfile - job.conf, what a person asks for; also a Warwick submission file (executable, data,
 * email, client as bare words).
 */
#ifndef SPOOL_JOBFILE_H
#define SPOOL_JOBFILE_H

#include "xalloc.h"

#include <stdbool.h>
#include <stdint.h>

struct complaint;

#define JOBFILE_MAX_EXIT_CODES 32

struct jobfile {
	char *app;	  /* "octave" or "octave/7", or NULL */
	char *executable; /* a file of the job (relative, no ..), or an absolute path on the runner,
			     or NULL */
	struct strlist arguments; /* as given */
	char *input, *data;	  /* or NULL */
	int64_t ttl_ms;		  /* 0: not given */
	uint64_t memory;	  /* bytes, 0: not given */
	unsigned cores;		  /* 0: not given */
	struct strlist platforms;
	struct strlist requires; /* names only; "gcc >= 12" is refused as not supported by this
				    version */
	char *runner;		 /* runner = or client =, or NULL */
	char *group;		 /* a label, or NULL */
	char *email;		 /* recorded; nothing is mailed by this version */
	struct strlist env;    /* "NAME=value"; names [A-Za-z_][A-Za-z0-9_]*, none of SPOOL_*, LD_*,
				  PATH, HOME */
	struct strlist inputs; /* files that must be there before the drop is complete */
	int success_codes[JOBFILE_MAX_EXIT_CODES]; /* {0} by default */
	unsigned success_count;
	bool fail_if_lost; /* on_lost = fail: not run again when its runner has fallen silent */
	/* lines of the keys for later complaints; 0 if not set */
	int line_app, line_executable, line_arguments, line_input, line_data, line_platform,
		line_requires, line_inputs, line_ttl, line_cores, line_memory;
};

/*
 * Parses text as job.conf of the drop. Checks syntax, keys, values and ranges, that exactly one or
 * none of app and executable is set, and that paths stay inside the job (relative, no "..", no
 * empty component; executable may be absolute). Whether files and applications exist is for
 * dropcheck. All that interface.md specifies and this version lacks is CFGFILE_LATER. 0, or
 * COMPLAINT with c filled; job is then empty.
 */
int jobfile_parse(const char *file, const char *text, size_t len, struct jobfile *job,
		  struct complaint *c);

/* True if text looks like a Warwick submission file rather than something else: parses and has
 * executable. For spoolctl submit. */
bool jobfile_is_submission(const char *text, size_t len);

void jobfile_init(struct jobfile *job); /* the job of a folder without job.conf */
void jobfile_free(struct jobfile *job);

#endif
