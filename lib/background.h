/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * background - a daemon that leaves the terminal once it works, and says so; or says why it does
 * not.
 */
#ifndef SPOOL_BACKGROUND_H
#define SPOOL_BACKGROUND_H

/*
 * Forks, before any thread or library is started. The parent waits for background_ready: it then
 * prints the text and exits 0, or exits 1 when the daemon ends without having called it (the
 * daemon's own message is on stderr). Returns in the child, in a session of its own.
 */
void background_start(void);

/* Says text to whoever started us, and moves stdin to /dev/null, stdout and stderr to log_path
 * (appended). Does nothing but log when background_start was not called. 0 or negative errno (the
 * log cannot be opened). */
int background_ready(const char *text, const char *log_path);

#endif
