/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * drops - what lies in the drop boxes, and whether it is complete.
 *
 * A drop is complete at once if it came by one rename or holds .ready; otherwise when two looks a
 * settle time apart were equal, nobody has a file of it open for writing, and no name looks like a
 * copy in progress. Where the share is mounted from a server that cannot be asked who writes, it
 * has to stand still for longer: an NFS client may keep what is written for half a minute. There a
 * look is made in a lane, because each name costs a round trip, and one that stands still without
 * being complete is looked at ever more rarely. Then it becomes a job, due for WRAP (a single file)
 * or ADMIT (a folder). Memory only: after a crash every drop starts its settle time anew.
 */
#include "drops.h"

#include "boxes.h"
#include "cleanup.h"
#include "clock.h"
#include "escape.h"
#include "human.h"
#include "ids.h"
#include "jobs.h"
#include "log.h"
#include "looks.h"
#include "places.h"
#include "refused.h"
#include "worker.h"
#include "xalloc.h"

#include <fcntl.h>
#include <string.h>

#define PAUSE_MOST_MS 60000

static void arm_timer(struct coordinator *co);
static void look(struct coordinator *co, struct drop *drop, bool first);

/* -- the table of drops -------------------------------------------------------------------------- */

static struct drop *find_drop(struct coordinator *co, const struct box *box, const char *name)
{
	_cleanup_free_ char *key = xasprintf("%s/%s", box->app, name);
	struct drop *drop;

	HASH_FIND_STR(co->drops, key, drop);
	return drop;
}

/* In order of due times; nearly always at the end. */
static void wait_until(struct coordinator *co, struct drop *drop, int64_t due)
{
	struct drop *before = TAILQ_LAST(&co->drops_waiting, droplist);

	drop->due = due;
	while (before && before->due > due)
		before = TAILQ_PREV(before, droplist, link);
	if (before)
		TAILQ_INSERT_AFTER(&co->drops_waiting, before, drop, link);
	else
		TAILQ_INSERT_HEAD(&co->drops_waiting, drop, link);
	arm_timer(co);
}

static struct drop *add_drop(struct coordinator *co, struct box *box, const char *name)
{
	struct drop *drop = xcalloc(1, sizeof(*drop));

	drop->key = xasprintf("%s/%s", box->app, name);
	drop->box = box;
	drop->name = xstrdup(name);
	drop->first_seen = clock_boot_ms();
	HASH_ADD_KEYPTR(hh, co->drops, drop->key, strlen(drop->key), drop);
	return drop;
}

/* Out of drops_waiting; what is found by a look that is under way is nobody's any more. */
static void leave_line(struct coordinator *co, struct drop *drop)
{
	if (drop->look)
		drop->look->drop = NULL;
	else if (!drop->taken)
		TAILQ_REMOVE(&co->drops_waiting, drop, link);
	drop->look = NULL;
}

void drops_forget(struct coordinator *co, struct drop *drop)
{
	leave_line(co, drop);
	HASH_DEL(co->drops, drop);
	free(drop->key);
	free(drop->name);
	free(drop->lacks);
	free(drop);
}

static void set_lacks(struct drop *drop, const char *lacks)
{
	if (drop->lacks && lacks && strcmp(drop->lacks, lacks) == 0)
		return;
	free(drop->lacks);
	drop->lacks = lacks ? xstrdup(lacks) : NULL;
}

/* Never at once, even with .ready: what failed might fail again for long (a full disk). */
void drops_wait_on(struct coordinator *co, struct drop *drop)
{
	drop->taken = false;
	drop->whole = false;
	drop->fingerprint[0] = '\0';
	look(co, drop, true);
}

void drops_wait_for_inputs(struct coordinator *co, struct drop *drop, const char *lacks)
{
	memcpy(drop->lacking, drop->fingerprint, sizeof(drop->lacking));
	drops_wait_on(co, drop);
	set_lacks(drop, lacks);
}

struct drop *drops_expect_return(struct coordinator *co, struct box *box, const char *name)
{
	struct drop *drop = find_drop(co, box, name);

	if (!drop)
		drop = add_drop(co, box, name);
	else
		leave_line(co, drop);
	drop->taken = true;
	drop->returned = true;
	return drop;
}

void drops_returned(struct coordinator *co, struct drop *drop)
{
	drop->taken = false;
	wait_until(co, drop, clock_boot_ms());
}

static bool is_no_drop(const struct box *box, const char *name)
{
	return spool_is_litter(name) || spool_is_tmp(name) || spool_is_readme(name) ||
	       (!*box->app && name[0] == '@');
}

/* What happens within a folder brings no news; the scan looks for .ready, so that a long settle
 * time need not pass. */
static bool is_ready(const struct drop *drop)
{
	_cleanup_close_ int fd = openat(drop->box->fd, drop->name,
					O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	return fd >= 0 && fstatat(fd, SPOOL_READY, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void seen(struct coordinator *co, struct box *box, const char *name, bool whole)
{
	int64_t now = clock_boot_ms(), due;
	struct drop *drop;
	bool arrived;

	if (is_no_drop(box, name))
		return;
	drop = find_drop(co, box, name);
	if (drop && drop->taken)
		return;
	if (!drop)
		drop = add_drop(co, box, name);
	else if (!drop->look)
		TAILQ_REMOVE(&co->drops_waiting, drop, link);
	drop->seen_in_scan = co->scan_number;
	arrived = whole && !drop->returned;
	drop->whole = drop->whole || arrived;
	drop->news = drop->news || arrived;
	if (drop->look)
		return;
	/* The settle time is counted from the first look, by which a small copy has come to its
	 * end. */
	due = drop->due ? drop->due : now + co->opt.settle / 10;
	/* Later news must not bring looks closer together than that. */
	if (arrived || (due > now && is_ready(drop)))
		due = now;
	wait_until(co, drop, due);
}

void drops_news(struct coordinator *co, const char *app, const char *name, bool whole)
{
	struct box *box = boxes_find(co, app);

	if (!*app && name[0] == '@')
		boxes_news(co, name);
	if (box)
		seen(co, box, name, whole);
}

/* -- looking ------------------------------------------------------------------------------------- */

static void make_job(struct coordinator *co, struct drop *drop, enum step step)
{
	char reduced[SPOOL_NAME_SIZE];
	_cleanup_free_ char *name = NULL;
	const char *nonce;
	struct job *job;
	uint64_t id;
	size_t len;
	int r = ids_take(co, &id);

	drop->numberless = r == IDS_LATER;
	if (r != 0) {
		if (r < 0)
			log_trouble("ids",
				    "spool/next cannot be written (%s): nothing can be admitted",
				    strerror(-r));
		wait_until(co, drop, clock_boot_ms() + co->opt.scan);
		return;
	}
	log_mended("ids");
	nonce = spool_drop_nonce(drop->name, &len);
	name = xstrndup(drop->name, len);
	job = jobs_new(co, id, spool_reduce_name(name, reduced));
	job->nonce = nonce ? xstrdup(nonce) : NULL;
	job->drop = drop;
	job->put_back_mode = drop->put_back_mode;
	drop->taken = true;
	jobs_moved(job, SPOOL_INCOMING, drop->name);
	jobs_due(job, step);
}

void drops_numbers_came(struct coordinator *co)
{
	struct droplist late = TAILQ_HEAD_INITIALIZER(late);
	struct drop *drop, *next;

	for (drop = TAILQ_FIRST(&co->drops_waiting); drop; drop = next) {
		next = TAILQ_NEXT(drop, link);
		if (!drop->numberless)
			continue;
		TAILQ_REMOVE(&co->drops_waiting, drop, link);
		TAILQ_INSERT_TAIL(&late, drop, link);
	}
	while ((drop = TAILQ_FIRST(&late))) {
		TAILQ_REMOVE(&late, drop, link);
		drop->numberless = false;
		wait_until(co, drop, clock_boot_ms());
	}
}

/* An empty or unfinished drop that has waited long: an empty folder is answered, the others are
 * only reported. */
static void tell_patience(const struct coordinator *co, struct drop *drop)
{
	_cleanup_free_ char *shown = NULL;
	char waited[HUMAN_SIZE];

	if (drop->told)
		return;
	shown = escape_text(drop->name, ESCAPE_TEXT);
	log_warn("incoming: \"%s\" has been incomplete for %s: %s", shown,
		 human_time(co->opt.incoming_patience, waited),
		 drop->lacks ? drop->lacks : "it goes on changing");
	drop->told = true;
}

static bool patience_is_over(const struct coordinator *co, const struct drop *drop)
{
	return clock_boot_ms() - drop->first_seen >= co->opt.incoming_patience;
}

/* What has been incomplete for long is looked at with the scan, not every settle time; and ever
 * more rarely while it stands still, if each look costs the server something. */
static int64_t pause_after(const struct coordinator *co, struct drop *drop, bool same)
{
	int64_t least = drop->told ? co->opt.scan : co->opt.settle;
	int64_t pause = same && co->sp.kind != SAFEFS_LOCAL ? 2 * drop->pause : 0;

	if (pause > PAUSE_MOST_MS)
		pause = PAUSE_MOST_MS;
	drop->pause = pause > least ? pause : least;
	return drop->pause;
}

static void decide(struct coordinator *co, struct drop *drop, enum verdict verdict, bool same)
{
	switch (verdict) {
	case COMPLETE_FILE:
		make_job(co, drop, STEP_WRAP);
		return;
	case COMPLETE_FOLDER:
		make_job(co, drop, STEP_ADMIT);
		return;
	case GONE:
		drop->taken = true; /* in no list any more */
		drops_forget(co, drop);
		return;
	case STILL: /* .ready ends this early: the scan looks for it */
		wait_until(co, drop, drop->still_since + co->opt.settle_polled);
		return;
	case ANSWERED:
		drop->told = true;
		/* fall through */
	case INCOMPLETE:
	case CHANGING:
		wait_until(co, drop, clock_boot_ms() + pause_after(co, drop, same));
		return;
	}
}

/* The fingerprint of this look is kept for the next. */
static void looked(struct look *look)
{
	struct coordinator *co = look->co;
	struct drop *drop = look->drop;
	enum verdict verdict = look->verdict;
	bool same = strcmp(look->fingerprint, drop->fingerprint) == 0;

	drop->look = NULL;
	if (co->stopping) {
		drop->taken = true; /* in no list any more */
		return;
	}
	if (!same)
		drop->still_since = clock_boot_ms();
	memcpy(drop->fingerprint, look->fingerprint, sizeof(drop->fingerprint));
	if (look->tells)
		set_lacks(drop, look->lacks);
	if (look->empty && !drop->news)
		drop->whole = false;
	if (look->first) {
		wait_until(co, drop, clock_boot_ms() + co->opt.settle);
	} else if (drop->news && verdict != COMPLETE_FILE && verdict != COMPLETE_FOLDER) {
		wait_until(co, drop, clock_boot_ms()); /* it has come while we looked */
	} else {
		if (verdict == INCOMPLETE && patience_is_over(co, drop)) {
			tell_patience(co, drop);
			verdict = look->empty ? COMPLETE_FOLDER : INCOMPLETE;
		}
		decide(co, drop, verdict, same);
	}
}

static int run_look(void *arg)
{
	looks_run(arg);
	return 0;
}

static void look_ended(void *arg, int result)
{
	struct look *look = arg;

	(void)result;
	if (look->drop)
		looked(look);
	looks_free(look);
}

/* The drop is in no list. Looks are a settle time apart; where each name costs a round trip they
 * are made in a lane of their own. first: there is none to compare this one with. */
static void look(struct coordinator *co, struct drop *drop, bool first)
{
	struct look *new;

	drop->numberless = drop->news = false;
	if (co->stopping) {
		drop->taken = true; /* in no list any more */
		return;
	}
	if (!first && refused_before(co, drop->box, drop->name)) {
		decide(co, drop, ANSWERED, true);
		return;
	}
	new = looks_new(co, drop);
	new->first = first;
	drop->look = new;
	if (new->local)
		look_ended(new, run_look(new));
	else
		worker_submit(co->look_lane, run_look, look_ended, new);
}

/* -- time ---------------------------------------------------------------------------------------- */

static int on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	struct coordinator *co = arg;
	int64_t now = clock_boot_ms();
	int most = 256;
	struct drop *drop;

	(void)source;
	(void)usec;
	while (most-- > 0 && (drop = TAILQ_FIRST(&co->drops_waiting)) && drop->due <= now) {
		TAILQ_REMOVE(&co->drops_waiting, drop, link);
		look(co, drop, false);
	}
	arm_timer(co);
	return 0;
}

static void arm_timer(struct coordinator *co)
{
	struct drop *first = TAILQ_FIRST(&co->drops_waiting);

	if (!co->drops_timer &&
	    sd_event_add_time(co->event, &co->drops_timer, CLOCK_BOOTTIME, 0, 1, on_timer, co) < 0)
		log_die("the event loop takes no timer");
	if (first)
		sd_event_source_set_time(co->drops_timer, (uint64_t)first->due * 1000);
	sd_event_source_set_enabled(co->drops_timer, first ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

struct listing {
	struct coordinator *co;
	struct box *box;
};

static int seen_in_listing(const char *name, unsigned char type, void *arg)
{
	struct listing *l = arg;

	(void)type;
	seen(l->co, l->box, name, false);
	return 0;
}

/* A box may be removed, and made anew, at any time: then it is another folder. */
static int list_box(struct coordinator *co, struct box *box)
{
	const char *incoming = spool_place_name(SPOOL_INCOMING);
	_cleanup_free_ char *path = *box->app ? xasprintf("%s/@%s", incoming, box->app)
					      : xstrdup(incoming);
	_cleanup_close_ int fd = safefs_open_dir(co->sp.fd, path);
	struct listing l = { co, box };

	if (fd < 0)
		return fd;
	(void)places_follow(box->fd, fd);
	return safefs_list(fd, ".", seen_in_listing, &l);
}

int drops_scan(struct coordinator *co)
{
	int r = boxes_open(co);

	for (struct box *box = co->boxes; r == 0 && box; box = box->hh.next) {
		int failed = list_box(co, box);

		/* One box that cannot be read must not keep the scan from all the rest. */
		if (!*box->app)
			r = failed;
		else if (failed < 0 && failed != -ENOENT)
			log_trouble("box", "the drop box incoming/@%s cannot be read: %s", box->app,
				    strerror(-failed));
	}
	return r;
}

void drops_free(struct coordinator *co)
{
	struct drop *drop, *next_drop;

	HASH_ITER(hh, co->drops, drop, next_drop)
		drops_forget(co, drop);
	boxes_free(co);
	sd_event_source_unref(co->drops_timer);
}
