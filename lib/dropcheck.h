/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dropcheck - may this folder become a job? The whole examination of a drop (protocol 3.2), used by
 * spoold at admission and by spoolctl submit --dry-run before a copy is made.
 */
#ifndef SPOOL_DROPCHECK_H
#define SPOOL_DROPCHECK_H

#include "command.h"
#include "jobfile.h"
#include "needs.h"
#include "tree.h"

struct catalogue;
struct complaint;

/*
 * Examines the folder behind dir_fd, of which tree is a look: tree_check, job.conf (absent, a
 * regular file of at most 64 KiB, or a complaint: folder, fifo, link, too large), its keys, the
 * application, the files that it names. box_app: the drop box's application or NULL. 0 with job and
 * needs filled (owned by the caller), COMPLAINT, or negative errno (look again later). inputs
 * listed in job.conf that are missing: DROPCHECK_INCOMPLETE with c saying which.
 */
enum { DROPCHECK_INCOMPLETE = 2 };
int dropcheck(int root_fd, const struct catalogue *cat, int dir_fd, const struct tree *tree,
	      const char *box_app, const struct command_defaults *site, struct jobfile *job,
	      struct needs *needs, struct complaint *c);

/* Reads job.conf alone into job (jobfile_init if there is none). As above. */
int dropcheck_read_job(int dir_fd, struct jobfile *job, struct complaint *c);

#endif
