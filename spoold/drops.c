/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * drops - what lies in the drop boxes, and whether it is complete.
 *
 * A drop is complete at once if it came by one rename or holds .ready; otherwise when two looks a
 * settle time apart were equal, nobody has a file of it open for writing, and no name looks like a
 * copy in progress. Where the share is mounted from a server that cannot be asked who writes, it
 * has to stand still for longer: an NFS client may keep what is written for half a minute. Then it
 * becomes a job, due for WRAP (a single file) or ADMIT (a folder). Memory only: after a crash every
 * drop starts its settle time anew.
 */
#include "drops.h"

#include "boxes.h"
#include "cleanup.h"
#include "clock.h"
#include "digest.h"
#include "escape.h"
#include "human.h"
#include "ids.h"
#include "jobs.h"
#include "log.h"
#include "places.h"
#include "refused.h"
#include "tree.h"
#include "xalloc.h"

#include <fcntl.h>
#include <string.h>

enum verdict { COMPLETE_FILE, COMPLETE_FOLDER, INCOMPLETE, STILL, CHANGING, ANSWERED, GONE };

static void arm_timer(struct coordinator *co);
static enum verdict look(struct coordinator *co, struct drop *drop);

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

void drops_forget(struct coordinator *co, struct drop *drop)
{
	if (!drop->taken)
		TAILQ_REMOVE(&co->drops_waiting, drop, link);
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
	(void)look(co, drop);
	wait_until(co, drop, clock_boot_ms() + co->opt.settle);
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
	else if (!drop->taken)
		TAILQ_REMOVE(&co->drops_waiting, drop, link);
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
	if (drop)
		TAILQ_REMOVE(&co->drops_waiting, drop, link);
	else
		drop = add_drop(co, box, name);
	drop->seen_in_scan = co->scan_number;
	arrived = whole && !drop->returned;
	drop->whole = drop->whole || arrived;
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

/* Of what is not, or cannot be, opened. */
static void fingerprint_name(const struct stat *st, char *fingerprint)
{
	char text[128];

	snprintf(text, sizeof(text), "%lld %lld.%ld %lld.%ld %llu", (long long)st->st_size,
		 (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec, (long long)st->st_ctim.tv_sec,
		 st->st_ctim.tv_nsec, (unsigned long long)st->st_ino);
	digest_buffer(text, strlen(text), fingerprint);
}

/* It has stood still for a settle time: is it complete, as far as anybody can tell? */
static enum verdict judge_writers(const struct coordinator *co, struct drop *drop, int writers,
				  const char *open, enum verdict complete)
{
	if (writers < 0)
		return CHANGING;
	if (writers == SAFEFS_WRITER) {
		set_lacks(drop, open);
		return INCOMPLETE;
	}
	if (writers == SAFEFS_WRITER_UNKNOWN && co->sp.kind != SAFEFS_LOCAL &&
	    clock_boot_ms() - drop->still_since < co->opt.settle_polled)
		return STILL;
	return complete;
}

/* still: this look was equal to the one a settle time before. Whatever ADMIT will complain about
 * has to stand still too, lest a copy be rejected in its middle. */
static enum verdict judge_folder(const struct coordinator *co, struct drop *drop, int fd,
				 const struct tree *tree, const char *fingerprint, bool still)
{
	const char *lacks = tree->count == 0 ? "it is empty"
			    : tree->partial  ? "a name in it is that of a copy in progress"
					     : NULL;

	if (tree->count == 0)
		drop->whole = false; /* what is put into it later does not come by one rename */
	if (*drop->lacking && strcmp(fingerprint, drop->lacking) == 0)
		return INCOMPLETE;
	if (tree->ready || drop->whole)
		return COMPLETE_FOLDER;
	if (!lacks && co->opt.ready_needed)
		lacks = "it has no file .ready";
	if (lacks || !*drop->lacking)
		set_lacks(drop, lacks);
	if (!still || lacks)
		return INCOMPLETE;
	return judge_writers(co, drop, tree_writers(fd, tree), "a file in it is open for writing",
			     COMPLETE_FOLDER);
}

static enum verdict look_at_folder(const struct coordinator *co, struct drop *drop,
				   const struct stat *st, char *fingerprint)
{
	_cleanup_close_ int fd = safefs_open_dir(drop->box->fd, drop->name);
	struct tree tree = { 0 };
	enum verdict verdict;
	int r;

	if (fd == -EACCES) {
		fingerprint_name(st, fingerprint);
		return strcmp(fingerprint, drop->fingerprint) == 0 ? COMPLETE_FOLDER : INCOMPLETE;
	}
	if (fd < 0)
		return fd == -ENOENT ? GONE : CHANGING;
	r = tree_look_part(fd, &tree);
	if (r < 0)
		return CHANGING;
	tree_fingerprint(&tree, fingerprint);
	verdict = judge_folder(co, drop, fd, &tree, fingerprint,
			       strcmp(fingerprint, drop->fingerprint) == 0);
	tree_free(&tree);
	return verdict;
}

static enum verdict look_at_file(const struct coordinator *co, struct drop *drop,
				 const struct stat *st, char *fingerprint)
{
	fingerprint_name(st, fingerprint);
	if (drop->whole)
		return COMPLETE_FILE;
	set_lacks(drop, spool_is_partial(drop->name) ? "its name is that of a copy in progress"
			: co->opt.ready_needed	     ? "it has not come by one rename"
						     : NULL);
	if (strcmp(fingerprint, drop->fingerprint) != 0 || drop->lacks)
		return INCOMPLETE;
	return judge_writers(co, drop, tree_file_writers(drop->box->fd, drop->name),
			     "it is open for writing", COMPLETE_FILE);
}

/* Looks are a settle time apart; the fingerprint of this one is kept for the next. */
static enum verdict look(struct coordinator *co, struct drop *drop)
{
	char fingerprint[DIGEST_HEX_SIZE] = "";
	enum verdict verdict;
	struct stat st;
	int r = safefs_look(drop->box->fd, drop->name, &st);

	if (r < 0)
		return r == -ENOENT ? GONE : CHANGING;
	if (refused_before(co, drop->box, drop->name))
		return ANSWERED;
	if (S_ISDIR(st.st_mode))
		verdict = look_at_folder(co, drop, &st, fingerprint);
	else if (S_ISREG(st.st_mode))
		verdict = look_at_file(co, drop, &st, fingerprint);
	else
		verdict = COMPLETE_FILE; /* a link, a fifo: never a job, and complete at once */
	if (strcmp(fingerprint, drop->fingerprint) != 0)
		drop->still_since = clock_boot_ms();
	snprintf(drop->fingerprint, sizeof(drop->fingerprint), "%s", fingerprint);
	return verdict;
}

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
static bool patience_is_over(struct coordinator *co, struct drop *drop)
{
	_cleanup_free_ char *shown = NULL;
	char waited[HUMAN_SIZE];

	if (clock_boot_ms() - drop->first_seen < co->opt.incoming_patience)
		return false;
	if (!drop->told) {
		shown = escape_text(drop->name, ESCAPE_TEXT);
		log_warn("incoming: \"%s\" has been incomplete for %s: %s", shown,
			 human_time(co->opt.incoming_patience, waited),
			 drop->lacks ? drop->lacks : "it goes on changing");
		drop->told = true;
	}
	int fd = safefs_open_dir(drop->box->fd, drop->name);
	struct complaint c = { 0 };
	struct tree tree = { 0 };
	bool empty = fd >= 0 && tree_look_fresh(fd, &tree, &c) == 0 && tree.count == 0;

	complaint_free(&c);
	tree_free(&tree);
	if (fd >= 0)
		close(fd);
	return empty;
}

static void look_and_decide(struct coordinator *co, struct drop *drop)
{
	enum verdict verdict = look(co, drop);

	drop->numberless = false;
	TAILQ_REMOVE(&co->drops_waiting, drop, link);
	if (verdict == INCOMPLETE && patience_is_over(co, drop))
		verdict = COMPLETE_FOLDER;
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
		/* What has been incomplete for long is looked at with the scan, not every settle
		 * time. */
		wait_until(co, drop,
			   clock_boot_ms() + (drop->told ? co->opt.scan : co->opt.settle));
		return;
	}
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
	while (most-- > 0 && (drop = TAILQ_FIRST(&co->drops_waiting)) && drop->due <= now)
		look_and_decide(co, drop);
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
