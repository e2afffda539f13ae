/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outcome - the verdict on a job that has ended, in a state and in plain words.
 */
#ifndef RUNNER_OUTCOME_H
#define RUNNER_OUTCOME_H

struct job;

/* Fills the ticket's outcome from the job's report (or failure), what was ordered, and whether its
 * results could be kept. */
void outcome_judge(struct job *job);

#endif
