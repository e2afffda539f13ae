/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor_people - who may hand in jobs, and may the one who asks?
 *
 * Jobs are dropped into incoming/ and its boxes incoming/@<app>, and asked about by files in
 * requests/. Who may write there is told by owner, group and mode of incoming/; a box that takes
 * other people than incoming/ has been forgotten, more likely than not. What the asker himself may
 * do is asked of the kernel, and through it of the file server. Writes nothing.
 */
#include "doctor_layout.h"

#include "cleanup.h"
#include "escape.h"
#include "xalloc.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#define INCOMING "spool/incoming"
#define WIDE (S_IWGRP | S_IWOTH)

/* -- boxes --------------------------------------------------------------------------------------- */

void people_judge_box(struct look *l, const struct folder *f, const char *path,
		      const struct stat *st)
{
	_cleanup_free_ char *shown = escape_text(path, ESCAPE_TEXT),
			    *stick = doctor_command(l->d, NULL, "chmod +t", path);

	if (!(st->st_mode & WIDE) || st->st_mode & S_ISVTX)
		return;
	doctor_note(l->d, DOCTOR_ADVICE, f->topic, stick,
		    "several may write into %s/ (mode %04o), and it is not sticky: %s", shown,
		    st->st_mode & 07777U, f->danger);
	l->told++;
}

struct boxes {
	struct look *l;
	struct stat incoming;
	char *groups, *modes, *names; /* heap, or NULL */
};

static bool takes_others(const struct stat *box, const struct stat *incoming)
{
	return (box->st_mode & WIDE) != (incoming->st_mode & WIDE) ||
	       (incoming->st_mode & S_IWGRP && box->st_gid != incoming->st_gid);
}

static void add(const struct doctor *d, char **command, const char *words, const char *path)
{
	*command = *command ? doctor_command_more(d, *command, path)
			    : doctor_command(d, NULL, words, path);
}

static int look_at_box(const char *name, unsigned char type, void *arg)
{
	struct boxes *b = arg;
	_cleanup_free_ char *path = xasprintf(INCOMING "/%s", name),
			    *shown = escape_text(name, ESCAPE_TEXT), *group = NULL, *mode = NULL,
			    *old = NULL;
	struct stat st;

	(void)type;
	if (*name != '@' || fstatat(b->l->d->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISDIR(st.st_mode) || !takes_others(&st, &b->incoming))
		return 0;
	group = xasprintf("chgrp %u", (unsigned)b->incoming.st_gid);
	mode = xasprintf("chmod %04o", b->incoming.st_mode & 07777U);
	add(b->l->d, &b->groups, group, path);
	add(b->l->d, &b->modes, mode, path);
	old = b->names;
	b->names = xasprintf("%s%s%s/", old ? old : "", old ? ", " : "", shown);
	return 0;
}

static void compare_boxes(struct look *l, const struct stat *incoming)
{
	struct boxes b = { .l = l, .incoming = *incoming };
	_cleanup_free_ char *remedy = NULL;

	safefs_list(l->d->root_fd, INCOMING, look_at_box, &b);
	if (!b.names)
		return;
	/* Both begin with a newline, and are one line behind the first. */
	remedy = xasprintf("unless this is meant:%s &&%c%s", b.groups, ' ', b.modes + 1);
	doctor_note(l->d, DOCTOR_ADVICE, "layout.incoming", remedy,
		    "other people may write into the boxes %s than into incoming/", b.names);
	l->told++;
	free(b.groups);
	free(b.modes);
	free(b.names);
}

/* -- people -------------------------------------------------------------------------------------- */

static bool is_open_to_all(const struct look *l, const struct stat *incoming)
{
	return incoming->st_mode & S_IWOTH ||
	       (doctor_modes_are_made_up(l->d) && mount_has(&l->d->media[0].mount, "noperm"));
}

/* "everybody", "group 901 (spoolers)", "nobody but user 900 (spool)"; heap. */
static char *who_may(const struct look *l, const struct stat *incoming)
{
	_cleanup_free_ char *owner = doctor_user(incoming->st_uid);

	if (is_open_to_all(l, incoming))
		return xstrdup("everybody");
	if (incoming->st_mode & S_IWGRP)
		return doctor_group(incoming->st_gid);
	return xasprintf("nobody but %s", owner);
}

static bool is_member(const char *name, gid_t gid)
{
	const struct group *group = getgrgid(gid);

	for (char **member = group ? group->gr_mem : NULL; member && *member; member++)
		if (strcmp(*member, name) == 0)
			return true;
	return false;
}

static char *remedy_for(const struct stat *incoming)
{
	const struct passwd *account = getpwuid(geteuid());
	_cleanup_free_ char *name = account ? xstrdup(account->pw_name) : NULL;
	const struct group *group;

	if (!(incoming->st_mode & S_IWGRP))
		return xstrdup("ask the owner to open it to a group; see spool-share(7)");
	if (name && is_member(name, incoming->st_gid))
		return xstrdup("log in again: groups are counted from the next login");
	group = getgrgid(incoming->st_gid);
	if (!name || !group)
		return xasprintf("ask to be added to group %u on the file server",
				 (unsigned)incoming->st_gid);
	return xasprintf("ask to be added to group %s, on the file server too, and log in again; "
			 "as root:\nusermod --append --groups %s %s",
			 group->gr_name, group->gr_name, name);
}

static bool may_write(const struct doctor *d, enum spool_place place)
{
	return faccessat(d->fd, spool_place_name(place), W_OK | X_OK, AT_EACCESS) == 0 ||
	       (errno != EACCES && errno != EPERM);
}

void people_tell(struct look *l)
{
	_cleanup_free_ char *who = NULL, *self = doctor_user(geteuid()), *remedy = NULL;
	bool person = geteuid() != 0 && geteuid() != l->top.st_uid;
	struct stat st;

	if (fstatat(l->d->root_fd, INCOMING, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
		return;
	if (!doctor_modes_are_made_up(l->d))
		compare_boxes(l, &st);
	who = who_may(l, &st);
	if (person && !may_write(l->d, SPOOL_INCOMING)) {
		remedy = remedy_for(&st);
		doctor_note(l->d, DOCTOR_ADVICE, "layout.people", remedy,
			    "jobs are handed in by %s; you, %s, may not", who, self);
	} else if (person && !may_write(l->d, SPOOL_REQUESTS)) {
		doctor_note(
			l->d, DOCTOR_ADVICE, "layout.people",
			"requests/ should have the group and mode of incoming/; see "
			"spool-share(7)",
			"you, %s, may hand in jobs, but not cancel or remove them: requests/ is "
			"closed to you",
			self);
	} else {
		doctor_note(l->d, DOCTOR_FINE, "layout.people", NULL, "jobs are handed in by %s%s",
			    who, person ? "; you may" : "");
	}
}
