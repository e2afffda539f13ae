/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jobdir - the files of a job as its job.conf names them, or leaves them to be found; for command.c
 * and dropcheck.c.
 *
 * Everything that is ours, litter, hidden or job.conf itself does not count as a file of the job.
 */
#ifndef SPOOL_JOBDIR_H
#define SPOOL_JOBDIR_H

#include "xalloc.h"

struct complaint;

/*
 * Is path (value_is_inside) a regular file below dir_fd that can be read? Otherwise a complaint at
 * the line of key in job.conf, with the nearest name that is there. 0 with *ret_fd (may be NULL)
 * open for reading; COMPLAINT; negative errno: the share did not answer.
 */
int jobdir_check(int dir_fd, const char *path, const char *key, int line, int *ret_fd,
		 struct complaint *c);

/* The regular files at the top of the folder, sorted. 0, or negative errno. The list is the
 * caller's. */
int jobdir_files(int dir_fd, struct strlist *ret);

/* "a.py", "b.py", "c.py" and 5 more. Heap. */
char *jobdir_names(const struct strlist *files);

#endif
