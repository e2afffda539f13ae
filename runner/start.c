/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * start - all that precedes the loop, in its order.
 *
 * Touches the state folder (<name>.lock, <name>.scratch/), and on the share what register.c does.
 * The launcher is forked before the share is touched or a thread begun; the lock is held before
 * anything of a former instance is given back; the share is written to only after the name is
 * known to be this machine's. Whatever is wrong ends the program with one line that says what to
 * do. A crash ends the launcher, and leaves a registration without beats.
 */
#include "start.h"

#include "adopt.h"
#include "appfile.h"
#include "cleanup.h"
#include "clock.h"
#include "digest.h"
#include "host.h"
#include "launch.h"
#include "launcher.h"
#include "log.h"
#include "medium.h"
#include "options.h"
#include "register.h"
#include "runner.h"
#include "software.h"
#include "wake.h"
#include "worker.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define LOCK_WAIT_MS 10000

char *start_name(const char *given)
{
	char host[HOST_NAME_MAX + 1] = "", reduced[SPOOL_NAME_SIZE];

	if (*given && !spool_is_runner_name(given))
		log_die("--name %s: a runner's name is 1 to %d of a-z 0-9 . _ - and begins with a "
			"letter or digit",
			given, SPOOL_RUNNER_MAX);
	if (*given)
		return xstrdup(given);
	gethostname(host, sizeof(host) - 1);
	host[strcspn(host, ".")] = '\0';
	spool_reduce_name(host, reduced);
	reduced[SPOOL_RUNNER_MAX] = '\0';
	if (!spool_is_runner_name(reduced))
		log_die("this host's name (%s) makes no runner's name: give it one with --name",
			host);
	return xstrdup(reduced);
}

/* On a mount that may lose results it is better not to begin. Nothing has been written yet. */
static void judge_mount(const struct runner *r, const struct medium *medium)
{
	_cleanup_free_ char *final = medium_objection(medium, MEDIUM_RUNNER, true),
			    *objection = medium_objection(medium, MEDIUM_RUNNER, false),
			    *advice = medium_advice(medium, MEDIUM_RUNNER),
			    *path = medium_path(medium, r->share.sp.path);

	if (final)
		log_die("the mount of %s is not one for a runner. Found: %s", path, final);
	if (objection && !r->opt->allow_unsafe_mount)
		log_die("the mount of %s is not safe. Found: %s. \"spoolctl doctor\" tells more; "
			"-o allow_unsafe_mount=yes starts the runner all the same",
			path, objection);
	if (objection)
		log_warn("the mount of %s is not safe, and allow_unsafe_mount is set. Found: %s",
			 path, objection);
	else if (advice)
		log_info("\"spoolctl doctor\" has advice about the mount of %s: %s", path, advice);
}

static void judge_mounts(const struct runner *r)
{
	struct medium media[MEDIUM_PARTS];
	size_t n = medium_look_share(r->share.sp.root_fd, r->share.sp.fd, media);

	for (size_t i = 0; i < n; i++) {
		judge_mount(r, &media[i]);
		medium_free(&media[i]);
	}
}

static void open_share(struct runner *r)
{
	_cleanup_free_ char *why = NULL;

	if (spool_open(r->opt->share, &r->share.sp, &why) < 0)
		log_die("%s", why);
	judge_mounts(r);
	r->share.name = r->name;
	r->share.rid = r->rid;
	r->share.kill_wait_ms = r->opt->kill_wait;
	r->share.unsealed = -1;
	r->share.durable.whole.local = r->share.sp.kind == SAFEFS_LOCAL;
	r->results_whole = r->share.durable.whole;
	r->spool_fd = fcntl(r->share.sp.fd, F_DUPFD_CLOEXEC, 3);
}

static void open_state(struct runner *r)
{
	_cleanup_free_ char *why = NULL, *scratch = xasprintf("%s.scratch", r->name), *given;

	given = spool_state_dir(&r->share.sp, r->opt->state, "runner", &why);
	if (!given)
		log_die("%s", why);
	r->state = realpath(given, NULL); /* jobs, who get it, have another working directory */
	if (!r->state)
		log_die("the state folder %s cannot be found: %s", given, strerror(errno));
	r->state_fd = safefs_open_dir(AT_FDCWD, r->state);
	if (r->state_fd < 0)
		log_die("the state folder %s cannot be opened: %s", r->state,
			strerror(-r->state_fd));
	r->share.scratch = xasprintf("%s/%s", r->state, scratch);
	if (mkdirat(r->state_fd, scratch, 0700) < 0 && errno != EEXIST)
		log_die("%s cannot be made: %s", r->share.scratch, strerror(errno));
	r->share.scratch_fd = safefs_open_dir(r->state_fd, scratch);
	if (r->share.scratch_fd < 0)
		log_die("%s cannot be opened: %s", r->share.scratch,
			strerror(-r->share.scratch_fd));
}

static void give_lock(struct runner *r)
{
	struct message_lock lock = { .type = MESSAGE_LOCK };
	struct message_hello hello = { 0 };
	int res;

	memcpy(lock.rid, r->rid, sizeof(lock.rid));
	res = message_send(r->launcher, &lock, sizeof(lock), r->lock.fds,
			   r->lock.fds[1] >= 0 ? 2 : 1, 0);
	if (res == 0)
		res = adopt_hello(r->launcher, &hello);
	if (res < 0)
		log_die("the launcher cannot be reached: %s", strerror(-res));
	r->by_cgroup = hello.by_cgroup;
}

/* Goes on with the launcher, the instance and the jobs of a daemon that was killed. */
static void inherit(struct runner *r, const struct heirloom *h)
{
	close(r->launcher);
	waitpid(r->launcher_pid, NULL, 0);
	r->launcher = h->sock;
	r->launcher_pid = 0;
	memcpy(r->rid, h->hello.rid, sizeof(r->rid));
	r->beats = h->hello.beats;
	r->by_cgroup = h->hello.by_cgroup;
	if (adopt_jobs(r, h->hello.count) < 0)
		log_die("the launcher of the runner before this one does not answer: try again");
	log_info("the runner before this one was killed: %u of its jobs are taken over",
		 h->hello.count);
}

static void take_lock(struct runner *r)
{
	struct heirloom heirloom = { .sock = -1 };
	_cleanup_free_ char *why = NULL;
	int res = lock_take(r->state_fd, r->share.sp.id, r->name, LOCK_WAIT_MS, &r->lock, &heirloom,
			    &why);

	if (res == -EINTR)
		exit(0);
	if (res < 0)
		log_die("%s", why);
	if (heirloom.sock >= 0)
		inherit(r, &heirloom);
	else
		give_lock(r);
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
	software_here(&names, &r->reg.software); /* the versions follow */
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
		.freeze_ms = r->opt->freeze,
		.freezer = xstrdup(r->by_cgroup ? "cgroup" : "signals"),
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
	struct runner *r = arg;
	struct job *job;

	(void)type;
	TAILQ_FOREACH(job, &r->jobs, link)
		if (strcmp(job->label, name) == 0)
			return 0;
	launch_remove(r, name);
	return 0;
}

static void make_rid(struct runner *r)
{
	char nonce[9];

	digest_nonce(nonce, 8);
	snprintf(r->rid, sizeof(r->rid), "%s-%.8s-%s", r->name, clock_boot_id(), nonce);
}

void start_runner(struct runner *r)
{
	r->new_inbox = -1;
	TAILQ_INIT(&r->jobs);
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* keepers fall to us if the launcher is killed */
	r->launcher_pid = launcher_fork(&r->launcher, false);
	if (r->launcher_pid < 0)
		log_die("the launcher cannot be started: %s", strerror(-r->launcher_pid));
	r->name = start_name(r->opt->name);
	make_rid(r);
	open_share(r);
	open_state(r);
	take_lock(r);
	r->share.launcher = r->launcher;
	r->share.freeze_ms = r->opt->freeze;
	fill_registration(r);
	register_us(r);
	r->worker = worker_new("share");
	r->chores = worker_new("chores");
	r->gatherer = worker_new("results");
	if (r->share.sp.kind == SAFEFS_NFS)
		r->flusher = worker_new("streams");
	safefs_list(r->share.scratch_fd, ".", remove_leftover, r);
	if (wake_open(r) < 0)
		log_die("inotify cannot be used: %s", strerror(errno));
	r->inbox_due = r->share.sp.kind == SAFEFS_LOCAL;
	log_info("runner %s at %s (%s): %u slots, instance %s", r->name, r->share.sp.path,
		 safefs_kind_name(r->share.sp.kind), r->slots, r->rid);
}
