/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * durable - what a pass has written, made durable by as few syncs as possible. For the worker:
 * it waits for the disk.
 */
#ifndef RUNNER_DURABLE_H
#define RUNNER_DURABLE_H

#include "wholesync.h"

#include <stddef.h>

#define DURABLE_ROOM 64

struct durable { /* all zero but whole.local to begin with */
	struct wholesync whole;
	size_t count;
	struct {
		int fd;
		int *error;
	} entries[DURABLE_ROOM];
};

/* The file or folder behind fd shall be durable after the next commit. fd becomes owned, closed by
 * then; a negative errno in its place is that error. *error is set to the negative errno if it
 * fails (left alone otherwise). Commits by itself when there is no room. */
void durable_add(struct durable *d, int fd, int *error);

/* Everything on the file system of fd shall be durable, where that is a local disk: false if it is
 * not, and nothing has been done. fd stays the caller's. *error as above. */
bool durable_add_all(struct durable *d, int fd, int *error);

/* Syncs and closes all that was added. */
void durable_commit(struct durable *d);

#endif
