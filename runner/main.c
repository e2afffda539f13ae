/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spool-runner - runs the jobs that the coordinator of a share offers to this machine.
 *
 * This file is the start, in its order, and the loop: which event leads to which call. The way of
 * a job: serve gives a pass to the worker, whose steps are listed in pass.c (heartbeat, inbox, orders,
 * giveback, claim, finish, run); what they make ready launch sends to the launcher, whose keepers
 * run and end it and report; serve hands what has ended to the next pass.
 *
 * Order of the start: the launcher is forked before the share is touched or a thread begun; the lock is
 * held before anything of a former instance is given back; the share is ours to write in only after
 * the name is known to be this machine's. A crash anywhere ends the launcher, and with it all jobs.
 */
#include "background.h"
#include "cleanup.h"
#include "clock.h"
#include "digest.h"
#include "host.h"
#include "launch.h"
#include "launcher.h"
#include "log.h"
#include "options.h"
#include "reap.h"
#include "register.h"
#include "runner.h"
#include "serve.h"
#include "software.h"
#include "worker.h"

#include "appfile.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#define LOCK_WAIT_MS 10000
#define TIMER_ACCURACY_US 5000
#define INBOX_NEWS (IN_MOVED_TO | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

struct loop {
	sd_event *event;
	sd_event_source *timer, *launcher, *watch;
	unsigned signals;
};

static struct runner runner;
static struct loop loop;

/* -- start --------------------------------------------------------------------------------------- */

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

/* The name given, or the host's up to its first dot. */
static char *find_name(const char *given)
{
	char host[HOST_NAME_MAX + 1] = "", reduced[SPOOL_NAME_SIZE];

	if (*given && !spool_is_runner_name(given))
		log_die("--name %s: a runner's name is 1 to %d of a-z 0-9 . _ - and begins with a "
			"letter or digit", given, SPOOL_RUNNER_MAX);
	if (*given)
		return xstrdup(given);
	gethostname(host, sizeof(host) - 1);
	host[strcspn(host, ".")] = '\0';
	spool_reduce_name(host, reduced);
	reduced[SPOOL_RUNNER_MAX] = '\0';
	if (!spool_is_runner_name(reduced))
		log_die("this host's name (%s) makes no runner's name: give it one with --name", host);
	return xstrdup(reduced);
}

static void open_share(struct runner *r)
{
	_cleanup_free_ char *why = NULL;

	if (spool_open(r->opt->share, &r->share.sp, &why) < 0)
		log_die("%s", why);
	r->share.name = r->name;
	r->share.rid = r->rid;
	r->share.kill_wait_ms = r->opt->kill_wait;
	r->share.unsealed = -1;
	r->share.durable.local = r->share.sp.kind == SAFEFS_LOCAL;
}

static void open_state(struct runner *r)
{
	_cleanup_free_ char *why = NULL, *scratch = xasprintf("%s.scratch", r->name), *given;

	given = spool_state_dir(&r->share.sp, r->opt->state, "runner", &why);
	if (!given)
		log_die("%s", why);
	r->state = realpath(given, NULL);	/* jobs, who get it, have another working directory */
	if (!r->state)
		log_die("the state folder %s cannot be found: %s", given, strerror(errno));
	r->state_fd = safefs_open_dir(AT_FDCWD, r->state);
	if (r->state_fd < 0)
		log_die("the state folder %s cannot be opened: %s", r->state, strerror(-r->state_fd));
	r->share.scratch = xasprintf("%s/%s", r->state, scratch);
	if (mkdirat(r->state_fd, scratch, 0700) < 0 && errno != EEXIST)
		log_die("%s cannot be made: %s", r->share.scratch, strerror(errno));
	r->share.scratch_fd = safefs_open_dir(r->state_fd, scratch);
	if (r->share.scratch_fd < 0)
		log_die("%s cannot be opened: %s", r->share.scratch, strerror(-r->share.scratch_fd));
}

static void take_lock(struct runner *r)
{
	const uint32_t message = MESSAGE_LOCK;
	_cleanup_free_ char *why = NULL;
	int res = lock_take(r->state_fd, r->share.sp.id, r->name, LOCK_WAIT_MS, &r->lock, &why);

	if (res == -EINTR)
		exit(0);
	if (res < 0)
		log_die("%s", why);
	res = message_send(r->launcher, &message, sizeof(message), r->lock.fds,
			   r->lock.fds[1] >= 0 ? 2 : 1, 0);
	if (res < 0)
		log_die("the launcher cannot be reached: %s", strerror(-res));
}

/* For machines without one: made once, kept in the state folder. */
static char *own_machine_id(struct runner *r)
{
	_cleanup_free_ char *text = NULL;
	char id[33];
	size_t len;

	if (safefs_read(r->state_fd, "machine-id", 64, &text, &len, NULL) == 0 && len >= 32)
		return xstrndup(text, 32);
	digest_nonce(id, 32);
	if (safefs_replace(r->state_fd, "machine-id", id, 32, 0600, true) < 0)
		log_die("the state folder %s cannot be written", r->state);
	return xstrdup(id);
}

static void find_software(struct runner *r)
{
	struct catalogue cat = { 0 };
	struct strlist names = { 0 };

	if (catalogue_load(r->share.sp.root_fd, &cat) < 0)
		log_trouble("apps/", "the applications of the share cannot be listed");
	software_names(&r->opt->probe, &cat, &names);
	software_here(&names, &r->reg.software);	/* the versions follow */
	strlist_free(&names);
	catalogue_free(&cat);
}

static void fill_registration(struct runner *r)
{
	struct host host;

	host_look("", &host);
	r->slots = r->opt->slots ? (unsigned)r->opt->slots : host.cores;
	r->share.slots = r->slots;
	r->reg = (struct registration){
		.runner = xstrdup(r->name),
		.instance = xstrdup(r->rid),
		.machine = host.machine ? xstrdup(host.machine) : own_machine_id(r),
		.host = xstrdup(host.name),
		.platform = xstrdup(host.platform),
		.kernel = xstrdup(host.kernel),
		.cpu = xstrdup(host.cpu),
		.cores = host.cores,
		.slots = r->slots,
		.memory = r->opt->memory ? (uint64_t)r->opt->memory : host.memory,
		.version = xstrdup(SPOOL_VERSION),
		.started_at = clock_wall_ms(),
	};
	host_free(&host);
	find_software(r);
}

static void register_us(struct runner *r)
{
	_cleanup_free_ char *why = NULL;

	if (register_check(&r->share.sp, r->name, r->reg.machine, &why) < 0 ||
	    register_enter(&r->share.sp, &r->reg, &why) < 0)
		log_die("%s", why);
}

static int remove_leftover(const char *name, unsigned char type, void *arg)
{
	(void)type;
	launch_remove(arg, name);
	return 0;
}

static void make_rid(struct runner *r)
{
	char nonce[9];

	digest_nonce(nonce, 8);
	snprintf(r->rid, sizeof(r->rid), "%s-%.8s-%s", r->name, clock_boot_id(), nonce);
}

/* All that precedes the loop. */
static void start(struct runner *r)
{
	r->new_inbox = -1;
	TAILQ_INIT(&r->jobs);
	prctl(PR_SET_CHILD_SUBREAPER, 1);	/* keepers fall to us if the launcher is killed */
	r->launcher_pid = launcher_fork(&r->launcher);
	if (r->launcher_pid < 0)
		log_die("the launcher cannot be started: %s", strerror(-r->launcher_pid));
	r->name = find_name(r->opt->name);
	make_rid(r);
	open_share(r);
	open_state(r);
	take_lock(r);
	fill_registration(r);
	register_us(r);
	r->worker = worker_new("share");
	r->chores = worker_new("chores");
	safefs_list(r->share.scratch_fd, ".", remove_leftover, r);
	r->inbox_due = r->share.sp.kind == SAFEFS_LOCAL;
	log_info("runner %s at %s (%s): %u slots, instance %s", r->name, r->share.sp.path,
		 safefs_kind_name(r->share.sp.kind), r->slots, r->rid);
}

/* -- the loop ------------------------------------------------------------------------------------ */

/* Whatever can stop a turn of the loop is a bug or a machine without memory. */
static void must(int r, const char *what)
{
	if (r < 0)
		log_die("%s: %s", what, strerror(-r));
}

static int on_news(sd_event_source *s, const struct inotify_event *e, void *arg)
{
	struct runner *r = arg;

	(void)s;
	if (e->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) {
		r->watching = false;
		r->inbox_due = true;
		r->wake = true;
	} else {
		serve_news(r, e->mask & IN_Q_OVERFLOW || e->len == 0 ? NULL : e->name);
	}
	return 0;
}

/* Watches the inbox behind r->new_inbox; what came before the watch shows in one more look. */
static void watch(struct runner *r)
{
	int res;

	loop.watch = sd_event_source_disable_unref(loop.watch);
	res = sd_event_add_inotify_fd(loop.event, &loop.watch, r->new_inbox, INBOX_NEWS, on_news, r);
	close(r->new_inbox);
	r->new_inbox = -1;
	r->watching = res >= 0;
	r->wake = true;
	if (res < 0)
		log_trouble("watch", "the inbox cannot be watched, it is looked at every so often: %s",
			    strerror(-res));
	else
		log_mended("watch");
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
	if (r->new_inbox >= 0)
		watch(r);
	blocked = serve_turn(r);
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
	return 0;	/* the turn that follows does all */
}

static int on_worker(sd_event_source *s, int fd, uint32_t events, void *arg)
{
	(void)s;
	(void)fd;
	(void)events;
	worker_collect(arg);
	return 0;
}

/* Nobody times or ends jobs any more: end what is left, let a new instance begin. */
static void launcher_lost(void)
{
	int64_t end = clock_boot_ms() + LOCK_WAIT_MS;

	log_error("the launcher was killed; all jobs are ended, and so is this runner");
	while (clock_boot_ms() < end) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
		if (reap_kill_children(NULL, NULL) == 0)
			break;
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
		_exit(1);
	}
	serve_stop(r);
	return 0;
}

static void add_signal(int sig, struct runner *r)
{
	struct sigaction now;

	if (sig == SIGHUP && sigaction(sig, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
		return;		/* nohup */
	must(sd_event_add_signal(loop.event, NULL, sig, on_signal, r), "signals");
}

static void make_loop(struct runner *r)
{
	must(sd_event_default(&loop.event), "event loop");
	add_signal(SIGTERM, r);
	add_signal(SIGINT, r);
	add_signal(SIGHUP, r);
	add_signal(SIGUSR1, r);
	must(sd_event_add_io(loop.event, NULL, worker_fd(r->worker), EPOLLIN, on_worker, r->worker),
	     "worker");
	must(sd_event_add_io(loop.event, NULL, worker_fd(r->chores), EPOLLIN, on_worker, r->chores),
	     "worker");
	must(sd_event_add_io(loop.event, &loop.launcher, r->launcher, EPOLLIN, on_launcher, r),
	     "launcher");
	if (r->lock.fds[1] >= 0)
		must(sd_event_add_io(loop.event, NULL, r->lock.fds[1], EPOLLIN, on_guard, r), "lock");
	must(sd_event_add_time(loop.event, &loop.timer, CLOCK_BOOTTIME, 0, TIMER_ACCURACY_US, on_time,
			       r), "timer");
	must(sd_event_add_post(loop.event, NULL, on_turn, r), "event loop");
	sd_event_set_watchdog(loop.event, true);	/* if systemd asks for it */
}

/* -- the other things that the program does ------------------------------------------------------- */

/* --drain-and-exit: tells the one that is at work here, and waits for its end. */
static int drain_other(const struct options *opt)
{
	_cleanup_free_ char *name = find_name(opt->name), *why = NULL;
	struct spool sp;
	pid_t pid;

	if (spool_open(opt->share, &sp, &why) < 0)
		log_die("%s", why);
	pid = lock_holder(sp.id, name);
	if (pid == 0) {
		printf("no runner %s is at work on this machine\n", name);
	} else if (kill(pid, SIGUSR1) < 0 && errno != ESRCH) {
		log_die("the runner %s (process %d) cannot be told: %s", name, pid, strerror(errno));
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
		log_die("jobs would run as root: start the runner as an ordinary user, or say that you "
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

static int open_log(const struct runner *r)
{
	_cleanup_free_ char *name = xasprintf("%s.log", r->name);
	int fd = openat(r->state_fd, name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
			0600);

	if (fd < 0)
		log_die("the log %s/%s cannot be opened: %s", r->state, name, strerror(errno));
	return fd;
}

int main(int argc, char **argv)
{
	struct runner *r = &runner;
	int parent = -1, log_fd, status;

	fill_descriptors();
	log_init("spool-runner", false);
	r->opt = options_parse(argc, argv);
	log_init("spool-runner", r->opt->debug);
	if (r->opt->drain_and_exit)
		return drain_other(r->opt);
	refuse_root(r->opt);
	block_signals();
	if (!r->opt->foreground && !getenv("NOTIFY_SOCKET"))
		parent = background_enter();
	start(r);
	make_loop(r);
	if (parent >= 0) {
		log_fd = open_log(r);
		background_ready(parent, log_fd);
		close(log_fd);
	}
	sd_notify(0, "READY=1");
	on_turn(NULL, r);
	status = sd_event_loop(loop.event);
	close(r->launcher);	/* no job is left, so it ends at once */
	waitpid(r->launcher_pid, NULL, 0);
	log_info("runner %s has ended", r->name);
	return status < 0 ? 1 : 0;
}
