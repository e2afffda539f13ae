/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor_layout - are the folders of the share there, and may only those write who should?
 *
 * What matters most: whoever can put a ticket into claims/ can run programs on every machine as the
 * runner's account. Modes and owners are looked at, nothing is tried and nothing is changed. The
 * owner of spool/ is taken for the account of spoold. On an SMB mount both are the mount's
 * invention and say nothing of what the server allows.
 */
#include "doctor_layout.h"

#include "cleanup.h"
#include "escape.h"
#include "xalloc.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define PROGRAMS_MOST 1000 /* entries of apps/ that are looked at */
#define DEPTH_MOST 4

static const struct folder top = { "spool", "layout.top", WRITERS_FEW,
				   "whoever replaces a folder in it commands all runners", false };
static const struct folder apps = { "apps", "layout.apps", WRITERS_FEW,
				    "programs in it run on all machines", true };
static const struct folder inbox = { "claims", "layout.claims", WRITERS_FEW,
				     "a ticket in it is an order to run a program", false };
static const struct folder box = { "incoming", "layout.incoming", WRITERS_BOX,
				   "people can change and remove the drops of others", false };

static const struct folder places[SPOOL_PLACES] = {
	[SPOOL_INCOMING] = { "incoming", "layout.incoming", WRITERS_BOX,
			     "people can change and remove the drops of others", false },
	[SPOOL_QUEUED] = { "queued", "layout.queued", WRITERS_QUIET,
			   "people can move and remove the jobs of others", false },
	[SPOOL_ACTIVE] = { "active", "layout.active", WRITERS_QUIET,
			   "people can move and remove the jobs of others", false },
	[SPOOL_DONE] = { "done", "layout.done", WRITERS_SHELF,
			 "people can remove the results of others", false },
	[SPOOL_FAILED] = { "failed", "layout.failed", WRITERS_SHELF,
			   "people can remove the results of others", false },
	[SPOOL_LOST] = { "lost", "layout.lost", WRITERS_QUIET, "people can change evidence",
			 false },
	[SPOOL_CLAIMS] = { "claims", "layout.claims", WRITERS_FEW,
			   "a ticket in it is an order to run a program", false },
	[SPOOL_RUNNERS] = { "runners", "layout.runners", WRITERS_FEW,
			    "a forged heartbeat draws jobs to a machine, or from it", false },
	[SPOOL_REQUESTS] = { "requests", "layout.requests", WRITERS_BOX,
			     "people can remove the requests of others", false },
	[SPOOL_REPLIES] = { "replies", "layout.replies", WRITERS_QUIET, "people can forge answers",
			    false },
	[SPOOL_EVENTS] = { "events", "layout.events", WRITERS_QUIET,
			   "people can change the log of what was done", false },
	[SPOOL_STATUS] = { "status", "layout.status", WRITERS_QUIET,
			   "people can forge what is shown of the jobs", false },
};

/* -- one folder ---------------------------------------------------------------------------------- */

static bool group_counts(const struct look *l, const struct stat *st)
{
	return st->st_mode & S_IWGRP && owners_group_is_foreign(l, st->st_gid);
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

/* path is a folder; or, in apps/, a file. */
static void judge_mode(struct look *l, const struct folder *f, const char *path,
		       const struct stat *st)
{
	_cleanup_free_ char *shown = escape_text(path, ESCAPE_TEXT), *words = NULL, *close = NULL;
	bool all = st->st_mode & S_IWOTH, group = group_counts(l, st);

	if (f->writers == WRITERS_BOX) {
		people_judge_box(l, f, path, st);
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

static void look_at(struct look *l, const struct folder *f, const char *path)
{
	_cleanup_free_ char *remedy = NULL;
	struct stat st;
	bool there = fstatat(l->d->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;

	if (there && S_ISDIR(st.st_mode)) {
		if (doctor_modes_are_made_up(l->d))
			return;
		judge_mode(l, f, path, &st);
		owners_judge(l, f, path, &st);
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
	owners_judge(above->l, &apps, path, &st);
	if (!S_ISDIR(st.st_mode) || below.depth >= DEPTH_MOST)
		return 0;
	return safefs_list(above->l->d->root_fd, path, look_at_program, &below) > 0;
}

/* -- all of them --------------------------------------------------------------------------------- */

/* One folder in a place, of the kind f. */
static void look_below(struct look *l, const struct folder *f, const char *name)
{
	_cleanup_free_ char *path = xasprintf("spool/%s/%s", f->name, name);
	struct stat st;

	if (fstatat(l->d->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
		return;
	judge_mode(l, f, path, &st);
	owners_judge(l, f, path, &st);
}

static int look_at_inbox(const char *name, unsigned char type, void *arg)
{
	(void)type;
	if (spool_is_runner_name(name))
		look_below(arg, &inbox, name);
	return 0;
}

static int look_at_box(const char *name, unsigned char type, void *arg)
{
	(void)type;
	if (*name == '@')
		look_below(arg, &box, name);
	return 0;
}

/* With write access to the top, spool/ itself can be replaced. */
static void look_at_root(struct look *l)
{
	_cleanup_free_ char *remedy = NULL;
	struct stat st;
	bool all, group;

	if (fstat(l->d->root_fd, &st) < 0)
		return;
	owners_judge(l, &top, NULL, &st);
	if (st.st_mode & S_ISVTX)
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
	if (l->d->media[0].class != MEDIUM_NFS || l->top.st_uid != DOCTOR_NOBODY)
		return;
	doctor_note(l->d, DOCTOR_ADVICE, "layout.owner",
		    "give the server and this host the same users, or the same idmapd domain",
		    "spool/ seems to belong to nobody (user %u): names of users are not understood "
		    "between this host and the server",
		    (unsigned)DOCTOR_NOBODY);
	l->told++;
}

static void look_at_access(struct look *l)
{
	struct level first = { l, apps.name, 0 };

	look_at_root(l);
	safefs_list(l->d->root_fd, apps.name, look_at_program, &first);
	look_at_mapping(l);
	safefs_list(l->d->fd, spool_place_name(SPOOL_CLAIMS), look_at_inbox, l);
	safefs_list(l->d->fd, spool_place_name(SPOOL_INCOMING), look_at_box, l);
	owners_tell(l);
	people_tell(l);
	if (!l->told)
		doctor_note(l->d, DOCTOR_FINE, "layout.modes", NULL,
			    "owners and modes of the folders are as they should be");
}

/* On SMB; what the server allows is known on the server only. */
static const char *why_untried(const struct mount *m)
{
	if (mount_has(m, "multiuser"))
		return "this mount makes up owners and modes; each user of this host has a "
		       "credential of his own, and what he may write on the server is not seen "
		       "here";
	if (mount_has(m, "cifsacl") || mount_has(m, "modefromsid") || mount_has(m, "idsfromsid"))
		return "this mount makes owners or modes of the server's access lists, which "
		       "nobody "
		       "has tried with spool; the server sees one credential in all who use it";
	return "this mount makes up owners and modes; the server sees one credential in all who "
	       "use it, and what that one may write is not seen here";
}

void doctor_layout(struct doctor *d)
{
	struct look l = { .d = d };

	if (fstat(d->fd, &l.top) < 0)
		return;
	l.account = l.programmer = doctor_account_of(l.top.st_uid);
	owners_begin(&l);
	look_at(&l, &top, top.name);
	look_at(&l, &apps, apps.name);
	for (int place = 0; place < SPOOL_PLACES; place++) {
		_cleanup_free_ char *path = xasprintf("spool/%s", places[place].name);

		look_at(&l, &places[place], path);
	}
	if (!l.missing)
		doctor_note(d, DOCTOR_FINE, "layout.places", NULL,
			    "all folders of the share are there");
	if (!doctor_modes_are_made_up(d)) {
		look_at_access(&l);
		return;
	}
	people_tell(&l);
	doctor_note(d, DOCTOR_UNTRIED, "layout.modes", "on the file server: spoolctl doctor", "%s",
		    why_untried(&d->media[0].mount));
}
