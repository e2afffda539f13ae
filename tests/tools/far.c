/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * far - the part of the shim that makes a local disk look like one that is far away.
 *
 *	SHIM_NFS=FOLDER		what lies below it is on NFS, as far as statfs tells, and has no
 *leases
 *	SHIM_RTT=MICROSECONDS	that is how long it takes to ask for attributes there
 *	SHIM_STALL=TEXT		while the file SHIM_STALL_WHILE exists, whoever moves, removes or
 *				chmods a file (not a folder) with TEXT in its path waits, as for a
 *				client that was lent the file and is silent
 *	SHIM_FULL=TEXT		while the file SHIM_FULL_WHILE exists, an fsync of what has TEXT in
 *				its path fails with ENOSPC
 *	SHIM_LOST=TEXT		the same with EIO, while SHIM_LOST_WHILE exists
 *	SHIM_FAIL=TEXT		while the file SHIM_FAIL_WHILE exists, to open what has TEXT in its
 *				path, or to make it, fails: with ENOSPC, or the number
 *				SHIM_FAIL_WITH; the first SHIM_FAIL_AFTER times it does not
 *	SHIM_LATE=TEXT		while the file SHIM_LATE_WHILE exists, an fsync of what has TEXT in
 *				its path waits
 *
 * As in shim.c, only the process that loaded the shim is concerned.
 */
#undef _FILE_OFFSET_BITS /* fcntl and fcntl64 are two names here, not one */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "shim.h"

/* Is such a path meant, and does the file exist that switches it on? */
static bool is_meant(const char *place, const char *text, const char *on)
{
	return text && on && shim_is_owner() && strstr(place, text) && access(on, F_OK) == 0;
}

void far_wait(const char *place)
{
	const char *text = getenv("SHIM_STALL"), *on = getenv("SHIM_STALL_WHILE");
	const struct timespec pause = { 0, 20000000 };
	int saved = errno;
	struct stat st;

	while (is_meant(place, text, on) && lstat(place, &st) == 0 && S_ISREG(st.st_mode))
		nanosleep(&pause, NULL);
	errno = saved;
}

void far_wait_at(int dirfd, const char *path)
{
	char place[PLACE_SIZE];

	if (!getenv("SHIM_STALL"))
		return;
	shim_place_of(dirfd, path, place);
	far_wait(place);
}

static bool is_meant_fd(int fd, const char *text, const char *on)
{
	char place[PLACE_SIZE];

	if (!text)
		return false;
	shim_place_of_fd(fd, place);
	return is_meant(place, text, on);
}

bool far_cannot_sync(int fd)
{
	if (is_meant_fd(fd, getenv("SHIM_FULL"), getenv("SHIM_FULL_WHILE")))
		errno = ENOSPC;
	else if (is_meant_fd(fd, getenv("SHIM_LOST"), getenv("SHIM_LOST_WHILE")))
		errno = EIO;
	else
		return false;
	return true;
}

bool far_fails(int dirfd, const char *path)
{
	const char *with = getenv("SHIM_FAIL_WITH"), *after = getenv("SHIM_FAIL_AFTER");
	static atomic_long met;
	char place[PLACE_SIZE];

	if (!getenv("SHIM_FAIL"))
		return false;
	shim_place_of(dirfd, path, place);
	if (!is_meant(place, getenv("SHIM_FAIL"), getenv("SHIM_FAIL_WHILE")) ||
	    ++met <= (after ? strtol(after, NULL, 10) : 0))
		return false;
	errno = with ? (int)strtol(with, NULL, 10) : ENOSPC;
	return true;
}

void far_wait_to_sync(int fd)
{
	const char *text = getenv("SHIM_LATE"), *on = getenv("SHIM_LATE_WHILE");
	const struct timespec pause = { 0, 20000000 };
	char place[PLACE_SIZE];

	if (!text)
		return;
	shim_place_of_fd(fd, place);
	while (is_meant(place, text, on))
		nanosleep(&pause, NULL);
}

int chmod(const char *path, mode_t mode)
{
	char place[PATH_MAX];

	if (getenv("SHIM_STALL") && realpath(path, place)) /* what /proc/self/fd/... stands for */
		far_wait(place);
	return NEXT(chmod)(path, mode);
}

/* -- NFS ------------------------------------------------------------------------------------------ */

static bool is_far(int fd)
{
	const char *nfs = getenv("SHIM_NFS");
	char place[PLACE_SIZE];
	int saved = errno;

	if (!nfs || !shim_is_owner())
		return false;
	shim_place_of_fd(fd, place);
	errno = saved;
	return strncmp(place, nfs, strlen(nfs)) == 0;
}

int fstatfs(int fd, struct statfs *st)
{
	int result = NEXT(fstatfs)(fd, st);

	if (result == 0 && is_far(fd))
		st->f_type = NFS_SUPER_MAGIC;
	return result;
}

int fstatfs64(int fd, struct statfs64 *st) __attribute__((alias("fstatfs"), nothrow));

int fstat(int fd, struct stat *st)
{
	int result = nth_fails("stat", fd, NULL) ? -1 : NEXT(fstat)(fd, st);

	if (result == 0 && st->st_nlink == 0 && is_far(fd)) {
		errno = ESTALE;
		return -1;
	}
	return result;
}

int fstat64(int fd, struct stat64 *st) __attribute__((alias("fstat"), nothrow));

int statx(int dirfd, const char *path, int flags, unsigned int mask, struct statx *st)
{
	const char *rtt = getenv("SHIM_RTT");
	long us = rtt ? strtol(rtt, NULL, 10) : 0;
	const struct timespec pause = { us / 1000000, us % 1000000 * 1000 };

	if (us && (flags & AT_STATX_FORCE_SYNC) && is_far(dirfd))
		nanosleep(&pause, NULL);
	return nth_fails("stat", dirfd, path) ? -1 : NEXT(statx)(dirfd, path, flags, mask, st);
}

int fcntl(int fd, int command, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, command);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (command == F_SETLEASE && is_far(fd)) {
		errno = EAGAIN;
		return -1;
	}
	return NEXT(fcntl)(fd, command, arg);
}

int fcntl64(int fd, int command, ...) __attribute__((alias("fcntl")));
