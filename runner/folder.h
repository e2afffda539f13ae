/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * folder - a job's folder on the share: opening it, knowing it again, and what an error there
 * means.
 */
#ifndef RUNNER_FOLDER_H
#define RUNNER_FOLDER_H

#include <stdbool.h>

struct job;

/* The folder that the job's ticket names; spool_fd is spool/. Descriptor or negative errno. */
int folder_open(int spool_fd, const struct job *job);

/* Is what is open the folder that was admitted? The last line of its manifest tells its digest. 0;
 * -ENOENT: it has no manifest; -EBADMSG: another one; other negative errno: it cannot be read. */
int folder_check(int folder_fd, const struct job *job);

enum folder_meaning {
	FOLDER_GONE,  /* somebody has removed it: the share answers, and it is not there */
	FOLDER_LATER, /* the share or the network is in trouble: nothing is known of the job */
	FOLDER_BAD    /* the error is about this folder and will not pass */
};

/* What an error (negative errno) met in the folder, or while it was opened, means for the job. */
enum folder_meaning folder_judge(int spool_fd, const struct job *job, int error);

#endif
