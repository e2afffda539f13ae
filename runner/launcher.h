/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * launcher - the small process between the daemon and the jobs: has a keeper for each that runs,
 * reports for those whose keeper was killed, and kills everything when the daemon is gone.
 *
 * The daemon speaks to it by the packets of message.h. It never opens a path of the share, so a
 * dead mount stops no time limit; and it holds the runner's local lock (MESSAGE_LOCK), so that the
 * lock is free only when nothing of the old jobs runs.
 */
#ifndef RUNNER_LAUNCHER_H
#define RUNNER_LAUNCHER_H

#include <stdbool.h>
#include <sys/types.h>

/* Forks the launcher; called before threads are started and the share is opened. *ret_sock is the
 * daemon's end: closing it ends launcher and jobs. If detached, the launcher and what it starts do
 * not keep the stderr that we have. The pid, or negative errno. */
pid_t launcher_fork(int *ret_sock, bool detached);

#endif
