/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shim - preloaded into a daemon under test: counts its renames, lets one of them go wrong, and
 * writes down in which order it changes and syncs files.
 *
 *	SHIM_KILL_AFTER=N	SIGKILL right after the N-th successful rename
 *	SHIM_LIE_AT=N		the N-th rename is done, but its reply is lost: -1, ENOENT
 *	SHIM_NOOP_AT=N		the N-th rename reports success and does nothing
 *	SHIM_MATCH=TEXT		only renames with TEXT in the path of their target count
 *	SHIM_COUNT=FILE		holds the number of renames so far
 *	SHIM_NFS=FOLDER		what lies below it is on NFS, as far as statfs tells, and has no
 *leases
 *	SHIM_STALL=TEXT		while the file SHIM_STALL_WHILE exists, whoever moves, removes or
 *				chmods a file with TEXT in its path waits, as for a silent client
 *	SHIM_TRACE=FILE		one line per call that opens for writing, writes, syncs, renames,
 *				links, unlinks or makes a folder, appended when the call is over:
 *
 *	<number> <thread id> <call> <result> <path>[ <second path>]
 *
 * The result is 0 or the negative errno. Paths are absolute, of a descriptor as /proc/self/fd has
 * it; blanks, backslashes and control characters in them are \xNN. A sync has a line of its own
 * when it begins (fsync-begin ...), so that what changes meanwhile is not taken for synced.
 *
 * far.c has more: a file server that is far away, or full; nth.c lets any one call fail.
 *
 * Only the process that loaded the shim is concerned, with all its threads, not what it forks. Not
 * seen: what stdio writes (glibc calls its own write) and stores to mapped memory.
 */
#undef _FILE_OFFSET_BITS /* open and open64 are two names here, not one */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shim.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t owner;
static int trace_fd = -1, count_fd = -1;
static unsigned long lines, renames, succeeded, kill_after, lie_at, noop_at;
static const char *match;

uintptr_t shim_next(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (!found)
		abort();
	return (uintptr_t)found;
}

bool shim_is_owner(void)
{
	return getpid() == owner;
}

static unsigned long number(const char *variable)
{
	const char *text = getenv(variable);

	return text ? strtoul(text, NULL, 10) : 0;
}

static int output(const char *variable, int flags)
{
	const char *path = getenv(variable);

	if (!path)
		return -1;
	return NEXT(open)(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
}

__attribute__((constructor)) static void start(void)
{
	owner = getpid();
	kill_after = number("SHIM_KILL_AFTER");
	lie_at = number("SHIM_LIE_AT");
	noop_at = number("SHIM_NOOP_AT");
	match = getenv("SHIM_MATCH");
	trace_fd = output("SHIM_TRACE", O_APPEND);
	count_fd = output("SHIM_COUNT", O_TRUNC);
}

/* -- paths --------------------------------------------------------------------------------------- */

/* What the descriptor refers to, or the working directory. */
void shim_place_of_fd(int fd, char *place)
{
	char link[64];
	ssize_t len;

	if (fd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/self/cwd");
	else
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, place, PATH_MAX - 1);
	place[len < 0 ? 0 : len] = '\0';
}

void shim_place_of(int dirfd, const char *path, char *place)
{
	size_t len;

	place[0] = '\0';
	if (path[0] != '/') {
		shim_place_of_fd(dirfd, place);
		len = strlen(place);
		snprintf(place + len, PLACE_SIZE - len, "/%s", path);
	} else {
		snprintf(place, PLACE_SIZE, "%s", path);
	}
}

static void print_place(FILE *out, const char *place)
{
	const unsigned char *p;

	fputc(' ', out);
	for (p = (const unsigned char *)place; *p; p++) {
		if (*p <= ' ' || *p == '\\' || *p == 0x7f)
			fprintf(out, "\\x%02x", *p);
		else
			fputc(*p, out);
	}
}

/* -- the trace ----------------------------------------------------------------------------------- */

static bool tracing(void)
{
	return trace_fd >= 0 && getpid() == owner;
}

/* One line; second may be NULL. errno stays. */
static void trace(const char *call, long result, const char *place, const char *second)
{
	int saved = errno;
	char *line = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&line, &len);

	if (!out)
		abort();
	pthread_mutex_lock(&lock);
	fprintf(out, "%lu %ld %s %d", ++lines, (long)syscall(SYS_gettid), call,
		result < 0 ? -saved : 0);
	print_place(out, place);
	if (second)
		print_place(out, second);
	fputc('\n', out);
	fclose(out);
	if (NEXT(write)(trace_fd, line, len) != (ssize_t)len)
		abort();
	pthread_mutex_unlock(&lock);
	free(line);
	errno = saved;
}

static long trace_at(const char *call, long result, int dirfd, const char *path)
{
	char place[PLACE_SIZE];
	int saved = errno;

	if (tracing()) {
		shim_place_of(dirfd, path, place);
		errno = saved;
		trace(call, result, place, NULL);
	}
	return result;
}

static long trace_fd_call(const char *call, long result, int fd)
{
	char place[PLACE_SIZE];
	int saved = errno;

	if (tracing() && fd != trace_fd && fd != count_fd) {
		shim_place_of_fd(fd, place);
		errno = saved;
		if (place[0] == '/') /* not of pipes and sockets */
			trace(call, result, place, NULL);
	}
	return result;
}

/* -- renames ------------------------------------------------------------------------------------- */

enum fate { FATE_NORMAL, FATE_LIE, FATE_NOOP };

static bool counts(const char *place)
{
	return getpid() == owner && (!match || strstr(place, match));
}

static enum fate before_rename(void)
{
	enum fate fate = FATE_NORMAL;
	char text[32];
	int len;

	pthread_mutex_lock(&lock);
	renames++;
	if (count_fd >= 0) {
		len = snprintf(text, sizeof(text), "%lu\n", renames);
		if (pwrite(count_fd, text, (size_t)len, 0) != len)
			abort();
	}
	if (renames == lie_at)
		fate = FATE_LIE;
	else if (renames == noop_at)
		fate = FATE_NOOP;
	pthread_mutex_unlock(&lock);
	return fate;
}

static void after_rename(void)
{
	pthread_mutex_lock(&lock);
	if (++succeeded == kill_after)
		kill(owner, SIGKILL);
	pthread_mutex_unlock(&lock);
}

static int do_rename(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	char from_place[PLACE_SIZE], to_place[PLACE_SIZE];
	enum fate fate = FATE_NORMAL;
	int result = 0;

	shim_place_of(from_fd, from, from_place);
	shim_place_of(to_fd, to, to_place);
	if (counts(to_place))
		fate = before_rename();
	far_wait(from_place);
	far_wait(to_place);
	if (nth_fails("rename", to_fd, to))
		result = -1;
	else if (fate != FATE_NOOP)
		result = NEXT(renameat2)(from_fd, from, to_fd, to, flags);
	if (tracing())
		trace("rename", result, from_place, to_place);
	if (result == 0 && counts(to_place))
		after_rename();
	if (result == 0 && fate == FATE_LIE) {
		errno = ENOENT;
		result = -1;
	}
	return result;
}

int rename(const char *from, const char *to)
{
	return do_rename(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return do_rename(from_fd, from, to_fd, to, 0);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	return do_rename(from_fd, from, to_fd, to, flags);
}

/* -- opening ------------------------------------------------------------------------------------- */

static bool for_writing(int flags)
{
	return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));
}

static int do_open(int dirfd, const char *path, int flags, va_list ap)
{
	mode_t mode = flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? va_arg(ap, mode_t) : 0;
	bool bad = far_fails(dirfd, path) || nth_fails("open", dirfd, path);
	int fd = bad ? -1 : NEXT(openat)(dirfd, path, flags, mode);

	if (for_writing(flags))
		trace_at("open", fd, dirfd, path);
	return fd;
}

int openat(int dirfd, const char *path, int flags, ...)
{
	va_list ap;
	int fd;

	va_start(ap, flags);
	fd = do_open(dirfd, path, flags, ap);
	va_end(ap);
	return fd;
}

int openat64(int dirfd, const char *path, int flags, ...) __attribute__((alias("openat"), nothrow));

int open(const char *path, int flags, ...)
{
	va_list ap;
	int fd;

	va_start(ap, flags);
	fd = do_open(AT_FDCWD, path, flags, ap);
	va_end(ap);
	return fd;
}

int open64(const char *path, int flags, ...) __attribute__((alias("open"), nothrow));

/* openat2 has no function in glibc: what needs it comes through here. */
long syscall(long call, ...)
{
	long a[6];
	va_list ap;
	long result;
	int i, flags = 0;

	va_start(ap, call);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	/* The flags are the first word of struct open_how. */
	if (call == SYS_openat2)
		flags = (int)*(const unsigned long long *)a[2];
	if (call == SYS_openat2 && (far_fails((int)a[0], (const char *)a[1]) ||
				    nth_fails("open", (int)a[0], (const char *)a[1])))
		result = -1;
	else
		result = NEXT(syscall)(call, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (for_writing(flags))
		trace_at("open", result, (int)a[0], (const char *)a[1]);
	return result;
}

/* -- writing and syncing ------------------------------------------------------------------------- */

ssize_t write(int fd, const void *data, size_t len)
{
	ssize_t r = nth_fails("write", fd, NULL) ? -1 : NEXT(write)(fd, data, len);

	return trace_fd_call("write", r, fd);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	ssize_t r = nth_fails("write", fd, NULL) ? -1 : NEXT(pwrite)(fd, data, len, offset);

	return trace_fd_call("write", r, fd);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset)
	__attribute__((alias("pwrite")));

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
	ssize_t r = nth_fails("write", fd, NULL) ? -1 : NEXT(writev)(fd, pieces, count);

	return trace_fd_call("write", r, fd);
}

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t len,
			unsigned int flags)
{
	ssize_t r = nth_fails("copy", to, NULL)
			    ? -1
			    : NEXT(copy_file_range)(from, from_at, to, to_at, len, flags);

	return trace_fd_call("write", r, to);
}

int ftruncate(int fd, off_t len)
{
	int r = nth_fails("truncate", fd, NULL) ? -1 : NEXT(ftruncate)(fd, len);

	return (int)trace_fd_call("truncate", r, fd);
}

int ftruncate64(int fd, off64_t len) __attribute__((alias("ftruncate"), nothrow));

int fsync(int fd)
{
	bool bad;

	trace_fd_call("fsync-begin", 0, fd);
	far_wait_to_sync(fd);
	bad = far_cannot_sync(fd) || nth_fails("fsync", fd, NULL);
	return (int)trace_fd_call("fsync", bad ? -1 : NEXT(fsync)(fd), fd);
}

int fdatasync(int fd)
{
	trace_fd_call("fdatasync-begin", 0, fd);
	return (int)trace_fd_call("fdatasync",
				  nth_fails("fdatasync", fd, NULL) ? -1 : NEXT(fdatasync)(fd), fd);
}

int syncfs(int fd)
{
	trace_fd_call("syncfs-begin", 0, fd);
	return (int)trace_fd_call("syncfs", nth_fails("syncfs", fd, NULL) ? -1 : NEXT(syncfs)(fd),
				  fd);
}

/* -- names --------------------------------------------------------------------------------------- */

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	int r = nth_fails("link", to_fd, to) ? -1 : NEXT(linkat)(from_fd, from, to_fd, to, flags);

	return (int)trace_at("link", r, to_fd, to);
}

int link(const char *from, const char *to)
{
	return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int dirfd, const char *path, int flags)
{
	int r;

	far_wait_at(dirfd, path);
	r = nth_fails("unlink", dirfd, path) ? -1 : NEXT(unlinkat)(dirfd, path, flags);
	return (int)trace_at("unlink", r, dirfd, path);
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
	bool bad = far_fails(dirfd, path) || nth_fails("mkdir", dirfd, path);
	int r = bad ? -1 : NEXT(mkdirat)(dirfd, path, mode);

	return (int)trace_at("mkdir", r, dirfd, path);
}

int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}
