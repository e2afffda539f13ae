/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tickets - what is due for a job, by where its folder is and how far its ticket has come.
 */
#ifndef SPOOLD_TICKETS_H
#define SPOOLD_TICKETS_H

#include "coordinator.h"

/* A name has appeared in the runner's inbox. */
void tickets_news(struct coordinator *co, const char *runner, const char *name);

/* Lists the runner's inbox: every name is news. Names whose job is not known are kept for
 * tickets_settle_strays. */
void tickets_scan_inbox(struct coordinator *co, struct runner *runner);

/* After all places have been listed: tickets whose job has no folder are spent. */
void tickets_settle_strays(struct coordinator *co);
void tickets_drop_strays(struct coordinator *co);

/* Hands the job to the step that the table names for its place and ticket. Never for a busy job. */
void tickets_settle(struct job *job);

/* As above for a job that rests; first it is seen whether its ticket is still there, by name unless
 * this scan has just met it. */
void tickets_look_after(struct job *job);

/* Just before the folder of a job that is due for LOSE goes to lost/: its ticket is looked at once
 * more. If the attempt has ended well meanwhile, or somebody has removed the marker, the job is
 * settled anew, and the answer is false. */
bool tickets_is_lost(struct job *job);

/* The runner takes no work now: its unclaimed offers are withdrawn. */
void tickets_withdraw_all(struct coordinator *co, struct runner *runner);

/* Writes the order <id>.<n>.cancel into the inbox of the job's runner; text is the reason. 0 or
 * negative errno. */
int tickets_order_cancel(const struct runner *runner, uint64_t id, unsigned attempt,
			 const char *text);

#endif
