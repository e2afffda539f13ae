/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tidy - what is done to a complete and sound drop before it is recorded.
 */
#ifndef SPOOLD_TIDY_H
#define SPOOLD_TIDY_H

#include "coordinator.h"

struct tree;

/* Does the drop, whose folder is open as fd, hold files of ours from an earlier run, or lack what
 * the group of its box needs? Notes what tidy_run needs to know. */
bool tidy_wanted(struct job *job, int fd, const struct tree *tree);

/* Sees to both: in a worker, because it changes files that clients may hold. 0; COMPLAINT, in
 * job->complaint; -EAGAIN: somebody has changed it; other negative errno. */
int tidy_run(void *job);

/* Back in the loop: what was noted goes. After success the drop stands still as it is now. */
void tidy_end(struct job *job, int result);

#endif
