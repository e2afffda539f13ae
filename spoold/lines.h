/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lines - waiting jobs, one line for each kind of needs, so that a decision looks at as many heads
 * as there are kinds, not at every waiting job.
 */
#ifndef SPOOLD_LINES_H
#define SPOOLD_LINES_H

#include "coordinator.h"

/* The job waits in the line of its needs, by its id (its old place, if it was there before). */
void lines_join(struct job *job, const struct needs *needs);
void lines_leave(struct job *job); /* the line goes with its last job */

#endif
