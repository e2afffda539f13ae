/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * results - what a job left in its folder.
 */
#ifndef RUNNER_RESULTS_H
#define RUNNER_RESULTS_H

struct job;
struct pass;

/* Lists the files that the job made or changed as the ticket's outputs, and hands them and their
 * folders to the pass's commit (errors go to job->sync_error). Sets job->removed if the folder
 * is gone. 0, or negative errno: it cannot be looked at, again later. */
int results_gather(struct pass *p, struct job *job);

#endif
