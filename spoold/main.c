/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spoold - the coordinator: start, the table of steps, the loop, the end.
 *
 * Reading order: lib/spool.7, lib/state.c, the table below, then the step files in its order. The
 * loop sleeps in sd-event until news, a timer or a worker wakes it; then one turn runs every step
 * that has something due, writes the journal, and starts the next sync. Nothing in a turn waits:
 * syncs, copies and removals are done by workers. Start-up is the scan; there is nothing else to
 * recover.
 */
#include "coordinator.h"

#include "background.h"
#include "cleanup.h"
#include "clock.h"
#include "control.h"
#include "descriptors.h"
#include "drops.h"
#include "guard.h"
#include "ids.h"
#include "jobs.h"
#include "journal.h"
#include "log.h"
#include "medium.h"
#include "options.h"
#include "publish.h"
#include "runners.h"
#include "scan.h"
#include "silence.h"
#include "syncer.h"
#include "tickets.h"
#include "users.h"
#include "watch.h"
#include "worker.h"
#include "xalloc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#define CATALOGUE_EVERY_US (20 * 1000000ULL)

/* The way of a job. NULL: it rests there until news comes. */
static void (*const steps[STEPS])(struct coordinator *co, struct joblist *due) = {
	[STEP_WRAP] = wrap_run,
	[STEP_ADMIT] = admit_run,
	[STEP_ENQUEUE] = enqueue_run,
	[STEP_RETURN] = return_run,
	[STEP_REJECT] = reject_run,
	[STEP_DISCARD] = discard_run,
	[STEP_SCHEDULE] = schedule_run,
	[STEP_PREPARE] = prepare_run,
	[STEP_OFFER] = offer_run,
	[STEP_OPEN] = open_run,
	[STEP_OFFERED] = NULL,
	[STEP_WITHDRAW] = withdraw_run,
	[STEP_UNOFFER] = unoffer_run,
	[STEP_CLAIMED] = NULL,
	[STEP_MISSED] = NULL,
	[STEP_REVOKE] = revoke_run,
	[STEP_REVOKED] = NULL,
	[STEP_RECORD] = record_run,
	[STEP_FILE] = file_run,
	[STEP_COPY] = copy_run,
	[STEP_LOSE] = lose_run,
	[STEP_REVIVE] = revive_run,
	[STEP_RETRY] = NULL,
	[STEP_SWEEP] = sweep_run,
};

/* -- the loop ------------------------------------------------------------------------------------ */

void coordinator_turn_soon(struct coordinator *co)
{
	if (co->turn_source)
		sd_event_source_set_enabled(co->turn_source, SD_EVENT_ONESHOT);
}

void coordinator_stop(struct coordinator *co, int exit_code)
{
	co->stopping = true;
	co->exit_code = exit_code;
	sd_event_exit(co->event, exit_code);
}

static int turn(sd_event_source *source, void *arg)
{
	struct coordinator *co = arg;

	(void)source;
	for (enum step step = STEP_NONE; step < STEPS && !co->stopping && guard_holds(co); step++)
		if (steps[step] && (!TAILQ_EMPTY(&co->due[step]) || step == STEP_SCHEDULE))
			steps[step](co, &co->due[step]);
	journal_flush(co, false);
	syncer_start(co->syncer);
	publish_changes(co);
	return 0;
}

static int on_worker(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	(void)source;
	(void)fd;
	(void)events;
	worker_collect(arg);
	return 0;
}

/* A collected task may have made jobs due; syncs go on in the next turn. */
static int on_sync_worker(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct coordinator *co = arg;

	(void)source;
	(void)fd;
	(void)events;
	worker_collect(co->sync_worker);
	coordinator_turn_soon(co);
	return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	(void)source;
	log_info("signal %u: stopping; nothing is lost", info->ssi_signo);
	coordinator_stop(arg, 0);
	return 0;
}

static int reload_catalogue(sd_event_source *source, uint64_t usec, void *arg)
{
	struct coordinator *co = arg;
	int r = catalogue_load(co->sp.root_fd, &co->catalogue);

	(void)usec;
	if (r < 0)
		log_trouble("apps", "apps/ cannot be read: %s", strerror(-r));
	for (size_t i = 0; i < co->catalogue.faults.count; i++)
		log_trouble(co->catalogue.faults.items[i], "%s", co->catalogue.faults.items[i]);
	if (!source) /* without any catalogue, good jobs would be rejected */
		return safefs_is_passing(r) ? r : 0;
	sd_event_source_set_time_relative(source, CATALOGUE_EVERY_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* -- start --------------------------------------------------------------------------------------- */

/*
 * Ends the program if the share cannot be trusted to the mount. allow_unsafe_mount takes that risk,
 * but it does not make a mount for reading only a writable one, and not with SMB: heartbeats that
 * are read stale for ever are no risk there but what happens, and then a job would be handed out
 * twice.
 */
static void judge_mount(const struct coordinator *co, const struct medium *medium)
{
	_cleanup_free_ char *final = medium_objection(medium, MEDIUM_COORDINATOR, true),
			    *objection = medium_objection(medium, MEDIUM_COORDINATOR, false),
			    *advice = medium_advice(medium, MEDIUM_COORDINATOR),
			    *path = medium_path(medium, co->sp.path);

	if (final)
		log_die("the mount of %s is not one for a coordinator. Found: %s", path, final);
	if (objection && !co->opt.allow_unsafe_mount)
		log_die("the mount of %s is not safe. Found: %s. \"spoolctl doctor\" tells more; "
			"-o allow_unsafe_mount=yes starts spoold all the same",
			path, objection);
	if (objection)
		log_warn("the mount of %s is not safe, and allow_unsafe_mount is set. Found: %s",
			 path, objection);
	else if (advice)
		log_info("\"spoolctl doctor\" has advice about the mount of %s: %s", path, advice);
}

static void choose_medium(struct coordinator *co)
{
	struct medium media[MEDIUM_PARTS];
	size_t n = medium_look_share(co->sp.root_fd, co->sp.fd, media);
	/* What nobody knows need not be a disk of this host. */
	bool remote = co->sp.kind != SAFEFS_LOCAL || !medium_is_local(&media[0]);

	for (size_t i = 0; i < n; i++) {
		judge_mount(co, &media[i]);
		medium_free(&media[i]);
	}
	co->polling = remote || !co->opt.watch;
	if (remote)
		log_info("%s is a %s mount: inotify sees nothing of other hosts there, so the "
			 "share is scanned every %.1f s; on the file "
			 "server itself spoold reacts at once",
			 co->sp.path,
			 safefs_kind_name(co->sp.kind != SAFEFS_LOCAL ? co->sp.kind
								      : SAFEFS_OTHER_REMOTE),
			 (double)co->opt.scan_polled / 1000);
}

static void open_share(struct coordinator *co)
{
	char *why = NULL;
	int r;

	if (spool_open(co->opt.share, &co->sp, &why) < 0)
		log_die("%s", why);
	choose_medium(co);
	co->state_dir = spool_state_dir(&co->sp, co->opt.state, "spoold", &why);
	if (!co->state_dir)
		log_die("%s", why);
	r = guard_take(co, &why);
	if (r == -ECANCELED) {
		log_info("%s", why);
		exit(0);
	}
	if (r < 0)
		log_die("%s", why);
}

static int add_worker(struct coordinator *co, const char *name, sd_event_io_handler_t handler,
		      void *arg, struct worker **ret)
{
	*ret = worker_new(name);
	return sd_event_add_io(co->event, NULL, worker_fd(*ret), EPOLLIN, handler,
			       arg ? arg : *ret);
}

static int start_loop(struct coordinator *co)
{
	int r = sd_event_new(&co->event);

	if (r >= 0)
		r = sd_event_add_defer(co->event, &co->turn_source, turn, co);
	if (r >= 0)
		r = sd_event_add_signal(co->event, NULL, SIGTERM, on_signal, co);
	if (r >= 0)
		r = sd_event_add_signal(co->event, NULL, SIGINT, on_signal, co);
	if (r >= 0)
		r = add_worker(co, "spoold-sync", on_sync_worker, co, &co->sync_worker);
	for (int i = 0; r >= 0 && i < SLOW_LANES; i++)
		r = add_worker(co, "spoold-slow", on_worker, NULL, &co->slow_lanes[i]);
	if (r >= 0)
		r = add_worker(co, "spoold-bulk", on_worker, NULL, &co->bulk_lane);
	if (r >= 0)
		r = add_worker(co, "spoold-remove", on_worker, NULL, &co->removal_lane);
	if (r >= 0)
		r = add_worker(co, "spoold-look", on_worker, NULL, &co->look_lane);
	if (r >= 0)
		r = add_worker(co, "spoold-publish", on_worker, NULL, &co->publish_lane);
	if (r >= 0)
		r = add_worker(co, "spoold-sign", on_worker, NULL, &co->sign_lane);
	if (r >= 0)
		r = add_worker(co, "spoold-number", on_worker, NULL, &co->number_lane);
	if (r >= 0)
		r = sd_event_add_time_relative(co->event, NULL, CLOCK_BOOTTIME, CATALOGUE_EVERY_US,
					       1000000, reload_catalogue, co);
	return r < 0 ? r : 0;
}

/* News first, then the scan: nothing can come between unseen. */
static int start_work(struct coordinator *co)
{
	int r;

	co->syncer = syncer_new(co->sync_worker, co->sp.fd, co->sp.kind == SAFEFS_LOCAL);
	r = reload_catalogue(NULL, 0, co);
	if (r == 0)
		r = journal_open(co);
	if (r == 0)
		r = ids_open(co);
	if (r == 0)
		r = publish_open(co);
	if (r == 0 && !co->polling) {
		r = watch_start(co);
		if (r == 0)
			r = watch_place(co, SPOOL_RUNNERS);
		if (r == 0)
			r = watch_place(co, SPOOL_REQUESTS);
	}
	if (r == 0)
		r = silence_start(co);
	if (r == 0)
		r = scan_all(co);
	if (r == 0)
		r = scan_start(co);
	if (r == 0)
		r = guard_start(co);
	coordinator_turn_soon(co);
	return r;
}

static void leave_terminal(const struct coordinator *co)
{
	_cleanup_free_ char *log_path = xasprintf("%s/spoold.log", co->state_dir);
	_cleanup_free_ char *text = xasprintf("spoold: at work on %s (log %s)\n"
					      "stop it with: kill %d\n",
					      co->sp.path, log_path, (int)getpid());
	int log_fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int r;

	if (log_fd < 0)
		log_die("the log %s cannot be opened: %s", log_path, strerror(errno));
	r = background_ready(text, log_fd);
	if (r < 0)
		log_die("cannot go into the background: %s", strerror(-r));
}

static void announce(const struct coordinator *co, bool foreground)
{
	log_info("at work on %s as %s: %s, state in %s", co->sp.path, co->instance,
		 co->polling ? "scanning" : "watching", co->state_dir);
	if (!foreground)
		leave_terminal(co);
	(void)sd_notify(0, "READY=1");
}

/* -- end ----------------------------------------------------------------------------------------- */

/* Workers first: what they finish may still call back into the tables. */
static void end_work(struct coordinator *co)
{
	struct job *job, *next;

	(void)sd_notify(0, "STOPPING=1");
	co->stopping = true;
	worker_end_soon();
	worker_free(co->sign_lane);
	worker_free(co->number_lane);
	worker_free(co->bulk_lane);
	worker_free(co->look_lane);
	for (int i = 0; i < SLOW_LANES; i++)
		worker_free(co->slow_lanes[i]);
	worker_free(co->sync_worker);
	publish_close(co);
	worker_free(co->publish_lane);
	worker_free(co->removal_lane);
	syncer_free(co->syncer);
	ids_close(co);
	journal_close(co);
	scan_stop();
	watch_stop();
	HASH_ITER(hh, co->jobs, job, next) {
		job->busy = false;
		job->drop = NULL;
		jobs_forget(job);
	}
	tickets_drop_strays(co);
	HASH_CLEAR(hh, co->jobs);
	drops_free(co);
	control_free();
	runners_free(co);
	silence_end();
	users_free();
	catalogue_free(&co->catalogue);
	guard_release(co);
	sd_event_source_unref(co->turn_source);
	sd_event_source_unref(co->rebalance_timer);
	sd_event_unref(co->event);
	spool_close(&co->sp);
	free(co->state_dir);
	options_free();
}

static void block_signals(void)
{
	sigset_t set;

	/* SIGIO would come from a lease that a writer breaks (decisions.md 13) and end the process.
	 */
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

int main(int argc, char **argv)
{
	static struct coordinator co;
	bool foreground;
	int r;

	options_read(argc, argv, &co.opt, &foreground);
	log_init("spoold", co.opt.debug);
	if (!foreground)
		background_start();
	block_signals();
	descriptors_raise();
	r = co.opt.watch ? watch_init() : 0;
	if (r < 0)
		log_die("inotify cannot be used (%s): set watch = no to work by scanning",
			strerror(-r));
	for (int i = 0; i < STEPS; i++)
		TAILQ_INIT(&co.due[i]);
	TAILQ_INIT(&co.drops_waiting);
	co.defaults = (struct command_defaults){ co.opt.default_ttl,
						 (uint64_t)co.opt.default_memory };
	open_share(&co);
	r = start_loop(&co);
	if (r == 0)
		r = start_work(&co);
	if (r < 0)
		log_die("cannot start: %s", strerror(-r));
	announce(&co, foreground);
	sd_event_loop(co.event);
	end_work(&co);
	return co.exit_code;
}
