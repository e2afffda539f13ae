/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nth - the part of the shim that lets one call on the share fail, and the one that moves the clock
 * on the wall.
 *
 *	SHIM_NTH=N		the N-th call about a file or folder with SHIM_NTH_OF in its path is
 *				not done, and fails with EIO, or the number SHIM_NTH_WITH
 *	SHIM_NTH_SIGNAL=S	instead, the process gets that signal before the call
 *	SHIM_NTH_CALLS=NAMES	only these calls count, each with a blank on both sides
 *	SHIM_NTH_TIMES=K	so do the K-1 calls behind it
 *	SHIM_NTH_WHILE=FILE	calls count only while the file exists
 *	SHIM_NTH_COUNT=FILE	holds one line for each call that counted: its number, its name, its
 *				path
 *	SHIM_WALL=FILE		the number of seconds in the file is added to the time of day, in
 *				this process and all that it forks
 *
 * Calls are those that shim.c traces, also for reading, and read, readdir, stat, chmod and their
 * kin. A closed file tells nothing, and what stdio does is not seen.
 */
#undef _FILE_OFFSET_BITS /* stat and stat64 are two names here, not one */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "shim.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static long number_or(const char *variable, long otherwise)
{
	const char *text = getenv(variable);

	return text ? strtol(text, NULL, 10) : otherwise;
}

static void note(long n, const char *call, const char *place)
{
	const char *path = getenv("SHIM_NTH_COUNT");
	char line[PLACE_SIZE + 64];
	int fd, len;

	if (!path)
		return;
	fd = NEXT(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	len = snprintf(line, sizeof(line), "%ld %s %s\n", n, call, place);
	if (fd < 0 || NEXT(write)(fd, line, (size_t)len) != len)
		abort();
	close(fd);
}

static bool fails(const char *call, const char *place)
{
	const char *on = getenv("SHIM_NTH_WHILE"), *calls = getenv("SHIM_NTH_CALLS");
	long n, first = number_or("SHIM_NTH", 0), sig = number_or("SHIM_NTH_SIGNAL", 0);
	static long met;
	char word[32];

	snprintf(word, sizeof(word), " %s ", call);
	if (calls && !strstr(calls, word))
		return false;

	if (!strstr(place, getenv("SHIM_NTH_OF")) || (on && NEXT(access)(on, F_OK) < 0))
		return false;
	pthread_mutex_lock(&lock);
	n = ++met;
	note(n, call, place);
	pthread_mutex_unlock(&lock);
	if (n == first && sig)
		kill(getpid(), (int)sig);
	return n >= first && n < first + number_or("SHIM_NTH_TIMES", 1);
}

bool nth_fails(const char *call, int dirfd, const char *path)
{
	char place[PLACE_SIZE];
	int saved = errno;
	bool r;

	if (!getenv("SHIM_NTH_OF") || !shim_is_owner())
		return false;
	if (path && path[0])
		shim_place_of(dirfd, path, place);
	else
		shim_place_of_fd(dirfd, place);
	r = fails(call, place);
	errno = r ? (int)number_or("SHIM_NTH_WITH", EIO) : saved;
	return r;
}

/* -- calls that only read, or that shim.c does not trace ------------------------------------------ */

ssize_t read(int fd, void *buf, size_t len)
{
	return nth_fails("read", fd, NULL) ? -1 : NEXT(read)(fd, buf, len);
}

ssize_t pread(int fd, void *buf, size_t len, off_t offset)
{
	return nth_fails("read", fd, NULL) ? -1 : NEXT(pread)(fd, buf, len, offset);
}

ssize_t pread64(int fd, void *buf, size_t len, off64_t offset) __attribute__((alias("pread")));

struct dirent *readdir(DIR *dir)
{
	return nth_fails("readdir", dirfd(dir), NULL) ? NULL : NEXT(readdir)(dir);
}

struct dirent64 *readdir64(DIR *dir)
{
	return nth_fails("readdir", dirfd(dir), NULL) ? NULL : NEXT(readdir64)(dir);
}

int fstatat(int fd, const char *path, struct stat *st, int flags)
{
	return nth_fails("stat", fd, path) ? -1 : NEXT(fstatat)(fd, path, st, flags);
}

int fstatat64(int fd, const char *path, struct stat64 *st, int flags)
{
	return nth_fails("stat", fd, path) ? -1 : NEXT(fstatat64)(fd, path, st, flags);
}

int fchmod(int fd, mode_t mode)
{
	return nth_fails("chmod", fd, NULL) ? -1 : NEXT(fchmod)(fd, mode);
}

int fchmodat(int fd, const char *path, mode_t mode, int flags)
{
	return nth_fails("chmod", fd, path) ? -1 : NEXT(fchmodat)(fd, path, mode, flags);
}

int utimensat(int fd, const char *path, const struct timespec times[2], int flags)
{
	return nth_fails("utimens", fd, path) ? -1 : NEXT(utimensat)(fd, path, times, flags);
}

/* -- the clock on the wall ------------------------------------------------------------------------ */

static time_t wall_moved(void)
{
	const char *path = getenv("SHIM_WALL");
	char text[32] = "";
	int fd, saved = errno;

	if (!path)
		return 0;
	fd = NEXT(open)(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (NEXT(read)(fd, text, sizeof(text) - 1) < 0)
			abort();
		close(fd);
	}
	errno = saved;
	return (time_t)strtol(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	int r = NEXT(clock_gettime)(clock, ts);

	if (r == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		ts->tv_sec += wall_moved();
	return r;
}

time_t time(time_t *ret)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (ret)
		*ret = ts.tv_sec;
	return ts.tv_sec;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	int r = NEXT(gettimeofday)(tv, zone);

	if (r == 0)
		tv->tv_sec += wall_moved();
	return r;
}
