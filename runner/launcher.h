/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * launcher - the small process between the daemon and the jobs: has a keeper for each that runs,
 * reports for those whose keeper was killed, freezes everything when the daemon has not renewed the
 * lease, and waits for another daemon when this one is gone.
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
 * daemon's end. It says nothing, and gives stderr away unless keeps_stderr (a test that wants to
 * see what sanitizers say): it may outlive the daemon, and a terminal or a pipe must see the
 * daemon's end. The pid, or negative errno. */
pid_t launcher_fork(int *ret_sock, bool keeps_stderr);

#endif
