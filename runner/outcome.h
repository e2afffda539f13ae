/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outcome - the verdict on a job that has ended, in a state and in plain words.
 */
#ifndef RUNNER_OUTCOME_H
#define RUNNER_OUTCOME_H

struct job;

/* Fills the ticket's outcome from the job's report (or failure) and what was ordered. */
void outcome_judge(struct job *job);

/* What the job left did not reach the disk (job->sync_error): FAILED, whatever its own end was. */
void outcome_unsafe(struct job *job);

#endif
