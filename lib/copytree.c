/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * copytree - a fresh copy of a job's inputs.
 *
 * The entries come sorted by path, so a folder is made before what is in it. Nothing is followed
 * out of either folder. A crash leaves a partial copy under a temporary name, which the caller
 * throws away.
 */
#include "copytree.h"

#include "cleanup.h"
#include "safefs.h"
#include "tree.h"
#include "worker.h"
#include "xalloc.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>

#define PIECE (1 << 20)

/* For file systems between which the kernel does not copy. */
static int copy_by_hand(int from, int to)
{
	_cleanup_free_ char *piece = xcalloc(1, PIECE);

	for (;;) {
		ssize_t n;
		int r;

		if (worker_is_ending())
			return -ECANCELED;
		n = read(from, piece, PIECE);
		if (n == 0)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		r = safefs_write_all(to, piece, (size_t)n);
		if (r < 0)
			return r;
	}
}

static int copy_bytes(int from, int to)
{
	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	for (;;) {
		ssize_t n = worker_is_ending()
				    ? (errno = ECANCELED, -1)
				    : copy_file_range(from, NULL, to, NULL, 64 * PIECE, 0);

		if (n == 0)
			return 0;
		if (n < 0 &&
		    (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP))
			return copy_by_hand(from, to);
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

/* Group (if we may), these bits of the mode, and times are those of the original; durable. */
static int finish(int to, const struct stat *st, mode_t bits)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	int r;

	(void)!fchown(to, (uid_t)-1, st->st_gid);
	r = safefs_dress(to, st->st_mode & bits, times);
	return r == 0 && fsync(to) < 0 ? -errno : r;
}

static int copy_file(int from_dir, int to_dir, const struct tree_entry *e)
{
	_cleanup_close_ int from = safefs_open(from_dir, e->path, O_RDONLY, 0);
	_cleanup_close_ int to = -1;
	struct stat st;
	int r;

	if (from < 0)
		return from;
	if (fstat(from, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	to = safefs_open(to_dir, e->path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (to < 0)
		return to;
	r = copy_bytes(from, to);
	if (r < 0)
		return r;
	return finish(to, &st, 0777);
}

/* The folder that holds path: calls that take a path would follow links on the way. Descriptor or
 * negative errno; *ret_name is in path. */
static int open_above(int dir, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *above = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup(".");

	*ret_name = slash ? slash + 1 : path;
	return safefs_open(dir, above, O_RDONLY | O_DIRECTORY, 0);
}

static int make_folder(int to_dir, const char *path)
{
	const char *name;
	_cleanup_close_ int to = open_above(to_dir, path, &name);

	if (to < 0)
		return to;
	return mkdirat(to, name, 0700) < 0 ? -errno : 0;
}

static int copy_link(int from_dir, int to_dir, const char *path)
{
	const char *name;
	_cleanup_close_ int from = open_above(from_dir, path, &name);
	_cleanup_close_ int to = open_above(to_dir, path, &name);
	char target[4096];
	ssize_t len;

	if (from < 0 || to < 0)
		return from < 0 ? from : to;
	len = readlinkat(from, name, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	return symlinkat(target, to, name) < 0 ? -errno : 0;
}

static int copy_entry(int from_dir, int to_dir, const struct tree_entry *e)
{
	switch (e->type) {
	case 'd':
		return make_folder(to_dir, e->path);
	case 'l':
		return copy_link(from_dir, to_dir, e->path);
	case 'f':
		return copy_file(from_dir, to_dir, e);
	default:
		return -EINVAL;
	}
}

/* Mode and time of a folder that is complete. */
static int finish_folder(int from_dir, int to_dir, const char *path)
{
	_cleanup_close_ int from = safefs_open(from_dir, path, O_RDONLY | O_DIRECTORY, 0);
	_cleanup_close_ int to = safefs_open(to_dir, path, O_RDONLY | O_DIRECTORY, 0);
	struct stat st;

	if (from < 0 || to < 0)
		return from < 0 ? from : to;
	if (fstat(from, &st) < 0)
		return -errno;
	return finish(to, &st, 03777);
}

/* Innermost first: one that nobody may write is closed when all in it is done. */
static int finish_folders(int from_dir, int to_dir, const struct tree *inputs)
{
	for (size_t i = inputs->count; i-- > 0;) {
		int r = inputs->entries[i].type == 'd'
				? finish_folder(from_dir, to_dir, inputs->entries[i].path)
				: 0;

		if (r < 0)
			return r;
	}
	return fsync(to_dir) < 0 ? -errno : 0;
}

int copytree_inputs(int from_fd, int to_fd, const struct tree *inputs)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < inputs->count; i++)
		r = copy_entry(from_fd, to_fd, &inputs->entries[i]);
	if (r == 0)
		r = finish_folders(from_fd, to_fd, inputs);
	/* A link, or a file where a folder was. */
	return r == -ELOOP || r == -ENOTDIR ? -EINVAL : r;
}
