/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * syncer - group commit: many steps become durable with one sync in a worker.
 *
 * Touches only descriptors that were handed to it. Two batches: `next` gathers what is handed
 * over now; `flight` is with the worker, which reads nothing of it but the descriptors. Calls
 * of syncer_then belong to the newest batch that holds something touched, so none is made
 * before its files are durable and none waits for a sync that it does not need. A crash loses
 * the batches: what was not durable is as if it had not been done, and the scan does it again.
 *
 * An error is told to every call of its batch, and nothing is tried again here: the kernel
 * reports a failed write-back once, and a second fsync would say "fine" without the data being
 * there. Whoever is told must look, and write again what is missing.
 */
#include "syncer.h"

#include "cleanup.h"
#include "safefs.h"
#include "wholesync.h"
#include "worker.h"
#include "xalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Batches with more descriptors than this use syncfs on a local disk. Measured with ext4 on a
 * virtual disk (Linux 6.18; n new files of 600 bytes in n new folders renamed into another one:
 * 2n + 2 descriptors; milliseconds, median of 15):
 *
 *     n                               1     4     8    16    32    64   128
 *     fsync of each                 0.48  1.14  2.22  3.74  7.96  14.4  35.9
 *     the same, write-out begun     0.47  0.98  1.52  2.61  4.88  9.62  23.9
 *     for all before (as here)
 *     syncfs, quiet disk            0.17  0.23  0.30  0.37  0.55  0.93  1.89
 *     syncfs, 64 MB of strangers' dirty data: 28 to 39; 256 MB: 108 to 110; fsync: as above
 *
 * syncfs is the faster one on a quiet disk at every size but the smallest, so it is used while it
 * is quick (wholesync.h); when strangers make it slow, descriptors are synced one by one, until
 * there are so many that even a slow syncfs is the better choice.
 */
#define SYNCER_FSYNC_MOST 3  /* descriptors for which syncfs gains nothing */
#define SYNCER_KEEP_MOST 256 /* more are not kept: syncfs, quick or not */

#define DELETED " (deleted)" /* what /proc puts behind a path without a name */

struct call {
	void (*go)(void *arg, int result);
	void *arg;
};

struct batch {
	struct syncer *owner;
	int *fds; /* duplicates, closed with the batch */
	size_t fd_count;
	int *dirs; /* the caller's */
	size_t dir_count;
	bool whole; /* syncfs will do, no descriptors are kept any more */
	int error;  /* of a sync that had to be made at once */
	struct call *calls;
	size_t call_count;
};

struct syncer {
	struct worker *worker;
	int fs_fd;
	struct wholesync whole;
	struct batch *next;   /* never NULL */
	struct batch *flight; /* NULL: the worker has nothing of ours */
	bool starting;	      /* calls are being made from syncer_start */
};

static struct batch *batch_new(struct syncer *s)
{
	struct batch *b = xcalloc(1, sizeof(*b));

	b->owner = s;
	return b;
}

static void close_fds(struct batch *b)
{
	for (size_t i = 0; i < b->fd_count; i++)
		close(b->fds[i]);
	b->fd_count = 0;
}

static void batch_free(struct batch *b)
{
	close_fds(b);
	free(b->fds);
	free(b->dirs);
	free(b->calls);
	free(b);
}

static bool batch_touched(const struct batch *b)
{
	return b->whole || b->fd_count > 0 || b->dir_count > 0 || b->error;
}

/* Has somebody removed the file, or its folder? Its name is looked up anew. */
static bool is_removed(int fd)
{
	_cleanup_free_ char *link = xasprintf("/proc/self/fd/%d", fd);
	_cleanup_close_ int folder = -1;
	char path[PATH_MAX], *slash;
	ssize_t len = readlink(link, path, sizeof(path) - 1);
	size_t mark = strlen(DELETED);

	path[len < 0 ? 0 : len] = '\0';
	if ((size_t)len > mark && len > 0 && strcmp(path + len - mark, DELETED) == 0)
		path[(size_t)len - mark] = '\0'; /* as far as this client knows */
	slash = strrchr(path, '/');
	if (*path != '/' || slash == path)
		return false;
	*slash = '\0';
	folder = safefs_open_dir(AT_FDCWD, path);
	return folder == -ENOENT ||
	       (folder >= 0 && safefs_look(folder, slash + 1, NULL) == -ENOENT);
}

/* What is not there any more on the server (ESTALE) needs no sync. Of a folder that is enough: who
 * keeps one looks after it himself. A file may be there all the same, under its name, without what
 * was written last. */
static int sync_one(int fd)
{
	int r = safefs_sync(fd);

	if (r != -ESTALE && r != -ENOENT)
		return r;
	return safefs_is_folder(fd) || is_removed(fd) ? 0 : r;
}

static int keep_first(int result, int also)
{
	return result ? result : also;
}

/* In the worker. Files first: begins the write-out of all before it waits for any. */
static int sync_batch(void *arg)
{
	const struct batch *b = arg;
	int result = b->error;

	if (b->whole || (b->fd_count + b->dir_count > SYNCER_FSYNC_MOST &&
			 wholesync_is_quick(&b->owner->whole)))
		return keep_first(result, wholesync_do(&b->owner->whole, b->owner->fs_fd));
	/* On NFS this would make a WRITE and a COMMIT of what fsync does with one WRITE. */
	for (size_t i = 0; b->owner->whole.local && i < b->fd_count; i++)
		sync_file_range(b->fds[i], 0, 0, SYNC_FILE_RANGE_WRITE);
	for (size_t i = 0; i < b->fd_count; i++)
		result = keep_first(result, sync_one(b->fds[i]));
	for (size_t i = 0; i < b->dir_count; i++)
		result = keep_first(result, sync_one(b->dirs[i]));
	return result;
}

static void make_calls(struct batch *b, int result)
{
	for (size_t i = 0; i < b->call_count; i++)
		b->calls[i].go(b->calls[i].arg, result);
}

/* In the loop, when the worker is done. */
static void batch_done(void *arg, int result)
{
	struct batch *b = arg;

	b->owner->flight = NULL;
	make_calls(b, result);
	batch_free(b);
}

struct syncer *syncer_new(struct worker *w, int fs_fd, bool local)
{
	struct syncer *s = xcalloc(1, sizeof(*s));

	s->worker = w;
	s->fs_fd = fs_fd;
	s->whole.local = local;
	s->next = batch_new(s);
	return s;
}

/* One more has come: many on a local disk need not be kept, which also saves descriptors. */
static void grow(struct syncer *s)
{
	struct batch *b = s->next;

	if (s->whole.local && b->fd_count + b->dir_count > SYNCER_KEEP_MOST) {
		b->whole = true;
		close_fds(b);
		b->dir_count = 0;
	}
}

void syncer_touch(struct syncer *s, int fd)
{
	struct batch *b = s->next;
	int copy;

	if (b->whole)
		return;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0) {
		/* No descriptor left: sync at once. The loop waits, but nothing is lost. */
		b->error = keep_first(b->error, sync_one(fd));
		return;
	}
	b->fds = xrealloc(b->fds, b->fd_count + 1, sizeof(*b->fds));
	b->fds[b->fd_count++] = copy;
	grow(s);
}

void syncer_touch_dir(struct syncer *s, int dirfd)
{
	struct batch *b = s->next;

	if (b->whole)
		return;
	for (size_t i = 0; i < b->dir_count; i++) {
		if (b->dirs[i] == dirfd)
			return;
	}
	b->dirs = xrealloc(b->dirs, b->dir_count + 1, sizeof(*b->dirs));
	b->dirs[b->dir_count++] = dirfd;
	grow(s);
}

void syncer_then(struct syncer *s, void (*go)(void *arg, int result), void *arg)
{
	struct batch *b = s->next;

	if (s->flight && !batch_touched(b) && b->call_count == 0)
		b = s->flight;
	b->calls = xrealloc(b->calls, b->call_count + 1, sizeof(*b->calls));
	b->calls[b->call_count++] = (struct call){ go, arg };
}

void syncer_start(struct syncer *s)
{
	if (s->starting)
		return;
	s->starting = true;
	while (!s->flight && (batch_touched(s->next) || s->next->call_count > 0)) {
		struct batch *b = s->next;

		s->next = batch_new(s);
		if (batch_touched(b)) {
			s->flight = b;
			worker_submit(s->worker, sync_batch, batch_done, b);
		} else {
			make_calls(b, 0);
			batch_free(b);
		}
	}
	s->starting = false;
}

bool syncer_idle(const struct syncer *s)
{
	return !s->flight && !batch_touched(s->next) && s->next->call_count == 0;
}

void syncer_free(struct syncer *s)
{
	if (!s)
		return;
	make_calls(s->next, -ECANCELED);
	batch_free(s->next);
	free(s);
}
