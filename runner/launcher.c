/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * launcher - hands each START to a keeper, passes REPORTs on.
 *
 * Touches no file but /dev/null and /proc. Keepers are kept for the next job; of those that have
 * been idle for a while all but one are sent home. Each START is answered by exactly one REPORT:
 * the keeper's, or ours if it was killed (jobs run under the daemon's own account, so a hostile one
 * can) - and ours too is sent only when nothing of the job lives: its orphans fall to us, a
 * subreaper as well, and whatever child of ours is not a keeper is such an orphan.
 *
 * Daemon gone (end of file): keepers are told by the end of their sockets, kill their jobs and end;
 * we end when no child is left. Launcher killed: keepers do the same by themselves.
 */
#include "launcher.h"

#include "clock.h"
#include "keeper.h"
#include "message.h"
#include "reap.h"
#include "xalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Descriptors with a fixed number; a keeper has its own socket in place of the daemon's. */
enum { FD_SOCK = 3, FD_LOCKS = 4, FD_FREE = FD_LOCKS + MESSAGE_MAX_FDS };

#define IDLE_MS 10000 /* then surplus keepers are sent home */
#define ROUND_MS 20   /* between looks at orphans that do not die */

struct slot {
	pid_t pid;		     /* 0: killed, its orphans are being killed */
	int sock;		     /* -1: closed */
	uint64_t tag;		     /* of its job; 0: idle */
	enum message_why why;	     /* of the STOP passed on to it */
	int64_t started_at, started; /* wall and boot ms */
};

struct launcher {
	int signals;
	bool alone; /* the daemon is gone */
	struct slot *slots;
	size_t count;
	struct pollfd *polls; /* count + 2 */
};

static char packet[MESSAGE_MAX_BYTES];

static struct slot *find_tag(struct launcher *l, uint64_t tag)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->slots[i].tag == tag)
			return &l->slots[i];
	return NULL;
}

static struct slot *find_pid(struct launcher *l, pid_t pid)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->slots[i].pid == pid)
			return &l->slots[i];
	return NULL;
}

static void close_slot(struct slot *s)
{
	if (s->sock >= 0)
		close(s->sock);
	s->sock = -1;
}

static void drop_slot(struct launcher *l, struct slot *s)
{
	close_slot(s);
	*s = l->slots[--l->count];
}

/* -- keepers ------------------------------------------------------------------------------------- */

static struct slot *new_keeper(struct launcher *l)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return NULL;
	pid = fork();
	if (pid == 0) {
		if (dup2(pair[1], FD_SOCK) < 0 || close_range(FD_FREE, ~0U, 0) < 0)
			_exit(1);
		keeper_run(FD_SOCK);
	}
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return NULL;
	}
	l->slots = xrealloc(l->slots, l->count + 1, sizeof(*l->slots));
	l->polls = xrealloc(l->polls, l->count + 3, sizeof(*l->polls));
	l->slots[l->count] = (struct slot){ .pid = pid, .sock = pair[0] };
	return &l->slots[l->count++];
}

static struct slot *idle_keeper(struct launcher *l)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->slots[i].tag == 0 && l->slots[i].pid && l->slots[i].sock >= 0)
			return &l->slots[i];
	return NULL;
}

/* Sends all idle keepers home but one, which spares the next job a fork. */
static void send_home(struct launcher *l)
{
	bool stays = false;

	for (size_t i = 0; i < l->count; i++) {
		if (l->slots[i].tag != 0 || l->slots[i].sock < 0)
			continue;
		if (stays)
			close_slot(&l->slots[i]);
		stays = true;
	}
}

static size_t idle_count(const struct launcher *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->count; i++)
		n += l->slots[i].tag == 0 && l->slots[i].sock >= 0;
	return n;
}

/* -- towards the daemon -------------------------------------------------------------------------- */

static void report_failure(uint64_t tag, enum message_step step, int error, const struct slot *s)
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
	message_send(FD_SOCK, &r, sizeof(r), NULL, 0, 0);
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
		close_slot(s);
		return false;
	}
	if (message_type(packet, (size_t)len) == MESSAGE_REPORT && message_tag(packet) == s->tag) {
		s->tag = 0;
		if (!l->alone)
			message_send(FD_SOCK, packet, (size_t)len, NULL, 0, 0);
	}
	return true;
}

/* -- from the daemon ----------------------------------------------------------------------------- */

static void start(struct launcher *l, size_t len, const int *fds)
{
	uint64_t tag = message_tag(packet);
	unsigned parcel = fds[0] >= 0 ? 1 : 0;
	struct slot *s;

	/* One that was killed while it was idle refuses; the signal of its end clears the rest. */
	while ((s = idle_keeper(l)) && message_send(s->sock, packet, len, fds, parcel, 0) < 0)
		close_slot(s);
	if (!s) {
		s = new_keeper(l);
		if (!s || message_send(s->sock, packet, len, fds, parcel, 0) < 0) {
			report_failure(tag, STEP_KEEPER, errno, NULL);
			return;
		}
	}
	s->tag = tag;
	s->why = WHY_NOT;
	s->started_at = clock_wall_ms();
	s->started = clock_boot_ms();
}

static void stop(struct launcher *l)
{
	struct message_stop stop;
	struct slot *s = find_tag(l, message_tag(packet));

	if (!s || s->sock < 0) /* reported already, or dying anyway */
		return;
	memcpy(&stop, packet, sizeof(stop));
	if (s->why == WHY_NOT)
		s->why = stop.why;
	message_send(s->sock, packet, sizeof(stop), NULL, 0, MSG_DONTWAIT);
}

static void go_alone(struct launcher *l)
{
	l->alone = true;
	for (size_t i = 0; i < l->count; i++)
		close_slot(&l->slots[i]);
}

static void hear_daemon(struct launcher *l)
{
	int fds[MESSAGE_MAX_FDS];
	ssize_t len = message_receive(FD_SOCK, packet, sizeof(packet), fds, 0);

	if (len <= 0) {
		go_alone(l);
		return;
	}
	switch (message_type(packet, (size_t)len)) {
	case MESSAGE_LOCK:
		for (int i = 0; i < MESSAGE_MAX_FDS; i++)
			if (fds[i] >= 0)
				dup2(fds[i], FD_LOCKS + i);
		break;
	case MESSAGE_START:
		start(l, (size_t)len, fds);
		break;
	case MESSAGE_STOP:
		stop(l);
		break;
	default:
		break;
	}
	for (int i = 0; i < MESSAGE_MAX_FDS; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* -- ends of children ---------------------------------------------------------------------------- */

static void keeper_ended(struct launcher *l, struct slot *s)
{
	while (hear_keeper(l, s)) /* its last words count */
		continue;
	close_slot(s);
	s->pid = 0;
	if (s->tag == 0)
		drop_slot(l, s);
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
		s = find_pid(l, pid);
		if (s && WIFSTOPPED(status))
			kill(pid, SIGCONT); /* a keeper that stands still times nothing */
		else if (s)
			keeper_ended(l, s);
	}
}

static bool is_keeper(pid_t pid, void *arg)
{
	return find_pid(arg, pid) != NULL;
}

/* Kills what killed keepers left; reports for them when it is dead. False: something still lives.
 */
static bool bury(struct launcher *l)
{
	if (!l->alone && !find_pid(l, 0))
		return true;
	if (reap_kill_children(is_keeper, l) > 0)
		return false;
	for (size_t i = l->count; i-- > 0;) {
		if (l->slots[i].pid != 0)
			continue;
		if (!l->alone)
			report_failure(l->slots[i].tag, STEP_LOST_KEEPER, 0, &l->slots[i]);
		drop_slot(l, &l->slots[i]);
	}
	return true;
}

/* -- the process --------------------------------------------------------------------------------- */

static void turn(struct launcher *l, bool buried)
{
	int timeout = !buried ? ROUND_MS : idle_count(l) > 1 ? IDLE_MS : -1;
	size_t count = l->count;
	int n;

	l->polls[0] = (struct pollfd){ .fd = l->signals, .events = POLLIN };
	l->polls[1] = (struct pollfd){ .fd = l->alone ? -1 : FD_SOCK, .events = POLLIN };
	for (size_t i = 0; i < count; i++)
		l->polls[i + 2] = (struct pollfd){ .fd = l->slots[i].sock, .events = POLLIN };
	n = poll(l->polls, count + 2, timeout);
	if (n == 0 && buried)
		send_home(l);
	if (n <= 0)
		return;
	/* Keepers first: whoever has reported is idle when the next START comes. */
	for (size_t i = 0; i < count; i++)
		if (l->polls[i + 2].revents)
			hear_keeper(l, &l->slots[i]);
	if (l->polls[1].revents)
		hear_daemon(l);
	if (l->polls[0].revents)
		reap(l);
}

static void prepare(int sock, bool detached)
{
	struct sigaction fresh = { .sa_handler = SIG_DFL };
	sigset_t all;
	int null;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (int sig = 1; sig < SIGRTMAX; sig++) /* what jobs inherit */
		sigaction(sig, &fresh, NULL);
	if (dup2(sock, FD_SOCK) < 0)
		_exit(1);
	close_range(FD_LOCKS, ~0U, 0);
	null = open("/dev/null", O_RDWR);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (detached) /* a terminal or a pipe must see its end */
		dup2(null, STDERR_FILENO);
	/* The numbers for the locks must not be taken by anything else. */
	for (int fd = FD_LOCKS; fd < FD_FREE; fd++)
		if (null != fd)
			dup2(null, fd);
	setsid();
	umask(022);
	prctl(PR_SET_NAME, "spool-launcher");
	prctl(PR_SET_DUMPABLE, 0); /* no job reads or steers us by ptrace */
	if (chdir("/") < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		_exit(1);
}

static noreturn void launcher_run(int sock, bool detached)
{
	struct launcher l = { .signals = -1 };
	sigset_t child;
	bool buried = true;

	prepare(sock, detached);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	l.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	l.polls = xcalloc(2, sizeof(*l.polls));
	if (l.signals < 0)
		_exit(1);
	while (!l.alone || l.count > 0 || !buried) {
		turn(&l, buried);
		buried = bury(&l);
	}
	_exit(0);
}

pid_t launcher_fork(int *ret_sock, bool detached)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		launcher_run(pair[1], detached);
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
