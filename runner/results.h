/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * results - what a job left in its folder.
 */
#ifndef RUNNER_RESULTS_H
#define RUNNER_RESULTS_H

struct durable;
struct job;

/* Lists the files that the job made or changed as the ticket's outputs, and hands them and, on a
 * local disk, their folders to d (errors go to job->result_error). Sets job->removed if the folder
 * is gone. 0, or negative errno: it cannot be looked at now; may be called again. spool_fd is
 * spool/. */
int results_gather(struct job *job, int spool_fd, struct durable *d);

#endif
