/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wake - inotify on the inbox, where the share is a local disk: work is seen at once.
 *
 * A hint only: the look decides what is there, and it comes by the clock as well.
 */
#ifndef RUNNER_WAKE_H
#define RUNNER_WAKE_H

struct runner;

/* Makes r->inotify, which watches nothing yet. 0 or negative errno. */
int wake_open(struct runner *r);

/* Watches the folder behind r->new_inbox (closed and set to -1), instead of a former one; sets
 * r->watching, and r->wake: what came before the watch shows in one more look. */
void wake_watch(struct runner *r);

/* Takes in all events; sets r->wake if there may be something to do. */
void wake_hear(struct runner *r);

#endif
