/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stage - builds the folder of a job as it will be dropped.
 */
#ifndef SPOOL_STAGE_H
#define SPOOL_STAGE_H

#include <stdbool.h>

struct source;
struct strlist;

/*
 * Makes the folder name in parent_fd and fills it from src: the files, job.conf with the --set
 * assignments, .ready. model: for --dry-run, see copy.h. TELL_DONE, else told on stderr and the
 * exit code; then what has been built so far is still there for the caller to remove.
 */
int stage_build(const struct source *src, const struct strlist *assignments, int parent_fd,
		const char *name, bool model);

#endif
