/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cgroup - control groups of version 2, for what signals do less well: to freeze and to kill a job
 * whole, at once, whatever it forks.
 *
 * All of this may be missing (no version 2, or nothing delegated to this account): then signals do
 * what they can, and the registration says so. Groups are open folders; -1 is one that is missing,
 * with which everything here does nothing.
 */
#ifndef RUNNER_CGROUP_H
#define RUNNER_CGROUP_H

#include <stdbool.h>

/* Makes a group for this process's jobs below the group that it is in. The folder, or -1. */
int cgroup_open(void);

/* Removes it, if nothing is in it, and closes it. */
void cgroup_close(int group);

/* A group below it of that name. The folder, or -1. */
int cgroup_make(int parent, const char *name);

/* Removes one that nothing is in. */
void cgroup_remove(int parent, const char *name);

/* The calling process goes there. 0 (with -1, too), or negative errno. */
int cgroup_enter(int group);

/* All that is in the group, and below it. */
void cgroup_freeze(int group, bool on);
void cgroup_kill(int group);

#endif
