/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * copy - copies of files and folders onto the share.
 *
 * The source is opened without following links and only ever read. The target is a folder of ours
 * that nobody else knows yet (.tmp-*), so a crash in the middle leaves a temporary, which the purge
 * removes by age. Times of folders are set last, because making their entries would change them.
 */
#include "copy.h"

#include "cleanup.h"
#include "clock.h"
#include "escape.h"
#include "human.h"
#include "safefs.h"
#include "tree.h"
#include "xalloc.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define CHUNK (4 * 1024 * 1024) /* between two looks at the clock and at copy_stop */
#define PROGRESS_AFTER 2000	/* ms */
#define PROGRESS_EVERY 500
#define FSYNC_MOST 32 /* with more files of a local disk one syncfs is quicker */

volatile sig_atomic_t copy_stop;

static void show_progress(struct copy *c)
{
	int64_t now = clock_boot_ms();
	char done[HUMAN_SIZE], total[HUMAN_SIZE];

	if (!c->began)
		c->began = now;
	if (c->model || now - c->began < PROGRESS_AFTER || now - c->shown < PROGRESS_EVERY ||
	    !isatty(STDERR_FILENO))
		return;
	c->shown = now;
	fprintf(stderr, "\rcopying %s: %s of %s ", c->what, human_size(c->done, done),
		human_size(c->total > c->done ? c->total : c->done, total));
}

void copy_end(struct copy *c)
{
	if (c->shown)
		fprintf(stderr, "\r%*s\r", 79, "");
	free(c->failed);
	c->failed = NULL;
	c->shown = 0;
}

static int fail(struct copy *c, const char *path, int error)
{
	if (!c->failed)
		c->failed = escape_text(path, ESCAPE_TEXT);
	return error;
}

/* Some bytes by the kernel, which need not come through this process (NFS 4.2 and SMB copy on the
 * server). */
static ssize_t copy_some(int from, int to, char *buffer, size_t most)
{
	ssize_t n = copy_file_range(from, NULL, to, NULL, most, 0);

	/* 0 may be the end, or a file of a kind that the kernel does not copy: read knows. */
	if (n > 0 ||
	    (n < 0 && errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP))
		return n;
	n = read(from, buffer, most);
	if (n > 0 && safefs_write_all(to, buffer, (size_t)n) < 0)
		return -1;
	return n;
}

static int copy_bytes(struct copy *c, int from, int to)
{
	_cleanup_free_ char *buffer = xcalloc(1, CHUNK);
	uint64_t done = 0;

	for (;;) {
		size_t most = c->model ? (size_t)(COPY_MODEL_BYTES - done) : CHUNK;
		ssize_t n;

		if (copy_stop)
			return -EINTR;
		if (most == 0)
			return 0;
		n = copy_some(from, to, buffer, most);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		done += (uint64_t)n;
		c->done += (uint64_t)n;
		show_progress(c);
	}
}

static int copy_open_file(struct copy *c, int from, int to)
{
	struct stat st;
	int r;

	if (fstat(from, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	r = copy_bytes(c, from, to);
	if (r < 0)
		return r;
	if (c->model && ftruncate(to, st.st_size) < 0)
		return -errno;
	r = safefs_dress(to, (st.st_mode & 0777) | 0600,
			 (struct timespec[2]){ st.st_atim, st.st_mtim });
	if (r < 0)
		return r;
	return c->durable && fsync(to) < 0 ? -errno : 0;
}

int copy_file(struct copy *c, int from_dir, const char *from, int to_dir, const char *to)
{
	int in = safefs_open(from_dir, from, O_RDONLY, 0), out, r;

	if (in < 0)
		return fail(c, from, in);
	out = safefs_open(to_dir, to, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (out < 0) {
		close(in);
		return fail(c, to, out);
	}
	r = copy_open_file(c, in, out);
	close(in);
	if (close(out) < 0 && r == 0)
		r = -errno; /* NFS reports a full disk here */
	return r < 0 ? fail(c, from, r) : 0;
}

static int copy_link(int from_dir, const char *path, int to_dir)
{
	char target[4096];
	ssize_t len = readlinkat(from_dir, path, target, sizeof(target) - 1);

	if (len < 0)
		return -errno;
	target[len] = '\0';
	return symlinkat(target, to_dir, path) < 0 ? -errno : 0;
}

static int copy_entry(struct copy *c, int from_dir, const struct tree_entry *e, int to_dir)
{
	int r;

	switch (e->type) {
	case 'f':
		return copy_file(c, from_dir, e->path, to_dir, e->path);
	case 'd':
		r = mkdirat(to_dir, e->path, 0700) < 0 ? -errno : 0;
		break;
	case 'l':
		r = copy_link(from_dir, e->path, to_dir);
		break;
	default:
		r = -EINVAL;
	}
	return r < 0 ? fail(c, e->path, r) : 0;
}

/* Modes and times of folders, the innermost first: a folder's own come after those of all that is
 * in it. */
static int finish_folders(struct copy *c, const struct tree *tree, int to_dir)
{
	for (size_t i = tree->count; i > 0; i--) {
		const struct tree_entry *e = &tree->entries[i - 1];
		struct timespec mtime = { .tv_sec = e->mtime_ns / 1000000000,
					  .tv_nsec = e->mtime_ns % 1000000000 };
		struct timespec times[2] = { mtime, mtime };
		_cleanup_close_ int fd = -1;
		int r;

		if (e->type != 'd')
			continue;
		fd = safefs_open(to_dir, e->path, O_RDONLY | O_DIRECTORY, 0);
		r = fd < 0 ? fd : safefs_dress(fd, (e->mode & 0777) | 0700, times);
		if (r < 0)
			return fail(c, e->path, r);
	}
	return 0;
}

int copy_tree(struct copy *c, int from_dir, const struct tree *tree, int to_dir)
{
	int r = 0;

	/* On a network closing a file sends it to the server anyway, and syncfs says nothing about
	 * the server's disk.
	 */
	c->durable = !c->model &&
		     (tree->count <= FSYNC_MOST || safefs_kind(to_dir) != SAFEFS_LOCAL);
	/* Entries are sorted by path, so a folder comes before what is in it. */
	for (size_t i = 0; r == 0 && i < tree->count; i++)
		r = copy_entry(c, from_dir, &tree->entries[i], to_dir);
	return r < 0 ? r : finish_folders(c, tree, to_dir);
}

int copy_settle(struct copy *c, int dir)
{
	if (c->model)
		return 0;
	if (c->durable)
		return fsync(dir) < 0 && errno != EINVAL ? -errno : 0;
	return syncfs(dir) < 0 ? -errno : 0;
}
