/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keeper - the process that starts one job, times it, ends it and reports it when nothing of it
 * lives any more; then waits for the next.
 */
#ifndef RUNNER_KEEPER_H
#define RUNNER_KEEPER_H

#include <stdnoreturn.h>

/* The life of a keeper. sock: its end of a socket pair with the launcher; cgroup: its job's control
 * group, or -1. Signals are blocked by
 * the caller. When the other end is closed, a running job is killed at once and the process ends.
 */
noreturn void keeper_run(int sock, int cgroup);

#endif
