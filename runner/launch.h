/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * launch - the loop's side of the launcher: starts, stops, reports.
 */
#ifndef RUNNER_LAUNCH_H
#define RUNNER_LAUNCH_H

#include "job.h"

struct runner;

/* Sends what is due: starts of ready jobs, stops. True: the launcher takes no more at the moment,
 * call again when its socket can be written. */
bool launch_push(struct runner *r);

/* Takes in all reports. 0, or -EPIPE: the launcher is gone. */
int launch_hear(struct runner *r);

/* Ends a job for that reason, running or not. way is how its ticket leaves if it is evicted;
 * kill_wait_ms 0: at once. reason (owned) is for a cancel. A job that has ended already is left
 * alone. */
void launch_stop(struct job *job, enum message_why why, enum job_way way, int64_t kill_wait_ms,
		 char *reason);

/* Ends the jobs that were to be stopped before they reached the launcher. Only while no pass is
 * under way. */
void launch_settle(struct runner *r);

/* A job that is not ours any more: out of the list, with all that it holds. */
void launch_forget(struct runner *r, struct job *job);

/* Removes scratch/<name>, by and by. */
void launch_remove(struct runner *r, const char *name);

/* Cores of the jobs that the launcher has or gets. */
unsigned launch_used(const struct runner *r);

#endif
