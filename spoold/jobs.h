/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jobs - the table of jobs that have not ended, and their way from step to step.
 */
#ifndef SPOOLD_JOBS_H
#define SPOOLD_JOBS_H

#include "coordinator.h"

struct job *jobs_find(struct coordinator *co, uint64_t id); /* or NULL */

/* A new job, due for nothing. name is the reduced name. */
struct job *jobs_new(struct coordinator *co, uint64_t id, const char *name);

/* Takes the job out of all lists and frees it. Its files stay where they are. */
void jobs_forget(struct job *job);

/* The job is due for step in this or the next turn (a resting step: it waits there for news). Never
 * for a busy job. */
void jobs_due(struct job *job, enum step step);

/* The job rests at step until the next scan; which comes soon if the error r says that somebody
 * holds a file only for a moment (-EAGAIN). */
void jobs_rest(struct job *job, enum step step, int r);

/* What the step touched must be durable first; then the job is due for next. STEP_NONE: then
 * tickets_settle decides. */
void jobs_after_sync(struct job *job, enum step next);

/* Runs run(job) in a worker; then done(job, result) in the loop, the job being no longer busy,
 * names the next step. */
void jobs_in_lane(struct job *job, struct worker *lane, int (*run)(void *job),
		  void (*done)(struct job *job, int result));

/* The same, in a slow lane, where the share is mounted from a server: run asks it for each name
 * that is in the folder. On a local disk at once. */
void jobs_look_inside(struct job *job, int (*run)(void *job),
		      void (*done)(struct job *job, int result));

/* The lane for what may have to wait for a silent client: the one with least to do. */
struct worker *jobs_slow_lane(const struct coordinator *co);

/* The job's folder is at this name in this place now. */
void jobs_moved(struct job *job, enum spool_place place, const char *at);

/* The folder that holds the job's folder (borrowed), and the job's folder itself, opened afresh.
 * Descriptor or negative errno. */
int jobs_parent_fd(const struct job *job);
int jobs_open_folder(const struct job *job);
bool jobs_folder_is_gone(const struct job *job); /* by a direct look-up */

/* As jobs_open_folder, and we may create files in it: a folder without write permission is given
 * it, if it is ours, and the old mode is put back by jobs_restore_mode. */
int jobs_open_folder_to_write(struct job *job);
void jobs_restore_mode(struct job *job);

/* May we take names out of the box (NULL: it has left it) and put them into queued/? If so, what
 * cannot be moved is itself to blame; else it has to wait. */
bool jobs_may_enter_queue(const struct coordinator *co, const struct box *box);

/* The runner that holds the job's ticket: counts its cores. NULL: none any more. */
void jobs_set_runner(struct job *job, struct runner *runner);
void jobs_set_ticket(struct job *job, enum spool_ticket_kind kind, const char *rid);
void jobs_no_ticket(struct job *job);

#endif
