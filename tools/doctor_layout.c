/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor_layout - are the folders of the share there, and may only those write who should?
 *
 * What matters most: whoever can put a ticket into claims/ can run programs on every machine as the
 * runner's account. Modes and owners are looked at, nothing is tried and nothing is changed. The
 * owner of spool/ is taken for the account of spoold. On an SMB mount both are the mount's
 * invention and say nothing of what the server allows.
 */
#include "doctor.h"

#include "cleanup.h"
#include "escape.h"
#include "xalloc.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#define NOBODY 65534
#define PROGRAMS_MOST 1000 /* entries of apps/ that are looked at */
#define DEPTH_MOST 4

enum writers {
	WRITERS_FEW,   /* not everybody: forged tickets, programs or records otherwise */
	WRITERS_BOX,   /* whoever hands in jobs, each his own: sticky */
	WRITERS_SHELF, /* not everybody, or each his own at least */
	WRITERS_QUIET, /* not everybody: confusion otherwise */
};

struct folder {
	const char *name;
	const char *topic;
	enum writers writers;
	const char *danger; /* what others could do */
};

static const struct folder top = { "spool", "layout.top", WRITERS_FEW,
				   "whoever replaces a folder in it commands all runners" };
static const struct folder apps = { "apps", "layout.apps", WRITERS_FEW,
				    "programs in it run on all machines" };
static const struct folder inbox = { "claims", "layout.claims", WRITERS_FEW,
				     "a ticket in it is an order to run a program" };

static const struct folder places[SPOOL_PLACES] = {
	[SPOOL_INCOMING] = { "incoming", "layout.incoming", WRITERS_BOX,
			     "people can change and remove the drops of others" },
	[SPOOL_QUEUED] = { "queued", "layout.queued", WRITERS_QUIET,
			   "people can move and remove the jobs of others" },
	[SPOOL_ACTIVE] = { "active", "layout.active", WRITERS_QUIET,
			   "people can move and remove the jobs of others" },
	[SPOOL_DONE] = { "done", "layout.done", WRITERS_SHELF,
			 "people can remove the results of others" },
	[SPOOL_FAILED] = { "failed", "layout.failed", WRITERS_SHELF,
			   "people can remove the results of others" },
	[SPOOL_LOST] = { "lost", "layout.lost", WRITERS_QUIET, "people can change evidence" },
	[SPOOL_CLAIMS] = { "claims", "layout.claims", WRITERS_FEW,
			   "a ticket in it is an order to run a program" },
	[SPOOL_RUNNERS] = { "runners", "layout.runners", WRITERS_FEW,
			    "a forged heartbeat draws jobs to a machine, or from it" },
	[SPOOL_REQUESTS] = { "requests", "layout.requests", WRITERS_BOX,
			     "people can remove the requests of others" },
	[SPOOL_REPLIES] = { "replies", "layout.replies", WRITERS_QUIET,
			    "people can forge answers" },
	[SPOOL_EVENTS] = { "events", "layout.events", WRITERS_QUIET,
			   "people can change the log of what was done" },
	[SPOOL_STATUS] = { "status", "layout.status", WRITERS_QUIET,
			   "people can forge what is shown of the jobs" },
};

struct look {
	struct doctor *d;
	struct stat top; /* spool/; its owner is taken for the account of spoold */
	gid_t own_group; /* the primary group of that account, or that of spool/ */
	gid_t people;	 /* the group that hands in jobs */
	bool has_people; /* there is one, and it is not a group of the owner's own */
	size_t told;	 /* findings that are not fine */
	size_t missing;
	size_t programs; /* in apps/ that have been looked at */
	char *barred;	 /* a remedy for all that spoold cannot use; heap, or NULL */
	char *barred_names;
	char *foreign; /* the same for all that belongs to somebody else */
	char *foreign_names;
};

/* -- one folder ---------------------------------------------------------------------------------- */

/* Do others than the owner, and who shares a group with nobody else, write by way of the group? */
static bool group_is_foreign(const struct look *l, gid_t gid)
{
	return gid != l->own_group || (l->has_people && gid == l->people);
}

static bool group_counts(const struct look *l, const struct stat *st)
{
	return st->st_mode & S_IWGRP && group_is_foreign(l, st->st_gid);
}

/* Programs are put there by administrators, who may be a group; not those who hand in jobs. */
static enum doctor_level level_of(const struct look *l, const struct folder *f,
				  const struct stat *st)
{
	if (f->writers != WRITERS_FEW)
		return DOCTOR_ADVICE;
	if (st->st_mode & S_IWOTH || f != &apps || (l->has_people && st->st_gid == l->people))
		return DOCTOR_UNSAFE;
	return DOCTOR_ADVICE;
}

static void judge_box(struct look *l, const struct folder *f, const char *path,
		      const struct stat *st)
{
	_cleanup_free_ char *shown = escape_text(path, ESCAPE_TEXT),
			    *stick = doctor_command(l->d, NULL, "chmod +t", path);

	if (!(st->st_mode & (S_IWOTH | S_IWGRP)) || st->st_mode & S_ISVTX)
		return;
	doctor_note(l->d, DOCTOR_ADVICE, f->topic, stick,
		    "several may write into %s/ (mode %04o), and it is not sticky: %s", shown,
		    st->st_mode & 07777U, f->danger);
	l->told++;
}

/* path is a folder; or, in apps/, a file. */
static void judge_mode(struct look *l, const struct folder *f, const char *path,
		       const struct stat *st)
{
	_cleanup_free_ char *shown = escape_text(path, ESCAPE_TEXT), *words = NULL, *close = NULL;
	bool all = st->st_mode & S_IWOTH, group = group_counts(l, st);

	if (f->writers == WRITERS_BOX) {
		judge_box(l, f, path, st);
		return;
	}
	if ((!all && !group) || (f->writers == WRITERS_SHELF && st->st_mode & S_ISVTX))
		return;
	words = xasprintf("chmod %s%s-w", group ? "g" : "", all ? "o" : "");
	close = doctor_command(l->d, NULL, words, path);
	if (all)
		doctor_note(l->d, level_of(l, f, st), f->topic, close,
			    "everybody may write into %s%s (mode %04o): %s", shown,
			    S_ISDIR(st->st_mode) ? "/" : "", st->st_mode & 07777U, f->danger);
	else
		doctor_note(l->d, level_of(l, f, st), f->topic, close,
			    "the group %u may write into %s%s (mode %04o): %s",
			    (unsigned)st->st_gid, shown, S_ISDIR(st->st_mode) ? "/" : "",
			    st->st_mode & 07777U, f->danger);
	l->told++;
}

/* May the account that owns spool/ list, enter and fill the folder? Root may everywhere. */
static bool can_use(const struct look *l, const struct folder *f, const struct stat *st)
{
	mode_t has;

	if (l->top.st_uid == 0)
		return true;
	if (st->st_uid == l->top.st_uid)
		has = st->st_mode >> 6;
	else if (st->st_gid == l->own_group)
		has = st->st_mode >> 3;
	else
		has = st->st_mode;
	/* Out of a sticky folder of somebody else it may not take what people have dropped. */
	if (st->st_uid != l->top.st_uid && f->writers == WRITERS_BOX && st->st_mode & S_ISVTX)
		return false;
	return (has & 7) == 7;
}

/* One command mends all folders of a kind. */
static void gather(struct look *l, const char *path, char **remedy, char **names)
{
	_cleanup_free_ char *words = xasprintf("chown %u", (unsigned)l->top.st_uid),
			    *shown = escape_text(path, ESCAPE_TEXT), *old = *names;

	*remedy = *remedy ? doctor_command_more(l->d, *remedy, path)
			  : doctor_command(l->d, NULL, words, path);
	*names = old ? xasprintf("%s, %s/", old, shown) : xasprintf("%s/", shown);
}

static void judge_owner(struct look *l, const struct folder *f, const char *path,
			const struct stat *st)
{
	_cleanup_free_ char *shown = escape_text(path, ESCAPE_TEXT),
			    *open = doctor_command(l->d, NULL, "chmod u+rwx", path);

	if (f == &apps)
		return;
	if (st->st_uid == l->top.st_uid && (st->st_mode & S_IRWXU) != S_IRWXU) {
		doctor_note(l->d, DOCTOR_UNSAFE, f->topic, open,
			    "%s/ is closed to its owner, user %u (mode %04o): spoold cannot work "
			    "in it",
			    shown, (unsigned)st->st_uid, st->st_mode & 07777U);
		l->told++;
	} else if (!can_use(l, f, st)) {
		gather(l, path, &l->barred, &l->barred_names);
	} else if (st->st_uid != l->top.st_uid && st->st_uid != 0 && f->writers != WRITERS_BOX) {
		gather(l, path, &l->foreign, &l->foreign_names);
	}
}

static void tell_owners(struct look *l)
{
	unsigned owner = (unsigned)l->top.st_uid;

	if (l->barred)
		doctor_note(l->d, DOCTOR_UNSAFE, "layout.owner", l->barred,
			    "spool/ belongs to user %u, and others own %s: spoold cannot work "
			    "there, unless it is run by root",
			    owner, l->barred_names);
	if (l->foreign)
		doctor_note(l->d, DOCTOR_ADVICE, "layout.owner", l->foreign,
			    "spool/ belongs to user %u, and others own %s: one account should own "
			    "all of it",
			    owner, l->foreign_names);
	l->told += (l->barred != NULL) + (l->foreign != NULL);
	free(l->barred);
	free(l->barred_names);
	free(l->foreign);
	free(l->foreign_names);
}

static void look_at(struct look *l, const struct folder *f, const char *path)
{
	_cleanup_free_ char *remedy = NULL;
	struct stat st;
	bool there = fstatat(l->d->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;

	if (there && S_ISDIR(st.st_mode)) {
		if (doctor_modes_are_made_up(l->d))
			return;
		judge_mode(l, f, path, &st);
		judge_owner(l, f, path, &st);
		return;
	}
	l->missing++;
	remedy = doctor_init_remedy(l->d, there ? "move it away, then" : NULL, l->top.st_uid);
	if (there)
		doctor_note(l->d, DOCTOR_UNSAFE, "layout.places", remedy,
			    "%s should be a folder, and is something else", path);
	else
		doctor_note(l->d, DOCTOR_UNSAFE, "layout.places", remedy,
			    "the folder %s/ is missing", path);
}

/* -- programs ------------------------------------------------------------------------------------ */

struct level {
	struct look *l;
	const char *path;
	int depth;
};

/* Each folder and file, down to where a platform's programs are. */
static int look_at_program(const char *name, unsigned char type, void *arg)
{
	struct level *above = arg;
	_cleanup_free_ char *path = xasprintf("%s/%s", above->path, name);
	struct level below = { above->l, path, above->depth + 1 };
	struct stat st;

	(void)type;
	if (++above->l->programs > PROGRAMS_MOST)
		return 1;
	if (fstatat(above->l->d->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)))
		return 0;
	judge_mode(above->l, &apps, path, &st);
	if (!S_ISDIR(st.st_mode) || below.depth >= DEPTH_MOST)
		return 0;
	return safefs_list(above->l->d->root_fd, path, look_at_program, &below) > 0;
}

/* -- all of them --------------------------------------------------------------------------------- */

static int look_at_inbox(const char *name, unsigned char type, void *arg)
{
	_cleanup_free_ char *path = xasprintf("spool/claims/%s", name);
	struct look *l = arg;
	struct stat st;

	(void)type;
	if (spool_is_runner_name(name) &&
	    fstatat(l->d->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		judge_mode(l, &inbox, path, &st);
	return 0;
}

/* With write access to the top, spool/ itself can be replaced. */
static void look_at_root(struct look *l)
{
	_cleanup_free_ char *remedy = NULL;
	struct stat st;
	bool all, group;

	if (fstat(l->d->root_fd, &st) < 0 || st.st_mode & S_ISVTX)
		return;
	all = st.st_mode & S_IWOTH;
	group = group_counts(l, &st);
	if (!all && !group)
		return;
	remedy = doctor_command(l->d, NULL,
				all && group ? "chmod go-w"
				: all	     ? "chmod o-w"
					     : "chmod g-w",
				NULL);
	doctor_note(l->d, DOCTOR_UNSAFE, top.topic, remedy,
		    "%s may write into the top of the share (mode %04o): %s",
		    all ? "everybody" : "a group", st.st_mode & 07777U, top.danger);
	l->told++;
}

static void look_at_mapping(struct look *l)
{
	if (l->d->medium.class != MEDIUM_NFS || l->top.st_uid != NOBODY)
		return;
	doctor_note(l->d, DOCTOR_ADVICE, "layout.owner",
		    "give the server and this host the same users, or the same idmapd domain",
		    "spool/ seems to belong to nobody (user %u): names of users are not understood "
		    "between this host and the server",
		    (unsigned)NOBODY);
	l->told++;
}

static void look_at_access(struct look *l)
{
	struct level first = { l, apps.name, 0 };

	tell_owners(l);
	look_at_root(l);
	safefs_list(l->d->root_fd, apps.name, look_at_program, &first);
	look_at_mapping(l);
	safefs_list(l->d->fd, spool_place_name(SPOOL_CLAIMS), look_at_inbox, l);
	if (!l->told)
		doctor_note(l->d, DOCTOR_FINE, "layout.modes", NULL,
			    "owners and modes of the folders are as they should be");
}

/* Whose groups are whose. A group with the name of its only account is that account's own. */
static void find_groups(struct look *l)
{
	static const enum spool_place boxes[] = { SPOOL_INCOMING, SPOOL_REQUESTS };
	const struct passwd *account = getpwuid(l->top.st_uid);
	const struct group *own = account ? getgrgid(account->pw_gid) : NULL;
	bool private = own && !own->gr_mem[0] && strcmp(own->gr_name, account->pw_name) == 0;
	struct stat st;

	if (account)
		l->own_group = account->pw_gid;
	else
		l->own_group = l->top.st_mode & S_IWGRP ? (gid_t)-1 : l->top.st_gid;
	for (size_t i = 0; i < sizeof(boxes) / sizeof(boxes[0]); i++) {
		if (fstatat(l->d->fd, spool_place_name(boxes[i]), &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !(st.st_mode & S_IWGRP) || st.st_mode & S_IWOTH ||
		    (private && st.st_gid == l->own_group))
			continue;
		l->people = st.st_gid;
		l->has_people = true;
	}
}

void doctor_layout(struct doctor *d)
{
	struct look l = { .d = d };

	if (fstat(d->fd, &l.top) == 0)
		find_groups(&l);
	look_at(&l, &top, top.name);
	look_at(&l, &apps, apps.name);
	for (int place = 0; place < SPOOL_PLACES; place++) {
		_cleanup_free_ char *path = xasprintf("spool/%s", places[place].name);

		look_at(&l, &places[place], path);
	}
	if (!l.missing)
		doctor_note(d, DOCTOR_FINE, "layout.places", NULL,
			    "all folders of the share are there");
	if (doctor_modes_are_made_up(d))
		doctor_note(
			d, DOCTOR_UNTRIED, "layout.modes", "on the file server: spoolctl doctor",
			"this mount makes up owners and modes; the server sees one credential in "
			"all who use it, and what that one may write is not seen here");
	else
		look_at_access(&l);
}
