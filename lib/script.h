/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * script - a file that is run by itself: who runs it, by its first bytes; for command.c.
 */
#ifndef SPOOL_SCRIPT_H
#define SPOOL_SCRIPT_H

#include "xalloc.h"

#define SCRIPT_LINE_MAX 255 /* bytes of a #! line, as the kernel reads it */

struct complaint;

struct script {
	char *interpreter; /* of the #! line: an absolute path, or a bare name (by env); NULL: a
			      compiled program */
	struct strlist arguments; /* that stand behind it in that line */
};

/* Reads the head of the open regular file. path is its name within the job and line that of
 * "executable" in job.conf, for complaints. 0, COMPLAINT (neither script nor executable program),
 * or negative errno. */
int script_read(int fd, const char *path, int line, struct script *ret, struct complaint *c);
void script_free(struct script *s);

#endif
