/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * launcher - hands each START to a keeper, passes REPORTs on, and is the watchdog.
 *
 * Touches no file but /dev/null and /proc. Keepers are kept for the next job; of those that have
 * been idle for a while all but one are sent home. Each START is answered by exactly one REPORT:
 * the keeper's, or ours if it was killed (jobs run under the daemon's own account, so a hostile one
 * can) - and ours too is sent only when nothing of the job lives: its orphans fall to us, a
 * subreaper as well, and whatever child of ours is not a keeper is such an orphan.
 *
 * Jobs run while the lease lasts. The daemon renews it with each sign of life; when it has not for
 * too long (the share hangs, the machine slept, the daemon is gone) all jobs are frozen, and go on
 * with the next renewal: before that one, the daemon has stopped whatever is not ours any more.
 *
 * Daemon gone (end of file): we wait for another one, who adopts what runs and the reports that
 * nobody has taken; the lease runs out meanwhile. After a long time, or told by END, keepers are
 * told by the end of their sockets, kill their jobs and end; we end when no child is left. Launcher
 * killed: keepers do the same by themselves.
 */
#include "launcher.h"

#include "cgroup.h"
#include "clock.h"
#include "endings.h"
#include "forked.h"
#include "heir.h"
#include "keepers.h"
#include "lease.h"
#include "message.h"
#include "reap.h"
#include "xalloc.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define IDLE_MS 10000		 /* then surplus keepers are sent home */
#define ROUND_MS 20		 /* between looks at orphans that do not die */
#define HEIR_MS (10 * 60 * 1000) /* what runs is kept for so long for another daemon */

enum master { DAEMON, ALONE, ENDING };

/* What is polled, before the keepers. */
enum { POLL_SIGNALS, POLL_LEASE, POLL_DAEMON, POLL_CALLER, POLL_HEIR, POLLS };

struct launcher {
	int signals;
	struct lease lease;
	enum master master; /* who tells us what to do; ENDING: nobody any more */
	int64_t alone_until;
	int heir;	   /* a connection that may be the next daemon's; -1: none */
	bool can_be_found; /* the lock's socket is here: another daemon can call */
	struct message_hello hello;
	struct keepers keepers;
	struct endings endings;
	bool unsent;	      /* the daemon takes no more at the moment */
	struct pollfd *polls; /* POLLS + count */
};

static char packet[MESSAGE_MAX_BYTES];

/* -- towards the daemon -------------------------------------------------------------------------- */

/* Never waits for it: what it does not take now is sent at a later turn. False: it took none. */
static bool send_daemon(void *arg, const void *message, size_t len)
{
	struct launcher *l = arg;

	l->unsent = message_send(FD_SOCK, message, len, NULL, 0, MSG_DONTWAIT) == -EAGAIN;
	return !l->unsent; /* that it is gone we hear from the socket itself */
}

/* All that the daemon does not know yet. */
static void tell_daemon(struct launcher *l)
{
	l->unsent = false;
	if (l->master != DAEMON)
		return;
	for (size_t i = 0; i < l->keepers.count && !l->unsent; i++) {
		struct slot *s = &l->keepers.slots[i];
		const struct message_tag runs = { MESSAGE_RUNS, s->why, s->tag };

		if (s->tag && !s->told)
			s->told = send_daemon(l, &runs, sizeof(runs));
	}
	if (!l->unsent)
		endings_tell(&l->endings, send_daemon, l);
}

static void keep_report(struct launcher *l, const struct message_report *report)
{
	if (l->master == ENDING)
		return;
	endings_add(&l->endings, report);
	tell_daemon(l);
}

static void report_failure(struct launcher *l, uint64_t tag, enum message_step step, int error,
			   const struct slot *s)
{
	struct message_report r = {
		.type = MESSAGE_REPORT,
		.tag = tag,
		.step = step,
		.error = error,
		.exit_code = -1,
		.finished_at = clock_wall_ms(),
	};

	r.started_at = s ? s->started_at : r.finished_at;
	r.wall_ms = s ? clock_boot_ms() - s->started : 0;
	r.why = s ? s->why : WHY_NOT;
	keep_report(l, &r);
}

/* One packet of a keeper. False: none there. */
static bool hear_keeper(struct launcher *l, struct slot *s)
{
	int fds[MESSAGE_MAX_FDS];
	ssize_t len;

	if (s->sock < 0)
		return false;
	len = message_receive(s->sock, packet, sizeof(packet), fds, MSG_DONTWAIT);
	if (len == -EAGAIN)
		return false;
	if (len <= 0) {
		keepers_close(s);
		return false;
	}
	if (message_type(packet, (size_t)len) == MESSAGE_REPORT && message_tag(packet) == s->tag) {
		struct message_report report;

		memcpy(&report, packet, sizeof(report));
		s->tag = 0;
		keep_report(l, &report);
	}
	return true;
}

/* -- the lease ------------------------------------------------------------------------------------ */

static void tell_keepers(struct launcher *l, enum message_type type)
{
	for (size_t i = 0; i < l->keepers.count; i++)
		if (l->keepers.slots[i].sock >= 0)
			message_send_plain(l->keepers.slots[i].sock, type, MSG_DONTWAIT);
}

static void look_at_lease(struct launcher *l)
{
	if (lease_look(&l->lease))
		tell_keepers(l, l->lease.out ? MESSAGE_FREEZE : MESSAGE_THAW);
}

static void renew(struct launcher *l)
{
	struct message_renew r;

	memcpy(&r, packet, sizeof(r));
	l->hello.beats = r.beats;
	lease_renew(&l->lease, r.good_until);
	look_at_lease(l);
}

/* -- from the daemon ----------------------------------------------------------------------------- */

static void start(struct launcher *l, size_t len, const int *fds)
{
	uint64_t tag = message_tag(packet);
	unsigned parcel = fds[0] >= 0 ? 1 : 0;
	struct slot *s;

	look_at_lease(l); /* the timer may be late, and what is frozen is not started */
	if (l->lease.out) {
		report_failure(l, tag, STEP_LEASE, ETIME, NULL);
		return;
	}
	/* One that was killed while it was idle refuses; the signal of its end clears the rest. */
	while ((s = keepers_idle(&l->keepers)) &&
	       message_send(s->sock, packet, len, fds, parcel, 0) < 0)
		keepers_close(s);
	if (!s) {
		s = keepers_new(&l->keepers);
		if (!s || message_send(s->sock, packet, len, fds, parcel, 0) < 0) {
			report_failure(l, tag, STEP_KEEPER, errno, NULL);
			return;
		}
	}
	s->tag = tag;
	s->why = WHY_NOT;
	s->told = true;
	s->started_at = clock_wall_ms();
	s->started = clock_boot_ms();
}

static void stop(struct launcher *l)
{
	struct message_stop stop;
	struct slot *s = keepers_with_tag(&l->keepers, message_tag(packet));

	if (!s || s->sock < 0) /* reported already, or dying anyway */
		return;
	memcpy(&stop, packet, sizeof(stop));
	if (s->why == WHY_NOT)
		s->why = stop.why;
	message_send(s->sock, packet, sizeof(stop), NULL, 0, MSG_DONTWAIT);
}

/* Everything is killed, and nobody is told. */
static void end_all(struct launcher *l)
{
	l->master = ENDING;
	endings_forget_all(&l->endings);
	for (size_t i = 0; i < l->keepers.count; i++)
		keepers_close(&l->keepers.slots[i]);
}

static bool is_of_use(const struct launcher *l)
{
	return l->can_be_found && l->endings.count + keepers_busy_count(&l->keepers) > 0;
}

static void go_alone(struct launcher *l)
{
	l->master = ALONE;
	l->alone_until = clock_boot_ms() + HEIR_MS;
	if (!is_of_use(l))
		end_all(l);
}

static void take_lock(struct launcher *l, const int *fds)
{
	struct message_lock lock;

	memcpy(&lock, packet, sizeof(lock));
	memcpy(l->hello.rid, lock.rid, sizeof(l->hello.rid));
	l->hello.rid[sizeof(l->hello.rid) - 1] = '\0';
	l->can_be_found = fds[1] >= 0;
	for (int i = 0; i < MESSAGE_MAX_FDS; i++)
		if (fds[i] >= 0)
			dup2(fds[i], FD_LOCKS + i);
	message_send(FD_SOCK, &l->hello, sizeof(l->hello), NULL, 0, MSG_DONTWAIT);
}

static void obey(struct launcher *l, size_t len, const int *fds)
{
	switch (message_type(packet, len)) {
	case MESSAGE_LOCK:
		take_lock(l, fds);
		break;
	case MESSAGE_START:
		start(l, len, fds);
		break;
	case MESSAGE_STOP:
		stop(l);
		break;
	case MESSAGE_RENEW:
		renew(l);
		break;
	case MESSAGE_FORGET:
		endings_forget(&l->endings, message_tag(packet));
		break;
	case MESSAGE_END:
		end_all(l);
		break;
	default:
		break;
	}
}

static void hear_daemon(struct launcher *l)
{
	int fds[MESSAGE_MAX_FDS];
	ssize_t len = message_receive(FD_SOCK, packet, sizeof(packet), fds, MSG_DONTWAIT);

	if (len == -EAGAIN)
		return;
	if (len <= 0) {
		go_alone(l);
		return;
	}
	obey(l, (size_t)len, fds);
	for (int i = 0; i < MESSAGE_MAX_FDS; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* -- another daemon ------------------------------------------------------------------------------- */

/* All that we know goes to the new daemon, and the lock with it. */
static void adopt_us(struct launcher *l)
{
	const int locks[2] = { FD_LOCKS, FD_LOCKS + 1 };

	l->hello.count = (uint32_t)(l->endings.count + keepers_busy_count(&l->keepers));
	for (size_t i = 0; i < l->keepers.count; i++)
		l->keepers.slots[i].told = false;
	endings_tell_again(&l->endings);
	if (message_send(l->heir, &l->hello, sizeof(l->hello), locks, 2, MSG_DONTWAIT) < 0 ||
	    dup2(l->heir, FD_SOCK) < 0) {
		heir_drop(&l->heir);
		return;
	}
	heir_drop(&l->heir);
	l->master = DAEMON;
	tell_daemon(l);
}

static void hear_heir(struct launcher *l)
{
	heir_let_in(&l->heir, FD_LOCKS + 1); /* does not wait: the socket does not block */
	if (l->heir < 0)
		return;
	switch (heir_hear(&l->heir)) {
	case MESSAGE_ADOPT:
		adopt_us(l);
		break;
	case MESSAGE_END:
		end_all(l);
		break;
	default:
		break;
	}
}

/* -- ends of children ---------------------------------------------------------------------------- */

static void keeper_ended(struct launcher *l, struct slot *s)
{
	while (hear_keeper(l, s)) /* its last words count */
		continue;
	keepers_close(s);
	s->pid = 0;
	if (s->tag == 0)
		keepers_drop(&l->keepers, s);
}

static void reap(struct launcher *l)
{
	struct signalfd_siginfo info[8];
	struct slot *s;
	int status;
	pid_t pid;

	while (read(l->signals, info, sizeof(info)) > 0)
		continue;
	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		s = keepers_with_pid(&l->keepers, pid);
		if (s && WIFSTOPPED(status))
			kill(pid, SIGCONT); /* a keeper that stands still times nothing */
		else if (s)
			keeper_ended(l, s);
	}
}

static bool is_keeper(pid_t pid, void *arg)
{
	const struct launcher *l = arg;

	return keepers_with_pid(&l->keepers, pid) != NULL;
}

/* Kills what killed keepers left; reports for them when it is dead. False: something still lives.
 */
static bool bury(struct launcher *l)
{
	if (l->master != ENDING && !keepers_with_pid(&l->keepers, 0))
		return true;
	if (reap_kill_children(is_keeper, l) > 0)
		return false;
	for (size_t i = l->keepers.count; i-- > 0;) {
		if (l->keepers.slots[i].pid != 0)
			continue;
		report_failure(l, l->keepers.slots[i].tag, STEP_LOST_KEEPER, 0,
			       &l->keepers.slots[i]);
		keepers_drop(&l->keepers, &l->keepers.slots[i]);
	}
	return true;
}

/* -- the process --------------------------------------------------------------------------------- */

static int sleep_for(const struct launcher *l, bool buried)
{
	int64_t left = l->alone_until - clock_boot_ms();

	if (!buried)
		return ROUND_MS;
	if (l->master == ALONE)
		return left > 0 ? (int)left : 0;
	return keepers_idle_count(&l->keepers) > 1 ? IDLE_MS : -1;
}

static int wait_for_news(struct launcher *l, int timeout)
{
	bool daemon = l->master == DAEMON, alone = l->master == ALONE;
	struct pollfd *polls;

	l->polls = polls = xrealloc(l->polls, POLLS + l->keepers.count, sizeof(*polls));
	polls[POLL_SIGNALS] = (struct pollfd){ .fd = l->signals, .events = POLLIN };
	polls[POLL_LEASE] = (struct pollfd){ .fd = l->lease.timer, .events = POLLIN };
	polls[POLL_DAEMON] = (struct pollfd){ .fd = daemon ? FD_SOCK : -1,
					      .events = POLLIN | (l->unsent ? POLLOUT : 0) };
	polls[POLL_CALLER] = (struct pollfd){ .fd = alone ? FD_LOCKS + 1 : -1, .events = POLLIN };
	polls[POLL_HEIR] = (struct pollfd){ .fd = alone ? l->heir : -1, .events = POLLIN };
	for (size_t i = 0; i < l->keepers.count; i++)
		polls[POLLS + i] = (struct pollfd){ .fd = l->keepers.slots[i].sock,
						    .events = POLLIN };
	return poll(polls, POLLS + l->keepers.count, timeout);
}

static void turn(struct launcher *l, bool buried)
{
	size_t count = l->keepers.count;
	int n = wait_for_news(l, sleep_for(l, buried));

	if (n == 0 && buried && l->master == DAEMON)
		keepers_send_home(&l->keepers);
	if (l->master == ALONE && (!is_of_use(l) || clock_boot_ms() >= l->alone_until))
		end_all(l);
	if (n <= 0)
		return;
	look_at_lease(l);
	/* Keepers first: whoever has reported is idle when the next START comes. */
	for (size_t i = 0; i < count; i++)
		if (l->polls[POLLS + i].revents)
			hear_keeper(l, &l->keepers.slots[i]);
	if (l->polls[POLL_DAEMON].revents & POLLOUT)
		tell_daemon(l);
	if (l->polls[POLL_DAEMON].revents & ~POLLOUT)
		hear_daemon(l);
	if (l->polls[POLL_HEIR].revents || l->polls[POLL_CALLER].revents)
		hear_heir(l);
	if (l->polls[POLL_SIGNALS].revents)
		reap(l);
}

static noreturn void launcher_run(int sock, bool keeps_stderr)
{
	struct launcher l = { .signals = -1, .heir = -1 };
	sigset_t child;
	bool buried = true;

	forked_prepare(sock, keeps_stderr);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	l.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	l.keepers.cgroup = cgroup_open();
	l.hello = (struct message_hello){ .type = MESSAGE_HELLO, .version = MESSAGE_VERSION };
	l.hello.by_cgroup = l.keepers.cgroup >= 0;
	if (l.signals < 0 || lease_open(&l.lease) < 0)
		_exit(1);
	while (l.master != ENDING || l.keepers.count > 0 || !buried) {
		turn(&l, buried);
		buried = bury(&l);
	}
	cgroup_close(l.keepers.cgroup);
	_exit(0);
}

pid_t launcher_fork(int *ret_sock, bool keeps_stderr)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		launcher_run(pair[1], keeps_stderr);
	}
	close(pair[1]);
	if (pid < 0) {
		pid = -errno;
		close(pair[0]);
		return pid;
	}
	*ret_sock = pair[0];
	return pid;
}
