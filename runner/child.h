/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * child - the last lines of our code in a job's own process: from fork to execve.
 */
#ifndef RUNNER_CHILD_H
#define RUNNER_CHILD_H

#include "message.h"

#include <stdnoreturn.h>

/* Where the child tells its keeper why the program did not start; memory shared by both. An exec
 * takes it out of the child's reach, so what stands there was written by us. */
struct child_failure {
	uint32_t step; /* enum message_step */
	int32_t error;
};

#define CHILD_FAILED 127

/* Becomes the job: own session, signals as new, stdin empty, no other descriptor than the three
 * that wait in the socket parcel: the folder that becomes its working directory, stdout, stderr; no
 * core dumps, no new privileges; dies with its keeper. Ends with CHILD_FAILED and *failure filled
 * if a step fails. */
noreturn void child_run(const struct message_start *start, int parcel, pid_t keeper, int cgroup,
			struct child_failure *failure);

#endif
