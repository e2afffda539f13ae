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
 * But syncfs also waits for what everybody else has written, 0.4 ms a megabyte: a job that writes
 * its results for an hour would make each commit wait for it. So it is used while it is quick; once
 * it was slow it is left alone for a while, the next time for twice as long.
 *
 * Its own error names no file, and it may have been told to another program already. So each file
 * is asked for its own write errors behind it, which costs no wait.
 */
#include "durable.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define FSYNC_MOST 3 /* descriptors for which syncfs gains nothing */
#define SLOW_MS 20
#define PAUSE_MS 5000
#define PAUSE_MOST_MS 320000

static void sync_each(struct durable *d)
{
	for (size_t i = 0; i < d->count; i++)
		sync_file_range(d->entries[i].fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* a hint */
	for (size_t i = 0; i < d->count; i++)
		/* EINVAL, EBADF: a folder that this file system cannot sync, or needs not */
		if (fsync(d->entries[i].fd) < 0 && errno != EINVAL && errno != EBADF)
			*d->entries[i].error = -errno;
}

/* False if the file system cannot be synced as a whole. */
static bool sync_all(struct durable *d)
{
	int64_t begun = clock_boot_ms();

	if (syncfs(d->entries[0].fd) < 0)
		return false;
	if (clock_boot_ms() - begun <= SLOW_MS) {
		d->pause_ms = 0;
	} else {
		d->pause_ms = d->pause_ms ? d->pause_ms * 2 : PAUSE_MS;
		if (d->pause_ms > PAUSE_MOST_MS)
			d->pause_ms = PAUSE_MOST_MS;
		d->not_before = clock_boot_ms() + d->pause_ms;
	}
	for (size_t i = 0; i < d->count; i++)
		if (sync_file_range(d->entries[i].fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE) < 0)
			*d->entries[i].error = -errno;
	return true;
}

void durable_commit(struct durable *d)
{
	bool whole = d->local && d->count > FSYNC_MOST && clock_boot_ms() >= d->not_before;

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
	if (d->count == DURABLE_ROOM)
		durable_commit(d);
	d->entries[d->count].fd = fd;
	d->entries[d->count++].error = error;
}
