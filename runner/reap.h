/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reap - the processes below this one, found without cgroups.
 *
 * A process that has made itself a subreaper inherits whatever its descendants leave behind, so
 * "waitpid says ECHILD" means that nothing of them lives, daemons with a session of their own
 * included.
 */
#ifndef RUNNER_REAP_H
#define RUNNER_REAP_H

#include <stdbool.h>
#include <sys/types.h>

/* SIGKILL to every child of the calling process that spare does not name (spare may be NULL).
 * Children of those become ours, so repeating it until no child is left kills whole trees.
 * A child that has ended counts until it has been waited for. Returns how many there were. */
unsigned reap_kill_children(bool (*spare)(pid_t pid, void *arg), void *arg);

/* The signal to every descendant, the deepest included. Returns how many got it. */
unsigned reap_signal_descendants(int sig);

#endif
