/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * background - a daemon started by hand: the command returns when the daemon is at work.
 */
#ifndef RUNNER_BACKGROUND_H
#define RUNNER_BACKGROUND_H

/* Goes on in a child with a session of its own; the caller's process waits there and ends with
 * status 0 once background_ready is called, with that of the child if it ends before. A descriptor
 * for background_ready. */
int background_enter(void);

/* From here on stdout and stderr go to the log file (appended to) and stdin is empty; the parent
 * ends. */
void background_ready(int fd, int log_fd);

#endif
