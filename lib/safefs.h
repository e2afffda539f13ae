/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * safefs - files of a share that others write to: bounded reads, appearing by rename, looks instead
 * of belief.
 *
 * All work goes through descriptors of folders. Nothing here follows a symbolic link, opens a fifo
 * or waits for a lease.
 */
#ifndef SPOOL_SAFEFS_H
#define SPOOL_SAFEFS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Opens path (one or several components) beneath dirfd without following any link (openat2;
 * component by component where the kernel or file system lacks it). flags as open(2); O_CLOEXEC,
 * O_NONBLOCK and O_NOCTTY are added. Descriptor or negative errno. */
int safefs_open(int dirfd, const char *path, int flags, mode_t mode);

/* Opens a folder by path: on NFS this revalidates it, which an old descriptor does not. Descriptor
 * or negative errno. */
int safefs_open_dir(int dirfd, const char *path);

/*
 * Reads a whole regular file of at most max bytes into a heap buffer with a final zero behind it
 * (not counted in *ret_len). 0; -EFBIG larger than max; -EAGAIN it grew while it was read; -ENOENT;
 * -ELOOP a symbolic link; -EINVAL not a regular file; other negative errno. st may be NULL.
 */
int safefs_read(int dirfd, const char *path, size_t max, char **ret_text, size_t *ret_len,
		struct stat *st);

/* The same of a file that is open for reading, from its position on. */
int safefs_read_fd(int fd, size_t max, char **ret_text, size_t *ret_len, struct stat *st);

/* Creates name (O_EXCL) with the bytes; no sync. 0, or negative errno with nothing left behind.
 * *ret_fd (may be NULL) is the open file. */
int safefs_create(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		  int *ret_fd);

/* Creates .tmp-<name>, writes, syncs it if durable, closes, renames over name; the folder is synced
 * if durable. 0 or negative errno. */
int safefs_replace(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		   bool durable);

/* Writes all of data. 0 or negative errno. */
int safefs_write_all(int fd, const void *data, size_t len);

enum { SAFEFS_LOST = 1 }; /* neither source nor target is there: somebody else was first */

/*
 * Renames and then looks, whatever rename(2) said. 0: the target is there and the source is not;
 * SAFEFS_LOST: neither is; -EEXIST: the target was there before (it is never overwritten
 * knowingly); -EIO: success was reported, but nothing happened; another negative errno: not done.
 * The target's name must be one that is used once only and by nobody else. Asking again after a
 * crash gives the same answer: source gone and target there is 0.
 */
int safefs_rename(int from_fd, const char *from, int to_fd, const char *to);

/* The same for a target whose name this process alone can make (it carries its instance), and makes
 * once: no look beforehand, which spares a round trip on NFS, thus never -EEXIST. */
int safefs_rename_own(int from_fd, const char *from, int to_fd, const char *to);

/* What is there under that name, asked of the server: 0 (st filled, may be NULL), -ENOENT, or
 * another negative errno. Opens nothing. On NFS one round trip more than safefs_stat; on SMB an
 * absence may be one second old. */
int safefs_look(int dirfd, const char *name, struct stat *st);

/* The attributes of a name that was listed just now, never from a client's cache; links are not
 * followed. 0 or negative errno. */
int safefs_stat(int dirfd, const char *name, struct stat *st);

/*
 * Three questions to a negative errno, all false for others.
 *
 * Passing: it is not about the name (missing, forbidden, of the wrong kind), but about the file
 * system, the network or this process: come again later. Whoever judges a job asks this; only an
 * error about a name may end one. What is not known for certain to be about a name is passing.
 *
 * Full: passing, because there is no room or no quota. A job that has run and cannot keep what it
 * wrote fails by it; for all else it waits.
 *
 * Trouble: passing, but for that.
 */
bool safefs_is_passing(int r);
bool safefs_is_full(int r);
bool safefs_is_trouble(int r);

/* Gives what the caller has just made these bits of a mode and, if times is not NULL, these times.
 * Where the file system makes up modes and owners (the mount of SMB says them) nobody may change
 * them, the maker neither: then it stays as it is, which is no error. Times are never an error. 0
 * or negative errno. */
int safefs_dress(int fd, mode_t mode, const struct timespec times[2]);

/* Is it a folder, as this machine knows it? Asks no server, which may know nothing of it any more.
 */
bool safefs_is_folder(int fd);

/* fsync. 0 or negative errno. A folder that its file system cannot sync, or needs not, is as good
 * as synced. An error of a file says that what was written may be lost, and says it once. */
int safefs_sync(int fd);

/* Opens a file or folder in order to fsync it: for writing if possible, because on SMB a handle
 * that only reads has nothing flushed. Descriptor or negative errno. */
int safefs_open_to_sync(int dirfd, const char *path);

/* Calls each for every entry but . and .. of the folder at path, opened afresh. A non-zero result
 * of each ends the listing and is returned. 0 or negative errno. */
int safefs_list(int dirfd, const char *path,
		int (*each)(const char *name, unsigned char type, void *arg), void *arg);

/* The same of a folder that is open already and stays so: as fresh as its opening. */
int safefs_list_fd(int fd, int (*each)(const char *name, unsigned char type, void *arg), void *arg);

enum safefs_writers { SAFEFS_NO_WRITER, SAFEFS_WRITER, SAFEFS_WRITER_UNKNOWN };
/* Is the regular file behind fd (opened for reading) open for writing anywhere (F_SETLEASE,
 * decisions.md 13)? The caller has SIGIO blocked. Always UNKNOWN on a network mount unless the
 * server has lent the file. */
enum safefs_writers safefs_writers(int fd);

enum safefs_kind { SAFEFS_LOCAL, SAFEFS_NFS, SAFEFS_SMB, SAFEFS_OTHER_REMOTE };
enum safefs_kind safefs_kind(int fd); /* by statfs */
const char *safefs_kind_name(
	enum safefs_kind kind); /* "local disk", "NFS", "SMB", "network file system" */

#endif
