/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * durable - one commit for all that a pass has written.
 *
 * Two ways. Fsync of each, after writing of all has been begun (on ext4 the first one then commits
 * the whole batch); or, on a local disk, one syncfs. Milliseconds, ext4 on a virtual disk that
 * others use too, n new files of 300 bytes and their folder, median of 40:
 *
 *     n                                  1     2     4     8    16    32
 *     fsync of each                    0.85  0.91  1.38  3.37  5.96  11.7
 *     the same, writing begun before   0.77  0.66  0.80  1.89  3.15  4.88
 *     syncfs                           0.66  0.54  0.69  0.84  0.84  1.00
 *
 * So syncfs is used while it is quick (wholesync.h).
 *
 * On a network mount neither the one nor the other: syncfs would wait for all that this machine
 * writes there, and writing begun before makes a WRITE and a COMMIT of what fsync does with one
 * WRITE.
 *
 * The error of syncfs names no file, and it may have been told to another program already. So each
 * file is asked for its own write errors behind it, which costs no wait.
 */
#include "durable.h"

#include "safefs.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define FSYNC_MOST 3 /* descriptors for which syncfs gains nothing */

static void sync_each(struct durable *d)
{
	for (size_t i = 0; d->whole.local && i < d->count; i++)
		sync_file_range(d->entries[i].fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* a hint */
	for (size_t i = 0; i < d->count; i++) {
		int r = safefs_sync(d->entries[i].fd);

		if (r < 0)
			*d->entries[i].error = r;
	}
}

/* False if the file system cannot be synced as a whole. */
static bool sync_all(struct durable *d)
{
	if (wholesync_do(&d->whole, d->entries[0].fd) < 0)
		return false;
	for (size_t i = 0; i < d->count; i++)
		if (sync_file_range(d->entries[i].fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE) < 0)
			*d->entries[i].error = -errno;
	return true;
}

void durable_commit(struct durable *d)
{
	bool whole = d->count > FSYNC_MOST && wholesync_is_quick(&d->whole);

	if (d->count == 0)
		return;
	if (!whole || !sync_all(d))
		sync_each(d);
	for (size_t i = 0; i < d->count; i++)
		/* NFS and SMB tell at close what they could not write */
		if (close(d->entries[i].fd) < 0 && errno != EINTR && *d->entries[i].error == 0)
			*d->entries[i].error = -errno;
	d->count = 0;
}

void durable_add(struct durable *d, int fd, int *error)
{
	if (fd < 0) { /* nothing that could be synced later: what was written is not durable */
		*error = fd;
		return;
	}
	if (d->count == DURABLE_ROOM)
		durable_commit(d);
	d->entries[d->count].fd = fd;
	d->entries[d->count++].error = error;
}

bool durable_add_all(struct durable *d, int fd, int *error)
{
	if (!d->whole.local)
		return false;
	if (syncfs(fd) < 0 && *error == 0)
		*error = -errno;
	return true;
}
