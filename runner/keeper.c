/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keeper - one job at a time, from START to REPORT.
 *
 * Being a subreaper, the keeper is what the job's orphans fall to, however often they fork and
 * whatever session they open: so the children of one keeper are one job's, without cgroups. It
 * reports only when waitpid says ECHILD; that is why a keeper can serve one job after the other,
 * and why ".done" means that nothing of the job runs. Serving many saves a fork and an exit per
 * job.
 *
 * Opens and holds nothing of the share and never waits for it: only the forked child does, which
 * takes what it needs out of a parcel that is closed to us.
 *
 * Stages: IDLE -START-> RUNNING -TTL, STOP-> ASKED (SIGTERM sent to all) -kill_wait-> KILLING
 * (SIGKILL to all, in rounds) -nothing left-> IDLE. When the main process ends in RUNNING, what it
 * left behind is killed at once; in ASKED it has kill_wait, for it was asked to end too.
 *
 * FREEZE stops all that the job runs until THAW: by its control group, or without one by SIGSTOP,
 * again and again, for it may have been forking. Its time goes on meanwhile; what is frozen cannot
 * be asked to end, so it is killed then.
 *
 * Killed in the middle: the main process dies with it, the launcher inherits the rest and kills it.
 */
#include "keeper.h"

#include "cgroup.h"
#include "child.h"
#include "clock.h"
#include "message.h"
#include "reap.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUND_MS 10 /* between the first rounds of SIGKILL; doubles */
#define ROUND_MOST_MS 200
#define FREEZE_MOST_MS 1000 /* between rounds of SIGSTOP, at last */

enum stage { IDLE, RUNNING, ASKED, KILLING };

struct keeper {
	int sock, signals, timer;
	int cgroup;		       /* its job's; -1: none */
	bool alone;		       /* the launcher is gone: end when the job is dead */
	struct child_failure *failure; /* shared with the child */
	enum stage stage;
	bool frozen;
	int64_t freeze_ms; /* to the next round of SIGSTOP */
	pid_t main;	   /* 0: it has ended */
	int64_t started;   /* boot ms */
	int64_t kill_wait_ms, round_ms;
	struct message_report report; /* what is known so far */
};

static char packet[MESSAGE_MAX_BYTES];

static void arm(const struct keeper *k, int64_t ms)
{
	struct itimerspec when = { .it_value = { ms / 1000, ms % 1000 * 1000000 } };

	if (ms <= 0)
		when.it_value.tv_nsec = 1; /* zero would switch it off */
	timerfd_settime(k->timer, 0, &when, NULL);
}

static void disarm(const struct keeper *k)
{
	const struct itimerspec never = { 0 };

	timerfd_settime(k->timer, 0, &never, NULL);
}

/* -- ending -------------------------------------------------------------------------------------- */

static void kill_round(struct keeper *k)
{
	if (k->stage != KILLING)
		k->round_ms = ROUND_MS;
	k->stage = KILLING;
	cgroup_kill(k->cgroup);
	reap_kill_children(NULL, NULL);
	arm(k, k->round_ms);
	k->round_ms = k->round_ms * 2 < ROUND_MOST_MS ? k->round_ms * 2 : ROUND_MOST_MS;
}

static void ask_to_end(struct keeper *k, enum message_why why, int64_t kill_wait_ms)
{
	if (k->report.why == WHY_NOT && k->main) /* else its end is known already */
		k->report.why = why;
	if (kill_wait_ms <= 0 || k->frozen) {
		kill_round(k);
		return;
	}
	if (k->stage != RUNNING) /* it has been asked before */
		return;
	k->stage = ASKED;
	reap_signal_descendants(SIGTERM);
	reap_signal_descendants(SIGCONT); /* a stopped process would not notice */
	arm(k, kill_wait_ms);
}

static void freeze_round(struct keeper *k)
{
	reap_signal_descendants(SIGSTOP);
	k->freeze_ms = k->freeze_ms * 2 < FREEZE_MOST_MS ? k->freeze_ms * 2 : FREEZE_MOST_MS;
}

static void freeze(struct keeper *k)
{
	if (k->frozen)
		return;
	k->frozen = true;
	k->freeze_ms = ROUND_MS;
	cgroup_freeze(k->cgroup, true);
	if (k->stage != IDLE && k->cgroup < 0)
		freeze_round(k);
}

/* What is being killed stays as it is: it must not run for another moment. */
static void thaw(struct keeper *k)
{
	if (!k->frozen || k->stage == KILLING)
		return;
	k->frozen = false;
	cgroup_freeze(k->cgroup, false);
	if (k->stage != IDLE && k->cgroup < 0)
		reap_signal_descendants(SIGCONT);
}

static void on_timer(struct keeper *k)
{
	uint64_t expirations;

	if (read(k->timer, &expirations, sizeof(expirations)) < 0)
		return;
	if (k->stage == RUNNING)
		ask_to_end(k, WHY_TTL, k->kill_wait_ms);
	else if (k->stage != IDLE)
		kill_round(k);
}

/* -- reaping ------------------------------------------------------------------------------------- */

static int64_t microseconds(struct timeval t)
{
	return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

static void note_main_end(struct keeper *k, int status)
{
	struct message_report *r = &k->report;

	k->main = 0;
	r->wall_ms = clock_boot_ms() - k->started;
	r->finished_at = clock_wall_ms();
	r->exit_code = -1;
	if (k->failure->step != STEP_NONE) {
		r->step = k->failure->step;
		r->error = k->failure->error;
	} else if (WIFEXITED(status)) {
		r->exit_code = WEXITSTATUS(status);
	} else {
		r->term_signal = WTERMSIG(status);
	}
}

static void note_end(struct keeper *k, pid_t pid, int status, const struct rusage *used)
{
	struct message_report *r = &k->report;
	uint64_t peak = (uint64_t)used->ru_maxrss * 1024;

	r->cpu_us += microseconds(used->ru_utime) + microseconds(used->ru_stime);
	if (peak > r->peak_memory)
		r->peak_memory = peak;
	if (pid == k->main)
		note_main_end(k, status);
	else if (k->main == 0 && k->stage == KILLING && WIFSIGNALED(status))
		r->leftovers++;
}

static void send_report(struct keeper *k)
{
	disarm(k);
	k->stage = IDLE;
	thaw(k);
	/* Fails only if the launcher is gone, which the next poll shows. */
	message_send(k->sock, &k->report, sizeof(k->report), NULL, 0, 0);
}

/* Takes in all that has ended; decides what becomes of what has not. */
static void reap(struct keeper *k)
{
	struct rusage used;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &used)) > 0)
		note_end(k, pid, status, &used);
	if (k->stage == IDLE)
		return;
	if (pid < 0 && errno == ECHILD)
		send_report(k);
	else if (pid == 0 && k->main == 0 && k->stage != ASKED)
		kill_round(k);
}

static void on_signal(struct keeper *k)
{
	struct signalfd_siginfo info[8];

	if (read(k->signals, info, sizeof(info)) > 0)
		reap(k);
}

/* -- starting ------------------------------------------------------------------------------------ */

static void start_job(struct keeper *k, size_t len, int parcel)
{
	struct message_start start = { 0 };
	pid_t self = getpid(), pid = -1;

	memset(&k->report, 0, sizeof(k->report));
	memset(k->failure, 0, sizeof(*k->failure));
	k->report.type = MESSAGE_REPORT;
	k->report.started_at = clock_wall_ms();
	k->started = clock_boot_ms();
	if (message_open_start(packet, len, &start) < 0)
		_exit(1); /* the launcher reports in our place */
	k->kill_wait_ms = start.kill_wait_ms;
	k->report.tag = start.tag;
	pid = fork();
	if (pid == 0)
		child_run(&start, parcel, self, k->cgroup, k->failure);
	k->main = pid;
	k->stage = RUNNING;
	if (pid > 0) {
		arm(k, start.ttl_ms);
	} else {
		k->main = 0;
		k->report.step = STEP_FORK;
		k->report.error = errno;
		k->report.exit_code = -1;
		send_report(k);
	}
	message_free_start(&start);
}

static void on_message(struct keeper *k)
{
	struct message_stop stop;
	int fds[MESSAGE_MAX_FDS];
	ssize_t len = message_receive(k->sock, packet, sizeof(packet), fds, 0);

	if (len <= 0) {
		k->alone = true;
		if (k->stage != IDLE)
			ask_to_end(k, WHY_EVICT, 0);
		return;
	}
	switch (message_type(packet, (size_t)len)) {
	case MESSAGE_START:
		if (k->stage == IDLE)
			start_job(k, (size_t)len, fds[0]);
		break;
	case MESSAGE_STOP:
		memcpy(&stop, packet, sizeof(stop));
		if (k->stage != IDLE && stop.tag == k->report.tag)
			ask_to_end(k, stop.why, stop.kill_wait_ms);
		break;
	case MESSAGE_FREEZE:
		freeze(k);
		break;
	case MESSAGE_THAW:
		thaw(k);
		break;
	default:
		break;
	}
	for (int i = 0; i < MESSAGE_MAX_FDS; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int signals_of_children(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

noreturn void keeper_run(int sock, int cgroup)
{
	struct keeper k = { .sock = sock, .cgroup = cgroup, .signals = signals_of_children() };
	struct pollfd fds[3];

	prctl(PR_SET_NAME, "spool-keeper");
	k.timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	k.failure = mmap(NULL, sizeof(*k.failure), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 || k.signals < 0 || k.timer < 0 ||
	    k.failure == MAP_FAILED)
		_exit(1);
	fds[0] = (struct pollfd){ .fd = k.signals, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = k.timer, .events = POLLIN };
	fds[2] = (struct pollfd){ .fd = k.sock, .events = POLLIN };
	while (!k.alone || k.stage != IDLE) {
		bool stopping = k.frozen && k.stage != IDLE && k.cgroup < 0;
		int n = poll(fds, k.alone ? 2 : 3, stopping ? (int)k.freeze_ms : -1);

		if (n == 0)
			freeze_round(&k);
		if (n <= 0)
			continue;
		if (fds[0].revents)
			on_signal(&k);
		if (fds[1].revents)
			on_timer(&k);
		if (!k.alone && fds[2].revents)
			on_message(&k);
	}
	_exit(0);
}
