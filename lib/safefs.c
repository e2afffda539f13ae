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
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#define OPEN_FLAGS (O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

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
	_cleanup_close_ int fd = safefs_open(dirfd, path, O_RDONLY, 0);

	if (fd < 0)
		return fd == -ENXIO ? -EINVAL : fd;
	return safefs_read_fd(fd, max, ret_text, ret_len, st);
}

int safefs_read_fd(int fd, size_t max, char **ret_text, size_t *ret_len, struct stat *st)
{
	_cleanup_free_ char *text = NULL;
	struct stat seen;
	size_t len = 0;
	int r;

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

static enum safefs_kind kind_of_type(unsigned long type)
{
	switch (type & 0xFFFFFFFFUL) {
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
	case 0x01161970: /* gfs2 */
	case 0x0BD00BD0: /* lustre */
	case 0x47504653: /* gpfs */
	case 0x786F4256: /* vboxsf */
	case 0xBACBACBC: /* vmhgfs */
		return SAFEFS_OTHER_REMOTE;
	default:
		return SAFEFS_LOCAL;
	}
}

enum safefs_kind safefs_kind(int fd)
{
	struct statfs st;

	return fstatfs(fd, &st) < 0 ? SAFEFS_OTHER_REMOTE : kind_of_type((unsigned long)st.f_type);
}

/* Which kind the open folder or file is of, asked of the file system once per device: statfs is a
 * round trip on NFS. */
static enum safefs_kind kind_of(int fd)
{
	static _Thread_local struct {
		unsigned major, minor;
		enum safefs_kind kind;
		bool known;
	} last;
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) < 0)
		return safefs_kind(fd);
	if (!last.known || last.major != st.stx_dev_major || last.minor != st.stx_dev_minor) {
		struct statfs now;

		if (fstatfs(fd, &now) < 0)
			return SAFEFS_OTHER_REMOTE; /* of this moment; not to be remembered */
		last.kind = kind_of_type((unsigned long)now.f_type);
		last.major = st.stx_dev_major;
		last.minor = st.stx_dev_minor;
		last.known = true;
	}
	return last.kind;
}

static void stat_of(const struct statx *x, struct stat *st)
{
	*st = (struct stat){
		.st_dev = makedev(x->stx_dev_major, x->stx_dev_minor),
		.st_ino = x->stx_ino,
		.st_mode = x->stx_mode,
		.st_nlink = x->stx_nlink,
		.st_uid = x->stx_uid,
		.st_gid = x->stx_gid,
		.st_rdev = makedev(x->stx_rdev_major, x->stx_rdev_minor),
		.st_size = (off_t)x->stx_size,
		.st_blksize = (blksize_t)x->stx_blksize,
		.st_blocks = (blkcnt_t)x->stx_blocks,
		.st_atim = { x->stx_atime.tv_sec, x->stx_atime.tv_nsec },
		.st_mtim = { x->stx_mtime.tv_sec, x->stx_mtime.tv_nsec },
		.st_ctim = { x->stx_ctime.tv_sec, x->stx_ctime.tv_nsec },
	};
}

int safefs_stat(int dirfd, const char *name, struct stat *st)
{
	struct statx x;

	if (kind_of(dirfd) == SAFEFS_LOCAL)
		return fstatat(dirfd, name, st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
	if (statx(dirfd, name, AT_SYMLINK_NOFOLLOW | AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &x) <
	    0)
		return -errno;
	stat_of(&x, st);
	return 0;
}

/* Has the folder's own attributes fetched: a cached name in it is then believed only if the folder
 * has not changed since it was looked up. */
static void refresh(int dirfd)
{
	struct statx x;

	if (kind_of(dirfd) != SAFEFS_LOCAL)
		(void)statx(dirfd, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &x);
}

int safefs_look(int dirfd, const char *name, struct stat *st)
{
	struct stat seen;

	refresh(dirfd);
	return safefs_stat(dirfd, name, st ? st : &seen);
}

static bool is_there(int dirfd, const char *name)
{
	return safefs_look(dirfd, name, NULL) == 0;
}

/* A rename or an open on SMB that fails because of something passing: a handle that this client
 * has not given back yet, a session that is being made anew. */
static bool is_passing(int dirfd, int r)
{
	return (r == -EACCES || r == -EBUSY || r == -EAGAIN || r == -ETXTBSY) &&
	       kind_of(dirfd) == SAFEFS_SMB;
}

/* renameat, asked again for about three seconds where that helps. 0 or negative errno, neither of
 * which proves anything: "no such name" after a refusal stays the refusal, which may have been done
 * after all. */
static int rename_patiently(int from_fd, const char *from, int to_fd, const char *to)
{
	int before = 0;

	for (unsigned pause_ms = 50;; pause_ms *= 2) {
		int r = renameat(from_fd, from, to_fd, to) < 0 ? -errno : 0;

		if (r == -ENOENT && before)
			return before;
		if (r == 0 || pause_ms > 1600 || !is_passing(from_fd, r))
			return r;
		before = r;
		usleep(pause_ms * 1000);
	}
}

static int is_name(const char *name, unsigned char type, void *arg)
{
	(void)type;
	return strcmp(name, arg) == 0;
}

/* An SMB client trusts its "no such name" for a second, and the rename itself has just taught it
 * one; a listing comes from the server. */
static bool is_listed(int dirfd, const char *name)
{
	return kind_of(dirfd) == SAFEFS_SMB &&
	       safefs_list(dirfd, ".", is_name, (char *)(uintptr_t)name) == 1;
}

/* What became of a rename that was answered with answer. */
static int look_after(int answer, int from_fd, const char *from, int to_fd, const char *to)
{
	int seen = safefs_look(to_fd, to, NULL);

	/* Where the answer is plain the source was missing, and nothing was sent twice. */
	if (seen == -ENOENT && answer != -ENOENT && is_listed(to_fd, to))
		seen = 0;
	if (seen == 0)
		return !answer || safefs_look(from_fd, from, NULL) == -ENOENT ? 0 : answer;
	if (seen != -ENOENT)
		return seen;
	if (safefs_look(from_fd, from, NULL) == -ENOENT)
		return SAFEFS_LOST;
	return answer ? answer : -EIO;
}

int safefs_rename(int from_fd, const char *from, int to_fd, const char *to)
{
	if (is_there(to_fd, to)) {
		int source = safefs_look(from_fd, from, NULL);

		return source == 0 ? -EEXIST : source == -ENOENT ? 0 : source;
	}
	return look_after(rename_patiently(from_fd, from, to_fd, to), from_fd, from, to_fd, to);
}

int safefs_rename_own(int from_fd, const char *from, int to_fd, const char *to)
{
	int answer = rename_patiently(from_fd, from, to_fd, to);
	struct statx x;

	/* After a success the kernel knows the new name without asking the server (only its
	 * attributes would cost a round trip). Nobody else makes it, so it cannot be a cached one
	 * of the same file, with which nothing would have been done.
	 */
	if (answer == 0 &&
	    statx(to_fd, to, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, STATX_TYPE, &x) == 0)
		return 0;
	return look_after(answer, from_fd, from, to_fd, to);
}

int safefs_replace(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		   bool durable)
{
	_cleanup_free_ char *tmp = xasprintf(".tmp-%s", name);
	int fd, r;

	r = safefs_create(dirfd, tmp, data, len, mode, &fd);
	if (r == -EEXIST) { /* of a former life */
		unlinkat(dirfd, tmp, 0);
		r = safefs_create(dirfd, tmp, data, len, mode, &fd);
	}
	if (r < 0)
		return r;
	if (durable && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0)
		r = rename_patiently(dirfd, tmp, dirfd, name);
	if (r < 0)
		unlinkat(dirfd, tmp, 0);
	else if (durable && fsync(dirfd) < 0 && errno != EINVAL)
		r = -errno;
	return r;
}

int safefs_list(int dirfd, const char *path,
		int (*each)(const char *name, unsigned char type, void *arg), void *arg)
{
	_cleanup_close_ int fd = safefs_open_dir(dirfd, path);

	return fd < 0 ? fd : safefs_list_fd(fd, each, arg);
}

int safefs_list_fd(int fd, int (*each)(const char *name, unsigned char type, void *arg), void *arg)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3), r;

	if (copy < 0)
		return -errno;
	dir = fdopendir(copy);
	if (!dir) {
		r = -errno;
		close(copy);
		return r;
	}
	rewinddir(dir); /* both share one position */
	while (errno = 0, (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		r = each(entry->d_name, entry->d_type, arg);
		if (r != 0)
			return r;
	}
	return -errno;
}

enum safefs_writers safefs_writers(int fd)
{
	if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
		(void)fcntl(fd, F_SETLEASE, F_UNLCK);
		return SAFEFS_NO_WRITER;
	}
	/* A network client answers EAGAIN whenever the server has not lent it the file, too. */
	return errno == EAGAIN && kind_of(fd) == SAFEFS_LOCAL ? SAFEFS_WRITER
							      : SAFEFS_WRITER_UNKNOWN;
}

int safefs_dress(int fd, mode_t mode, const struct timespec times[2])
{
	int r = fchmod(fd, mode) < 0 ? -errno : 0;

	if (times)
		(void)futimens(fd, times);
	/* Its maker may change it unless the owner is an invention. */
	return r == -EPERM || r == -EACCES || r == -EOPNOTSUPP || r == -ENOSYS ? 0 : r;
}

int safefs_open_to_sync(int dirfd, const char *path)
{
	int fd = safefs_open(dirfd, path, O_WRONLY, 0);

	if (fd == -EACCES || fd == -EPERM || fd == -EROFS || fd == -ETXTBSY || fd == -EISDIR)
		fd = safefs_open(dirfd, path, O_RDONLY, 0);
	return fd;
}

const char *safefs_kind_name(enum safefs_kind kind)
{
	static const char *const names[] = { "local disk", "NFS", "SMB", "network file system" };

	return names[kind];
}
