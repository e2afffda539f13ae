/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wholesync - syncfs while it is quick.
 *
 * One syncfs of a quiet local disk costs less than the fsync of a few files; but it also waits for
 * whatever others have written, and a job that writes its results for an hour would make every
 * commit wait for them. So it is used while it is quick; once it was slow it is left alone for a
 * while, the next time for twice as long.
 */
#ifndef SPOOL_WHOLESYNC_H
#define SPOOL_WHOLESYNC_H

#include <stdbool.h>
#include <stdint.h>

struct wholesync {
	bool local;	    /* the file system is a local disk: syncfs may be used at all */
	int64_t not_before; /* boot ms: left alone until then, */
	int64_t pause_ms;   /* because it was slow, for so long */
};

/* May syncfs be expected to be quick now? For a worker, as is the next: they wait for the disk. */
bool wholesync_is_quick(const struct wholesync *w);

/* Syncs the file system of fd and notes how long it took. 0 or negative errno. */
int wholesync_do(struct wholesync *w, int fd);

#endif
