/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_places - folders and tickets: does every job have exactly one place, and every ticket its
 * folder?
 *
 * Lists the inboxes before the places, the places in the order of a job's way (see jobs.c); opens
 * neither tickets nor folders. What moves meanwhile may look wrong once: cmd_check looks again.
 */
#include "check.h"

#include "cleanup.h"
#include "clock.h"
#include "escape.h"
#include "human.h"
#include "inboxes.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define TMP_AGE 3600 /* s; a temporary lives for moments */

#define REMEDY_FOREIGN "it is none of the spool's: move it to where it belongs"
#define REMEDY_TMP                                                                                \
	"left by a program that was killed: spoold removes it by age; if spoold runs, remove it " \
	"by hand"
#define REMEDY_WAIT                                                                              \
	"spoold settles this at its next scan; if it runs, wait a minute and check again, else " \
	"start it"

struct listing {
	struct check *c;
	enum spool_place place;
	int fd;		   /* the folder that is listed */
	const char *where; /* its name for people */
};

/* A temporary: fine while it is young. */
static void look_at_tmp(const struct listing *l, const char *name)
{
	_cleanup_free_ char *shown = escape_text(name, ESCAPE_TEXT);
	struct stat st;

	if (fstatat(l->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	/* A folder's mtime is that of its last new entry, so a long copy keeps it young. */
	if (clock_wall_ms() / 1000 - st.st_mtime > TMP_AGE &&
	    clock_wall_ms() / 1000 - st.st_ctime > TMP_AGE)
		check_note(l->c, REMEDY_TMP, "spool/%s/%s: a temporary that is older than an hour",
			   l->where, shown);
}

static void add_folder(struct check *c, const struct spool_job_name *parsed, enum spool_place place,
		       const char *name)
{
	if (c->count == c->room) {
		c->room = c->room ? 2 * c->room : 64;
		c->folders = xrealloc(c->folders, c->room, sizeof(*c->folders));
	}
	c->folders[c->count++] = (struct check_folder){
		.id = parsed->id,
		.attempt = parsed->attempt,
		.place = place,
		.name = xstrdup(name),
	};
	c->places[place]++;
}

/* The number of an attempt is in the name exactly where the protocol puts it. */
static bool name_fits(const struct spool_job_name *parsed, enum spool_place place)
{
	if (place == SPOOL_QUEUED)
		return true;
	return (place == SPOOL_ACTIVE || place == SPOOL_LOST) == (parsed->attempt > 0);
}

static int look_at_entry(const char *name, unsigned char type, void *arg)
{
	_cleanup_free_ char *shown = escape_text(name, ESCAPE_TEXT);
	const struct listing *l = arg;
	struct spool_job_name parsed;

	if (spool_is_litter(name) || spool_is_readme(name))
		return 0;
	if (spool_is_tmp(name))
		look_at_tmp(l, name);
	else if (spool_parse_job_folder(name, &parsed) < 0 || !name_fits(&parsed, l->place))
		check_note(l->c, REMEDY_FOREIGN, "spool/%s/%s: not the name of a job's folder here",
			   l->where, shown);
	else if (type != DT_DIR && type != DT_UNKNOWN)
		check_note(l->c, REMEDY_FOREIGN, "spool/%s/%s: not a folder", l->where, shown);
	else
		add_folder(l->c, &parsed, l->place, name);
	return 0;
}

static int look_for_tmp(const char *name, unsigned char type, void *arg)
{
	(void)type;
	if (spool_is_tmp(name))
		look_at_tmp(arg, name);
	return 0;
}

static int look_at_order(const char *name, unsigned char type, void *arg)
{
	_cleanup_free_ char *shown = NULL;
	const struct listing *l = arg;
	struct spool_ticket_name parsed;

	(void)type;
	if (spool_is_tmp(name))
		look_at_tmp(l, name);
	if (spool_is_tmp(name) || spool_is_litter(name) || spool_is_readme(name) ||
	    spool_parse_ticket_name(name, &parsed) == 0)
		return 0;
	shown = escape_text(name, ESCAPE_TEXT);
	check_note(l->c, REMEDY_FOREIGN, "spool/%s/%s: neither a ticket nor an order", l->where,
		   shown);
	return 0;
}

static int list_place(struct check *c, enum spool_place place,
		      int (*each)(const char *name, unsigned char type, void *arg))
{
	struct listing l = {
		.c = c,
		.place = place,
		.fd = spool_place(c->sp, place),
		.where = spool_place_name(place),
	};

	return spool_list(c->sp, place, each, &l);
}

static void list_inboxes(struct check *c, const struct inboxes *in)
{
	for (size_t i = 0; i < in->runner_count; i++) {
		_cleanup_close_ int fd = spool_open_inbox(c->sp, in->runners[i], false);
		_cleanup_free_ char *where = xasprintf("%s/%s", spool_place_name(SPOOL_CLAIMS),
						       in->runners[i]);
		struct listing l = { .c = c, .place = SPOOL_CLAIMS, .fd = fd, .where = where };

		if (fd >= 0)
			safefs_list(fd, ".", look_at_order, &l);
	}
}

static int compare(const void *a, const void *b)
{
	const struct check_folder *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	if (x->place != y->place)
		return (int)x->place - (int)y->place;
	return strcmp(x->name, y->name);
}

/* Counts the jobs and finds those with two folders. */
static void look_for_doubles(struct check *c)
{
	struct check_folder *last = NULL;

	for (size_t i = 0; i < c->count; i++) {
		struct check_folder *f = &c->folders[i];

		if (f->place == SPOOL_LOST)
			continue;
		if (!last || last->id != f->id) {
			c->jobs++;
		} else {
			f->doubled = last->doubled = true;
			check_note(c,
				   "find out which of them is right (spoolctl show), and move the "
				   "other out of the spool",
				   "job %" PRIu64
				   ": it is in two places: spool/%s/%s and spool/%s/%s",
				   f->id, spool_place_name(last->place), last->name,
				   spool_place_name(f->place), f->name);
		}
		last = f;
	}
}

/* -- tickets against folders --------------------------------------------------------------------- */

/* A kind that holds an attempt: its folder must be in active/. */
static bool holds(enum spool_ticket_kind kind)
{
	return kind == SPOOL_TICKET_OFFER || kind == SPOOL_TICKET_CLAIM;
}

static bool has_kind(const struct inboxes *in, const struct inboxes_ticket *t,
		     enum spool_ticket_kind kind)
{
	for (const struct inboxes_ticket *o = t; o < in->tickets + in->count && o->id == t->id;
	     o++) {
		if (o->attempt == t->attempt && o->kind == kind)
			return true;
	}
	for (const struct inboxes_ticket *o = t; o >= in->tickets && o->id == t->id; o--) {
		if (o->attempt == t->attempt && o->kind == kind)
			return true;
	}
	return false;
}

/* A claim may outlive its folder: revoked, or ended because the owner removed the folder. */
static bool is_explained(const struct check *c, const struct inboxes *in,
			 const struct inboxes_ticket *t)
{
	if (check_find(c, t->id, t->attempt, SPOOL_ACTIVE))
		return true;
	return t->kind == SPOOL_TICKET_CLAIM &&
	       (check_find(c, t->id, t->attempt, SPOOL_LOST) ||
		has_kind(in, t, SPOOL_ORDER_CANCEL) || has_kind(in, t, SPOOL_ORDER_REVOKED));
}

static void look_at_tickets(struct check *c, const struct inboxes *in)
{
	const struct inboxes_ticket *last = NULL;

	for (size_t i = 0; i < in->count; i++) {
		const struct inboxes_ticket *t = &in->tickets[i];

		if (!holds(t->kind))
			continue;
		if (last && last->id == t->id && last->attempt == t->attempt)
			check_note(c, REMEDY_WAIT,
				   "job %" PRIu64 ": attempt %u has two tickets, at %s and at %s",
				   t->id, t->attempt, last->runner, t->runner);
		last = t;
		if (!is_explained(c, in, t))
			check_note(c, REMEDY_WAIT,
				   "job %" PRIu64
				   ": %s has a ticket for attempt %u, but its folder is not "
				   "in spool/active",
				   t->id, t->runner, t->attempt);
	}
}

static void look_at_active(struct check *c, const struct inboxes *in)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct check_folder *f = &c->folders[i];

		if (f->place == SPOOL_ACTIVE && !f->doubled && !inboxes_find(in, f->id, f->attempt))
			check_note(c,
				   "if spoold runs, it queues the job again after a lease (a "
				   "minute); else start it",
				   "job %" PRIu64 ": spool/active/%s has no ticket at any runner",
				   f->id, f->name);
	}
}

/* Ids come from spool/next: one beyond it would be given again. The file is replaced, and who reads
 * such a file on NFS 4 may keep the coordinator waiting for him; but it is replaced once in many
 * jobs, and check is not a command of every day. */
static void look_at_next(struct check *c)
{
	_cleanup_close_ int fd = safefs_open_dir(c->sp->root_fd, "spool");
	uint64_t highest = c->count ? c->folders[c->count - 1].id : 0;
	_cleanup_free_ char *text = NULL;
	int64_t next = 0;
	size_t len;
	int r = fd < 0 ? fd : safefs_read(fd, SPOOL_NEXT, 64, &text, &len, NULL);

	if (r == -ENOENT && !highest)
		return;
	if (r == 0) {
		text[strcspn(text, "\n")] = '\0';
		r = human_parse_int(text, 1, INT64_MAX, &next);
	}
	if (r < 0 || (uint64_t)next <= highest)
		check_note(c,
			   "stop spoold, write the highest number plus one into the file, start "
			   "spoold",
			   "spool/next: expected a number above %" PRIu64 ", the highest job's",
			   highest);
}

int check_places(struct check *c)
{
	static const enum spool_place jobs[] = { SPOOL_QUEUED, SPOOL_ACTIVE, SPOOL_DONE,
						 SPOOL_FAILED, SPOOL_LOST };
	static const enum spool_place others[] = { SPOOL_INCOMING, SPOOL_CLAIMS,  SPOOL_RUNNERS,
						   SPOOL_REQUESTS, SPOOL_REPLIES, SPOOL_EVENTS,
						   SPOOL_STATUS };
	struct inboxes in;
	int r = inboxes_read(c->sp, &in);

	for (size_t i = 0; r == 0 && i < sizeof(jobs) / sizeof(jobs[0]); i++)
		r = list_place(c, jobs[i], look_at_entry);
	for (size_t i = 0; r == 0 && i < sizeof(others) / sizeof(others[0]); i++)
		r = list_place(c, others[i], look_for_tmp);
	if (r == 0) {
		if (c->count > 1)
			qsort(c->folders, c->count, sizeof(*c->folders), compare);
		list_inboxes(c, &in);
		look_for_doubles(c);
		look_at_tickets(c, &in);
		look_at_active(c, &in);
		look_at_next(c);
	}
	inboxes_free(&in);
	return r;
}
