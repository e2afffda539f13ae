/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor_layout - are the folders of the share there, and may only those write who should?
 *
 * What matters most: whoever can put a ticket into claims/ can run programs on every machine as the
 * runner's account. Modes and owners are looked at, nothing is tried and nothing is changed. On an
 * SMB mount both are the mount's invention and say nothing of what the server allows.
 */
#include "doctor.h"

#include "cleanup.h"
#include "escape.h"
#include "xalloc.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define NOBODY 65534

enum writers {
	WRITERS_FEW,   /* not everybody: forged tickets, programs or records otherwise */
	WRITERS_BOX,   /* whoever hands in jobs, each his own: sticky */
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
	[SPOOL_DONE] = { "done", "layout.done", WRITERS_BOX,
			 "people can remove the results of others" },
	[SPOOL_FAILED] = { "failed", "layout.failed", WRITERS_BOX,
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
	uid_t owner; /* of spool/ */
	size_t told; /* findings that are not fine */
	size_t missing;
	_Bool foreign; /* said once */
};

/* -- one folder ---------------------------------------------------------------------------------- */

static void judge_mode(struct look *l, const struct folder *f, const char *path, mode_t mode)
{
	_cleanup_free_ char *shown = escape_text(path, ESCAPE_TEXT),
			    *close = doctor_command(l->d, "chmod o-w", path),
			    *stick = doctor_command(l->d, "chmod +t", path);

	if (f->writers == WRITERS_BOX) {
		if (!(mode & (S_IWOTH | S_IWGRP)) || mode & S_ISVTX)
			return;
		doctor_note(l->d, DOCTOR_ADVICE, f->topic, stick,
			    "several may write into %s/ (mode %04o), and it is not sticky: %s",
			    shown, mode & 07777U, f->danger);
	} else {
		if (!(mode & S_IWOTH))
			return;
		doctor_note(l->d, f->writers == WRITERS_FEW ? DOCTOR_UNSAFE : DOCTOR_ADVICE,
			    f->topic, close, "everybody may write into %s/ (mode %04o): %s", shown,
			    mode & 07777U, f->danger);
	}
	l->told++;
}

static void judge_owner(struct look *l, const struct folder *f, const char *path, uid_t uid)
{
	_cleanup_free_ char *shown = escape_text(path, ESCAPE_TEXT),
			    *words = xasprintf("chown %u", (unsigned)l->owner),
			    *remedy = doctor_command(l->d, words, path);

	if (uid == l->owner || uid == 0 || f->writers == WRITERS_BOX || l->foreign)
		return;
	doctor_note(l->d, DOCTOR_ADVICE, "layout.owner", remedy,
		    "%s/ belongs to user %u, spool/ to user %u: one account should own all of it",
		    shown, (unsigned)uid, (unsigned)l->owner);
	l->foreign = true;
	l->told++;
}

static void look_at(struct look *l, const struct folder *f, const char *path)
{
	_cleanup_free_ char *remedy = doctor_command(l->d, "spoolctl init", NULL);
	struct stat st;

	if (fstatat(l->d->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode)) {
		if (doctor_modes_are_made_up(l->d))
			return;
		judge_mode(l, f, path, st.st_mode);
		judge_owner(l, f, path, st.st_uid);
		return;
	}
	doctor_note(l->d, DOCTOR_UNSAFE, "layout.places", remedy,
		    "the folder %s/ is missing, or is something else", path);
	l->missing++;
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
		judge_mode(l, &inbox, path, st.st_mode);
	return 0;
}

/* With write access to the top, spool/ itself can be replaced. */
static void look_at_root(struct look *l)
{
	_cleanup_free_ char *remedy = doctor_command(l->d, "chmod o-w", NULL);
	struct stat st;

	if (fstat(l->d->root_fd, &st) < 0 || !(st.st_mode & S_IWOTH) || st.st_mode & S_ISVTX)
		return;
	doctor_note(l->d, DOCTOR_UNSAFE, top.topic, remedy,
		    "everybody may write into the top of the share (mode %04o): %s",
		    st.st_mode & 07777U, top.danger);
	l->told++;
}

static void look_at_mapping(struct look *l)
{
	if (l->d->medium.class != MEDIUM_NFS || l->owner != NOBODY)
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
	look_at_root(l);
	look_at_mapping(l);
	safefs_list(l->d->fd, spool_place_name(SPOOL_CLAIMS), look_at_inbox, l);
	if (!l->told)
		doctor_note(l->d, DOCTOR_FINE, "layout.modes", NULL,
			    "owners and modes of the folders are as they should be");
}

void doctor_layout(struct doctor *d)
{
	struct look l = { .d = d };
	struct stat st;

	if (fstat(d->fd, &st) == 0)
		l.owner = st.st_uid;
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
