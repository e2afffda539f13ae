/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * safefs - files of a share that others write to.
 *
 * Why looks instead of return values: a rename's reply can be lost after it was done (ENOENT is
 * then reported), and NFS and SMB clients can report success without doing anything when a cached
 * name misleads them. Only the names tell. A crash in the middle of any function here leaves at
 * most a .tmp-* file, which the purge removes by age.
 */
#include "safefs.h"

#include "cleanup.h"
#include "xalloc.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#define OPEN_FLAGS (O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
#define REMOVE_DEPTH 128

#ifndef CIFS_SUPER_MAGIC
#define CIFS_SUPER_MAGIC 0xFF534D42
#endif
#ifndef SMB2_SUPER_MAGIC
#define SMB2_SUPER_MAGIC 0xFE534D42
#endif

/* For kernels and sandboxes without openat2: each component by itself, no link followed. */
static int open_by_components(int dirfd, const char *path, int flags, mode_t mode)
{
	_cleanup_free_ char *copy = xstrdup(path);
	_cleanup_close_ int held = -1;
	char *rest = copy, *slash;
	int at = dirfd;

	if (*path == '/')
		return -EXDEV;
	while ((slash = strchr(rest, '/'))) {
		int next;

		*slash = '\0';
		if (strcmp(rest, "..") == 0)
			return -EXDEV;
		next = openat(at, rest, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return -errno;
		if (held >= 0)
			close(held);
		at = held = next;
		rest = slash + 1;
	}
	if (strcmp(rest, "..") == 0)
		return -EXDEV;
	int fd = openat(at, rest, flags | O_NOFOLLOW, mode);
	return fd < 0 ? -errno : fd;
}

int safefs_open(int dirfd, const char *path, int flags, mode_t mode)
{
	static bool lacking;
	struct open_how how = {
		.flags = (unsigned)(flags | OPEN_FLAGS),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	if (!lacking) {
		long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		if (errno != ENOSYS && errno != EPERM)
			return -errno;
		lacking = errno == ENOSYS;
	}
	return open_by_components(dirfd, path, flags | OPEN_FLAGS, mode);
}

int safefs_open_dir(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int read_all(int fd, char *text, size_t len, size_t *ret_len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = read(fd, text + have, len - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	*ret_len = have;
	return 0;
}

int safefs_read(int dirfd, const char *path, size_t max, char **ret_text, size_t *ret_len,
		struct stat *st)
{
	struct stat seen;
	_cleanup_close_ int fd = safefs_open(dirfd, path, O_RDONLY, 0);
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r;

	if (fd < 0)
		return fd == -ENXIO ? -EINVAL : fd;
	if (fstat(fd, &seen) < 0)
		return -errno;
	if (!S_ISREG(seen.st_mode))
		return -EINVAL;
	if ((uint64_t)seen.st_size > max)
		return -EFBIG;
	/* Some more than the size, for a file that has just grown; one that fills all of it is
	 * still growing. */
	text = xcalloc(1, (size_t)seen.st_size + 4096);
	r = read_all(fd, text, (size_t)seen.st_size + 4095, &len);
	if (r < 0)
		return r;
	if (len > max)
		return -EFBIG;
	if (len == (size_t)seen.st_size + 4095)
		return -EAGAIN;
	text[len] = '\0';
	if (st)
		*st = seen;
	*ret_text = text;
	*ret_len = len;
	text = NULL;
	return 0;
}

int safefs_write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int safefs_create(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		  int *ret_fd)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	int r;

	if (fd < 0)
		return -errno;
	r = safefs_write_all(fd, data, len);
	if (r < 0) {
		close(fd);
		unlinkat(dirfd, name, 0);
		return r;
	}
	if (ret_fd)
		*ret_fd = fd;
	else if (close(fd) < 0) {
		r = -errno;
		unlinkat(dirfd, name, 0);
	}
	return r;
}

int safefs_replace(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		   bool durable)
{
	_cleanup_free_ char *tmp = xasprintf(".tmp-%s", name);
	int fd, r;

	unlinkat(dirfd, tmp, 0); /* of a former life */
	r = safefs_create(dirfd, tmp, data, len, mode, &fd);
	if (r < 0)
		return r;
	if (durable && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && renameat(dirfd, tmp, dirfd, name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dirfd, tmp, 0);
	else if (durable && fsync(dirfd) < 0 && errno != EINVAL)
		r = -errno;
	return r;
}

int safefs_look(int dirfd, const char *name, struct stat *st)
{
	struct stat seen;
	_cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | OPEN_FLAGS);

	if (fd >= 0)
		return fstat(fd, st ? st : &seen) < 0 ? -errno : 0;
	/* There, but not to be opened (a link, no permission, a socket): the name itself answers.
	 */
	if (errno == ELOOP || errno == EACCES || errno == ENXIO || errno == EPERM ||
	    errno == EAGAIN)
		return fstatat(dirfd, name, st ? st : &seen, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
	return -errno;
}

static bool is_there(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int safefs_rename(int from_fd, const char *from, int to_fd, const char *to)
{
	int failed = 0, seen;

	if (is_there(to_fd, to))
		return is_there(from_fd, from) ? -EEXIST : 0;
	if (renameat(from_fd, from, to_fd, to) < 0)
		failed = -errno;
	seen = safefs_look(to_fd, to, NULL);
	if (seen == 0)
		return failed && is_there(from_fd, from) ? failed : 0;
	if (seen != -ENOENT)
		return seen;
	if (safefs_look(from_fd, from, NULL) == -ENOENT)
		return SAFEFS_LOST;
	return failed ? failed : -EIO;
}

int safefs_list(int dirfd, const char *path,
		int (*each)(const char *name, unsigned char type, void *arg), void *arg)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	int fd = safefs_open_dir(dirfd, path), r;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		r = -errno;
		close(fd);
		return r;
	}
	while (errno = 0, (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		r = each(entry->d_name, entry->d_type, arg);
		if (r != 0)
			return r;
	}
	return -errno;
}

/* One level of a removal: the open folder and its name in the level above. */
struct level {
	DIR *dir;
	char *name;
};

/* chmod 0700 of the folder itself: fchmodat would follow a link that has just taken its place. 0 or
 * negative errno. */
static int make_ours(int fd, const char *name)
{
	_cleanup_close_ int held = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char path[64];

	if (held < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", held);
	return chmod(path, 0700) < 0 ? -errno : 0;
}

/* Opens name below fd as the next level; makes the folder ours to empty first. */
static int enter(int fd, const char *name, struct level *ret)
{
	int dirfd = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dirfd < 0 && errno == EACCES && make_ours(fd, name) == 0)
		dirfd = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dirfd < 0)
		return -errno;
	(void)fchmod(dirfd, 0700);
	ret->dir = fdopendir(dirfd);
	if (!ret->dir) {
		close(dirfd);
		return -ENOMEM;
	}
	ret->name = xstrdup(name);
	return 0;
}

/* Too deep to go on: the folder becomes one of the outermost level, which is read once more at its
 * end. 1 or negative errno. */
static int lift(struct level *stack, int fd, const struct dirent *entry, bool *lifted)
{
	char name[64];

	snprintf(name, sizeof(name), ".tmp-deep-%llu", (unsigned long long)entry->d_ino);
	(void)make_ours(fd, entry->d_name);
	if (renameat(fd, entry->d_name, dirfd(stack[0].dir), name) < 0)
		return -errno;
	*lifted = true;
	return 1;
}

/* Removes the next thing of the innermost level. 1: something done, 0: the level is empty, negative
 * errno. */
static int remove_next(struct level *stack, int *depth, bool *lifted)
{
	DIR *dir = stack[*depth].dir;
	struct dirent *entry;

	do
		entry = readdir(dir);
	while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
	if (!entry)
		return 0;
	if (unlinkat(dirfd(dir), entry->d_name, 0) == 0 || errno == ENOENT)
		return 1;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (*depth + 1 == REMOVE_DEPTH)
		return lift(stack, dirfd(dir), entry, lifted);
	int r = enter(dirfd(dir), entry->d_name, &stack[*depth + 1]);
	if (r == 0)
		(*depth)++;
	return r < 0 ? r : 1;
}

int safefs_remove_tree(int dirfd_, const char *name)
{
	struct level stack[REMOVE_DEPTH];
	bool lifted = false;
	int depth = 0, r;

	if (unlinkat(dirfd_, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	r = enter(dirfd_, name, &stack[0]);
	if (r < 0)
		return r;
	while (depth >= 0) {
		r = remove_next(stack, &depth, &lifted);
		if (r > 0)
			continue;
		if (r == 0 && depth == 0 && lifted) {
			lifted = false;
			rewinddir(stack[0].dir);
			continue;
		}
		int above = depth ? dirfd(stack[depth - 1].dir) : dirfd_;

		closedir(stack[depth].dir);
		if (r == 0 && unlinkat(above, stack[depth].name, AT_REMOVEDIR) < 0 &&
		    errno != ENOENT)
			r = -errno;
		free(stack[depth--].name);
		if (r < 0)
			break;
	}
	for (; depth >= 0; depth--) {
		closedir(stack[depth].dir);
		free(stack[depth].name);
	}
	return r;
}

enum safefs_writers safefs_writers(int fd)
{
	if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
		(void)fcntl(fd, F_SETLEASE, F_UNLCK);
		return SAFEFS_NO_WRITER;
	}
	return errno == EAGAIN ? SAFEFS_WRITER : SAFEFS_WRITER_UNKNOWN;
}

enum safefs_kind safefs_kind(int fd)
{
	struct statfs st;

	if (fstatfs(fd, &st) < 0)
		return SAFEFS_OTHER_REMOTE;
	switch ((unsigned long)st.f_type & 0xFFFFFFFFUL) {
	case NFS_SUPER_MAGIC:
		return SAFEFS_NFS;
	case SMB_SUPER_MAGIC:
	case CIFS_SUPER_MAGIC:
	case SMB2_SUPER_MAGIC:
		return SAFEFS_SMB;
	case FUSE_SUPER_MAGIC:
	case V9FS_MAGIC:
	case CEPH_SUPER_MAGIC:
	case AFS_SUPER_MAGIC:
	case CODA_SUPER_MAGIC:
	case OCFS2_SUPER_MAGIC:
		return SAFEFS_OTHER_REMOTE;
	default:
		return SAFEFS_LOCAL;
	}
}

const char *safefs_kind_name(enum safefs_kind kind)
{
	static const char *const names[] = { "local disk", "NFS", "SMB", "network file system" };

	return names[kind];
}
