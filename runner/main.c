/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spool-runner - runs the jobs that the coordinator of a share offers to this machine.
 *
 * This file is the loop: which event leads to which call. The way of a job: serve gives a pass to
 * the worker, whose steps are listed in pass.c (heartbeat, inbox, orders, giveback, claim, finish,
 * run); what they make ready launch sends to the launcher, whose keepers run and end it and report;
 * serve hands what has ended to the next pass.
 */
#include "background.h"
#include "cleanup.h"
#include "clock.h"
#include "descriptors.h"
#include "launch.h"
#include "log.h"
#include "options.h"
#include "reap.h"
#include "runner.h"
#include "serve.h"
#include "start.h"
#include "wake.h"
#include "worker.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#define BURIAL_MS 10000 /* for what a killed launcher left */
#define KEEPERS_MS 5000 /* of which its keepers have so much for what is theirs */
#define TIMER_ACCURACY_US 5000

struct loop {
	sd_event *event;
	sd_event_source *timer, *launcher, *news;
};

static struct runner runner;
static struct loop loop;

/* Whatever can stop a turn of the loop is a bug or a machine without memory. */
static void must(int r, const char *what)
{
	if (r < 0)
		log_die("%s: %s", what, strerror(-r));
}

/* -- the loop ------------------------------------------------------------------------------------ */

static int on_news(sd_event_source *s, int fd, uint32_t events, void *arg)
{
	(void)s;
	(void)fd;
	(void)events;
	(void)arg;
	return 0; /* the turn that follows reads them all */
}

/* What the inbox tells. While a pass is under way nobody listens: its own renames would wake us. */
static void hear_news(struct runner *r)
{
	if (r->new_inbox >= 0)
		wake_watch(r);
	if (!r->pass)
		wake_hear(r);
}

static void arm_timer(struct runner *r)
{
	int64_t due = serve_due(r);
	int on = due == INT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT;

	if (on != SD_EVENT_OFF)
		must(sd_event_source_set_time(loop.timer, (uint64_t)due * 1000), "timer");
	must(sd_event_source_set_enabled(loop.timer, on), "timer");
}

/* After every event. */
static int on_turn(sd_event_source *s, void *arg)
{
	struct runner *r = arg;
	bool blocked;

	(void)s;
	hear_news(r);
	blocked = serve_turn(r);
	must(sd_event_source_set_enabled(loop.news, r->pass ? SD_EVENT_OFF : SD_EVENT_ON), "inbox");
	must(sd_event_source_set_io_events(loop.launcher, EPOLLIN | (blocked ? EPOLLOUT : 0)),
	     "launcher");
	arm_timer(r);
	if (r->finished)
		sd_event_exit(loop.event, 0);
	return 0;
}

static int on_time(sd_event_source *s, uint64_t usec, void *arg)
{
	(void)s;
	(void)usec;
	(void)arg;
	return 0; /* the turn that follows does all */
}

static int on_worker(sd_event_source *s, int fd, uint32_t events, void *arg)
{
	(void)s;
	(void)fd;
	(void)events;
	worker_collect(arg);
	return 0;
}

static bool any_child(void)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		continue;
	return pid == 0;
}

/* Nobody times or ends jobs any more, and a new instance may begin when all is dead. The keepers,
 * who are our children now, end their jobs by themselves: to kill them would leave their orphans to
 * us alone, and we may be killed, too. */
static void launcher_lost(void)
{
	int64_t begun = clock_boot_ms();

	log_error("the launcher was killed; all jobs are ended, and so is this runner");
	while (any_child() && clock_boot_ms() - begun < BURIAL_MS) {
		if (clock_boot_ms() - begun > KEEPERS_MS)
			reap_kill_children(NULL, NULL);
		poll(NULL, 0, 10);
	}
	_exit(1);
}

static int on_launcher(sd_event_source *s, int fd, uint32_t events, void *arg)
{
	(void)s;
	(void)fd;
	(void)events;
	if (launch_hear(arg) < 0)
		launcher_lost();
	return 0;
}

static int on_guard(sd_event_source *s, int fd, uint32_t events, void *arg)
{
	struct runner *r = arg;

	(void)s;
	(void)fd;
	(void)events;
	lock_answer(&r->lock);
	return 0;
}

static int on_signal(sd_event_source *s, const struct signalfd_siginfo *si, void *arg)
{
	struct runner *r = arg;

	(void)s;
	sd_notify(0, "STOPPING=1");
	if (si->ssi_signo == SIGUSR1) {
		if (!r->leaving)
			serve_drain(r);
		return 0;
	}
	if (r->stopping) {
		log_warn("second signal: ending at once; what ran is given back at the next start");
		message_send_plain(r->launcher, MESSAGE_END, 0);
		_exit(1);
	}
	serve_stop(r);
	return 0;
}

static void add_signal(int sig, struct runner *r)
{
	struct sigaction now;

	if (sig == SIGHUP && sigaction(sig, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
		return; /* nohup */
	must(sd_event_add_signal(loop.event, NULL, sig, on_signal, r), "signals");
}

static void add_worker(struct worker *w)
{
	must(sd_event_add_io(loop.event, NULL, worker_fd(w), EPOLLIN, on_worker, w), "worker");
}

static void make_loop(struct runner *r)
{
	must(sd_event_default(&loop.event), "event loop");
	add_signal(SIGTERM, r);
	add_signal(SIGINT, r);
	add_signal(SIGHUP, r);
	add_signal(SIGUSR1, r);
	add_worker(r->worker);
	add_worker(r->chores);
	add_worker(r->gatherer);
	if (r->flusher)
		add_worker(r->flusher);
	must(sd_event_add_io(loop.event, &loop.launcher, r->launcher, EPOLLIN, on_launcher, r),
	     "launcher");
	if (r->lock.fds[1] >= 0)
		must(sd_event_add_io(loop.event, NULL, r->lock.fds[1], EPOLLIN, on_guard, r),
		     "lock");
	must(sd_event_add_time(loop.event, &loop.timer, CLOCK_BOOTTIME, 0, TIMER_ACCURACY_US,
			       on_time, r),
	     "timer");
	must(sd_event_add_io(loop.event, &loop.news, r->inotify, EPOLLIN, on_news, r), "inbox");
	must(sd_event_add_post(loop.event, NULL, on_turn, r), "event loop");
	sd_event_set_watchdog(loop.event, true); /* if systemd asks for it */
}

/* -- the other things that the program does ------------------------------------------------------- */

/* --drain-and-exit: tells the one that is at work here, and waits for its end. */
static int drain_other(const struct options *opt)
{
	_cleanup_free_ char *name = start_name(opt->name), *why = NULL;
	struct spool sp;
	pid_t pid;

	if (spool_open(opt->share, &sp, &why) < 0)
		log_die("%s", why);
	pid = lock_holder(sp.id, name);
	if (pid == 0) {
		printf("no runner %s is at work on this machine\n", name);
	} else if (kill(pid, SIGUSR1) < 0 && errno != ESRCH) {
		log_die("the runner %s (process %d) cannot be told: %s", name, pid,
			strerror(errno));
	} else {
		printf("the runner %s (process %d) takes no new jobs; waiting for its end\n", name,
		       pid);
		fflush(stdout);
		while (lock_holder(sp.id, name) == pid)
			poll(NULL, 0, 100);
	}
	spool_close(&sp);
	return 0;
}

static void refuse_root(const struct options *opt)
{
	if (geteuid() == 0 && !opt->allow_root)
		log_die("jobs would run as root: start the runner as an ordinary user, or say that "
			"you "
			"want it with allow_root = yes in the configuration file (or -o "
			"allow_root=yes)");
}

/* Descriptors 0 to 2 exist, so that nothing of ours is taken for them. */
static void fill_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static void block_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int open_log(const struct runner *r)
{
	_cleanup_free_ char *name = xasprintf("%s.log", r->name);
	int fd = openat(r->state_fd, name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
			0600);

	if (fd < 0)
		log_die("the log %s/%s cannot be opened: %s", r->state, name, strerror(errno));
	return fd;
}

static void leave_terminal(const struct runner *r)
{
	_cleanup_free_ char *text =
		xasprintf("runner %s is at work, process %d; its log: %s/%s.log\n", r->name,
			  getpid(), r->state, r->name);

	must(background_ready(text, open_log(r)), "/dev/null");
}

int main(int argc, char **argv)
{
	struct runner *r = &runner;
	bool detach;
	int status;

	fill_descriptors();
	log_init("spool-runner", false);
	r->opt = options_parse(argc, argv);
	log_init("spool-runner", r->opt->debug);
	if (r->opt->drain_and_exit)
		return drain_other(r->opt);
	refuse_root(r->opt);
	detach = !r->opt->foreground && !getenv("NOTIFY_SOCKET");
	if (detach)
		background_start();
	block_signals();
	descriptors_raise();
	start_runner(r);
	make_loop(r);
	if (detach)
		leave_terminal(r);
	sd_notify(0, "READY=1");
	on_turn(NULL, r);
	status = sd_event_loop(loop.event);
	close(r->launcher); /* no job is left, so it ends at once */
	if (r->launcher_pid)
		waitpid(r->launcher_pid, NULL, 0);
	log_info("runner %s has ended", r->name);
	return status < 0 ? 1 : 0;
}
