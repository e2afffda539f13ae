/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * syncer - group commit: many steps become durable with one sync in a worker.
 *
 * A step touches files and folders (write, rename), hands the descriptors here and names what to do
 * once they are durable. Everything handed over while a sync runs goes with the next one, so a busy
 * spool needs few syncs and an idle one waits for exactly its own. Small batches fsync each
 * descriptor; larger ones use one syncfs where the share is a local disk (see SYNCER_FSYNC_MOST in
 * the source for the figures behind the choice).
 */
#ifndef SPOOL_SYNCER_H
#define SPOOL_SYNCER_H

#include <stdbool.h>
#include <stddef.h>

struct worker;
struct syncer;

/* fs_fd: any descriptor of the share, kept open by the caller; local: syncfs may be used. */
struct syncer *syncer_new(struct worker *w, int fs_fd, bool local);

/* The file or folder behind fd must become durable; a duplicate is taken, the caller keeps fd. */
void syncer_touch(struct syncer *s, int fd);

/* As above for a permanent folder, whose fd stays valid: touched twice in one batch it is synced
 * once. */
void syncer_touch_dir(struct syncer *s, int dirfd);

/*
 * go(arg, result) is called in the loop when all that was touched before this call is durable:
 * result 0, or the negative errno of the first failure in the batch (then look and write again: a
 * second fsync would not report it). In order of syncer_then; never from inside syncer_then itself,
 * but from worker_collect or, if there is nothing to wait for, from syncer_start.
 */
void syncer_then(struct syncer *s, void (*go)(void *arg, int result), void *arg);

/* Starts the next sync if something waits and none runs. The loop calls it once per turn, as the
 * last thing before it sleeps. */
void syncer_start(struct syncer *s);

bool syncer_idle(const struct syncer *s); /* nothing touched, waiting or running */
/* Calls that still wait are made with -ECANCELED. */
void syncer_free(struct syncer *s); /* after the worker has been freed; NULL is fine */

#endif
