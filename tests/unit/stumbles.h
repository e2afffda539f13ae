/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stumbles - a share that stumbles as one on a network does, and time that passes at once. For unit
 * tests of spoolctl: opens and looks are written down and may fail, by the last part of their path;
 * whoever sleeps finds the clocks advanced, and a test may change the share meanwhile.
 *
 * Behind cmocka.h; once in a program, because it defines functions of the C library.
 */
#ifndef SPOOL_STUMBLES_H
#define SPOOL_STUMBLES_H

#include "xalloc.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int64_t slept;			     /* ms, since the program began */
static int (*open_answer)(const char *name); /* 0, or the errno that the open fails with */
static int (*look_answer)(const char *name); /* likewise for stat */
static void (*while_asleep)(void);	     /* called after each sleep */
static struct strlist opened, looked_at;     /* names in the order of the calls */

/* The next definition of a function, glibc's. */
#define NEXT(name) ((__typeof__(name) *)stumbles_next(#name))

static inline uintptr_t stumbles_next(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (!found)
		abort();
	return (uintptr_t)found;
}

/* Forgets what was written down, and stumbles no more. */
static inline void stumbles_end(void)
{
	open_answer = look_answer = NULL;
	while_asleep = NULL;
	strlist_free(&opened);
	strlist_free(&looked_at);
}

static inline size_t times_in(const struct strlist *list, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < list->count; i++)
		n += strcmp(list->items[i], name) == 0;
	return n;
}

/* True if the call is to fail. */
static inline bool stumble(struct strlist *list, int (*answer)(const char *), const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	int error;

	strlist_add(list, name);
	error = answer ? answer(name) : 0;
	errno = error ? error : errno;
	return error != 0;
}

int openat(int dirfd, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & O_CREAT)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	if (stumble(&opened, open_answer, path))
		return -1;
	return (int)NEXT(syscall)(SYS_openat, dirfd, path, flags, mode);
}

/* openat2 has no function of its own. */
long syscall(long number, ...)
{
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_openat2 && stumble(&opened, open_answer, (const char *)(uintptr_t)a[1]))
		return -1;
	return NEXT(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int fstatat(int dirfd, const char *path, struct stat *st, int flags)
{
	if (stumble(&looked_at, look_answer, path))
		return -1;
	return (int)NEXT(syscall)(SYS_newfstatat, dirfd, path, st, flags);
}

int clock_gettime(clockid_t which, struct timespec *ts)
{
	int r = NEXT(clock_gettime)(which, ts);

	ts->tv_sec += slept / 1000;
	ts->tv_nsec += slept % 1000 * 1000000;
	if (ts->tv_nsec >= 1000000000) {
		ts->tv_nsec -= 1000000000;
		ts->tv_sec++;
	}
	return r;
}

static inline void pass(int64_t ms)
{
	slept += ms;
	if (while_asleep)
		while_asleep();
}

int nanosleep(const struct timespec *ts, struct timespec *left)
{
	(void)left;
	pass((int64_t)ts->tv_sec * 1000 + ts->tv_nsec / 1000000);
	return 0;
}

int usleep(useconds_t us)
{
	pass(us / 1000);
	return 0;
}

#endif
