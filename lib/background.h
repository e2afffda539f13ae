/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * background - a daemon started by hand leaves the terminal once it works, and says so; or says why
 * it does not.
 */
#ifndef SPOOL_BACKGROUND_H
#define SPOOL_BACKGROUND_H

/*
 * Forks, before any thread or library is started. The parent waits for background_ready: it then
 * prints the text and ends with status 0; if the daemon ends before, whose own message is on
 * stderr, with the daemon's status, or 1 if that was a signal. Returns in the child, in a session
 * of its own.
 */
void background_start(void);

/* After background_start: moves stdin to /dev/null, stdout and stderr to the log, and gives text,
 * which ends with a newline, to the parent. Closes log_fd. 0, or negative errno with nothing told
 * (/dev/null cannot be opened). */
int background_ready(const char *text, int log_fd);

#endif
