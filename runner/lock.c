/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lock - one runner of a name for a spool on this machine.
 *
 * Touches <state>/<name>.lock, which holds the number of the daemon's process for people to read,
 * and is never removed (removing a lock file is a race); and the abstract socket, which vanishes
 * with its last descriptor. The socket listens only so that the kernel tells a caller who made it.
 * A crash frees both, once the launcher has killed what ran.
 */
#include "lock.h"

#include "adopt.h"
#include "cleanup.h"
#include "clock.h"
#include "holder.h"
#include "log.h"
#include "xalloc.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <time.h>

#define ROUND_MS 50

pid_t lock_holder(const char *spool_id, const char *name)
{
	struct ucred holder;

	return holder_ask(spool_id, name, &holder) ? holder.pid : 0;
}

/* The socket; -EADDRINUSE; other negative errno. */
static int bind_guard(const char *spool_id, const char *name)
{
	struct sockaddr_un addr;
	socklen_t len = holder_address(spool_id, name, &addr);
	int fd = holder_socket(), r;

	if (fd >= 0 && bind(fd, (struct sockaddr *)&addr, len) == 0 && listen(fd, 16) == 0)
		return fd;
	r = -errno;
	if (fd >= 0)
		close(fd);
	return r;
}

/* Names in /proc/net/unix are free for all: another user's socket proves nothing about our jobs. */
static bool is_strangers(const char *spool_id, const char *name)
{
	struct ucred holder;

	return holder_ask(spool_id, name, &holder) && holder.uid != geteuid() && holder.uid != 0;
}

static int try_guard(const char *spool_id, const char *name, struct lock *lock)
{
	int r = bind_guard(spool_id, name);

	if (r == -EADDRINUSE && is_strangers(spool_id, name)) {
		log_warn("another user of this machine sits on the name of this runner's lock; the "
			 "lock "
			 "file alone has to do");
		return 0;
	}
	if (r >= 0)
		lock->fds[1] = r;
	return r < 0 ? r : 0;
}

static int try_both(const char *spool_id, const char *name, struct lock *lock)
{
	int r;

	if (flock(lock->fds[0], LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	r = try_guard(spool_id, name, lock);
	if (r < 0) /* the other might be about to give up; do not stand in his way */
		flock(lock->fds[0], LOCK_UN);
	return r == -EADDRINUSE ? -EBUSY : r;
}

/* Sleeps, or says that a signal wants the program to end (they are blocked). */
static bool sleep_or_signal(void)
{
	const struct timespec t = { .tv_nsec = ROUND_MS * 1000000 };
	sigset_t pending;

	nanosleep(&t, NULL);
	return sigpending(&pending) == 0 &&
	       (sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT));
}

static void write_pid(int fd)
{
	if (ftruncate(fd, 0) == 0)
		dprintf(fd, "%d\n", getpid());
}

static char *say_busy(int fd, const char *spool_id, const char *name)
{
	struct ucred holder;
	char text[32] = "";

	if (holder_ask(spool_id, name, &holder)) {
		snprintf(text, sizeof(text), "%d", holder.pid);
	} else if (pread(fd, text, sizeof(text) - 1, 0) > 0) {
		text[strcspn(text, "\n")] = '\0';
	}
	return xasprintf(
		"the runner %s is at work on this machine already, as process %s (or still "
		"ends its jobs): stop that one first, or give this one another --name",
		name, *text ? text : "?");
}

/* The launcher of a daemon that was killed has it: it may give us all that it has. */
static bool inherit(const char *spool_id, const char *name, struct lock *lock, struct heirloom *h)
{
	struct lock theirs = { .fds = { -1, -1 } };
	struct sockaddr_un addr;
	socklen_t len = holder_address(spool_id, name, &addr);
	int sock = holder_socket();

	if (sock < 0 || connect(sock, (struct sockaddr *)&addr, len) < 0 ||
	    is_strangers(spool_id, name) || adopt_launcher(sock, &h->hello, &theirs) < 0) {
		if (sock >= 0)
			close(sock);
		return false;
	}
	fcntl(sock, F_SETFL, 0);
	h->sock = sock;
	close(lock->fds[0]); /* another open file than the one that is locked */
	*lock = theirs;
	listen(lock->fds[1], 16); /* from now on we are who is asked for */
	return true;
}

int lock_take(int state_fd, const char *spool_id, const char *name, int wait_ms, struct lock *ret,
	      struct heirloom *heirloom, char **ret_why)
{
	_cleanup_free_ char *file = xasprintf("%s.lock", name);
	struct lock lock = { .fds = { -1, -1 } };
	int64_t end = clock_boot_ms() + wait_ms;
	bool said = false;
	int r;

	lock.fds[0] = openat(state_fd, file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (lock.fds[0] < 0) {
		r = -errno;
		*ret_why = xasprintf("the lock %s in the state folder cannot be opened: %s", file,
				     strerror(-r));
		return r;
	}
	while ((r = try_both(spool_id, name, &lock)) == -EBUSY && clock_boot_ms() < end) {
		if (inherit(spool_id, name, &lock, heirloom)) {
			r = 0;
			break;
		}
		if (!said)
			log_info(
				"another runner %s is here, perhaps still ending its jobs: waiting",
				name);
		said = true;
		if (sleep_or_signal()) {
			r = -EINTR;
			break;
		}
	}
	if (r == 0) {
		write_pid(lock.fds[0]);
		*ret = lock;
		return 0;
	}
	*ret_why = r == -EBUSY ? say_busy(lock.fds[0], spool_id, name)
			       : xasprintf("the lock cannot be taken: %s", strerror(-r));
	close(lock.fds[0]);
	return r;
}

void lock_answer(const struct lock *lock)
{
	int fd = accept4(lock->fds[1], NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		close(fd);
}
