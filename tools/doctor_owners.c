/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor_owners - do the folders of a share belong to whom they should?
 *
 * An owner may write, or give himself the right to: so what the runners take orders and programs
 * from belongs to the account that owns spool/, or to root. Programs may be an administrator's, who
 * then owns apps/; nobody can see from here whether that person is one. Looks only; findings of one
 * kind become one, with one command for all.
 */
#include "doctor_layout.h"

#include "cleanup.h"
#include "escape.h"
#include "xalloc.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#define NAMED_MOST 16 /* in one finding */
#define ACCOUNTS_MOST 10000
#define ACL_NAME "system.posix_acl_access"
#define ACL_PLAIN 28 /* bytes of one that says what the mode says: a head and three entries */

/* -- groups -------------------------------------------------------------------------------------- */

/* Is another person in the group, as a member or by his account? */
static bool is_shared(const struct passwd *of, const struct group *group)
{
	const struct passwd *other;
	bool shared = false;
	int n = 0;

	for (char **member = group->gr_mem; *member; member++)
		shared |= strcmp(*member, of->pw_name) != 0;
	setpwent();
	while (!shared && n++ < ACCOUNTS_MOST && (other = getpwent()))
		shared = other->pw_gid == group->gr_gid && other->pw_uid >= DOCTOR_PERSON_MIN &&
			 other->pw_uid != of->pw_uid;
	endpwent();
	return shared;
}

/* A copy of what getpwent would overwrite. */
struct account {
	char *name;
	uid_t uid;
	gid_t gid;
};

/* False: there is none of this number. */
static bool find_account(uid_t uid, struct account *ret)
{
	const struct passwd *account = getpwuid(uid);

	if (account)
		*ret = (struct account){ xstrdup(account->pw_name), account->pw_uid,
					 account->pw_gid };
	return account != NULL;
}

static bool group_is_shared(const struct account *a)
{
	const struct passwd of = { .pw_name = a->name, .pw_uid = a->uid };
	const struct group *group = getgrgid(a->gid);

	return group && is_shared(&of, group);
}

/* A group with the name of its only account is that account's own. */
static bool group_is_private(const struct account *a)
{
	const struct group *group = getgrgid(a->gid);

	return group && !group->gr_mem[0] && strcmp(group->gr_name, a->name) == 0;
}

/* Whose groups are whose. */
void owners_begin(struct look *l)
{
	static const enum spool_place boxes[] = { SPOOL_INCOMING, SPOOL_REQUESTS };
	struct account a = { .name = NULL };
	bool known = find_account(l->account, &a), private = known && group_is_private(&a);
	struct stat st;

	if (known)
		l->own_group = a.gid;
	else
		l->own_group = l->top.st_mode & S_IWGRP ? (gid_t)-1 : l->top.st_gid;
	l->own_group_shared = known && group_is_shared(&a);
	for (size_t i = 0; i < sizeof(boxes) / sizeof(boxes[0]); i++) {
		if (fstatat(l->d->fd, spool_place_name(boxes[i]), &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !(st.st_mode & S_IWGRP) || st.st_mode & S_IWOTH ||
		    (private && st.st_gid == l->own_group))
			continue;
		l->people = st.st_gid;
		l->has_people = true;
	}
	free(a.name);
}

bool owners_group_is_foreign(const struct look *l, gid_t gid)
{
	return gid != l->own_group || l->own_group_shared || (l->has_people && gid == l->people);
}

/* -- owners -------------------------------------------------------------------------------------- */

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

/* One command mends all of a kind. */
static void gather(struct look *l, const char *path, const struct stat *st, struct owners *o)
{
	_cleanup_free_ char *words = xasprintf("chown %u", (unsigned)l->account),
			    *shown = path ? escape_text(path, ESCAPE_TEXT)
					  : xstrdup("the top of the share"),
			    *old = o->names;
	const char *end = path && S_ISDIR(st->st_mode) ? "/" : "";

	if (++o->count > NAMED_MOST) { /* the rest is told when these are mended */
		o->names = xasprintf("%s%s", old, o->count == NAMED_MOST + 1 ? " and others" : "");
		return;
	}
	o->remedy = o->remedy ? doctor_command_more(l->d, o->remedy, path)
			      : doctor_command(l->d, NULL, words, path);
	o->names = xasprintf("%s%s%s%s", old ? old : "", old ? ", " : "", shown, end);
}

static bool is_ours(const struct look *l, uid_t uid)
{
	return uid == 0 || uid == l->top.st_uid || uid == l->account;
}

static void judge_program(struct look *l, const struct folder *f, const char *path,
			  const struct stat *st)
{
	_cleanup_free_ char *who = doctor_user(st->st_uid), *remedy = NULL, *words = NULL;

	if (!path)
		return;
	if (strcmp(path, f->name) == 0)
		l->programmer = st->st_uid;
	if (is_ours(l, st->st_uid))
		return;
	if (st->st_uid != l->programmer) {
		gather(l, path, st, &l->commands);
		return;
	}
	if (strcmp(path, f->name) != 0)
		return;
	words = xasprintf("chown %u", (unsigned)l->account);
	remedy = doctor_command(l->d, "unless this is an administrator:", words, path);
	doctor_note(l->d, DOCTOR_ADVICE, f->topic, remedy,
		    "apps/ belongs to %s, whose programs run on all machines", who);
	l->told++;
}

/* The mode of what has an access list shows the most that any of its groups and people may. */
static void look_for_list(struct look *l, const struct folder *f, const char *path)
{
	_cleanup_free_ char *full = path ? xasprintf("%s/%s", l->d->path, path)
					 : xstrdup(l->d->path),
			    *shown = escape_text(path ? path : "the share", ESCAPE_TEXT),
			    *remedy = doctor_command(l->d,
						     "see that it names no more people:", "getfacl",
						     path);

	if (lgetxattr(full, ACL_NAME, NULL, 0) <= ACL_PLAIN)
		return;
	doctor_note(l->d, DOCTOR_UNTRIED, f->topic, remedy,
		    "%s has an access list, which is not examined here: %s", shown, f->danger);
	l->told++;
}

void owners_judge(struct look *l, const struct folder *f, const char *path, const struct stat *st)
{
	_cleanup_free_ char *shown = escape_text(path ? path : "", ESCAPE_TEXT),
			    *open = doctor_command(l->d, NULL, "chmod u+rwx", path);

	if (f->writers == WRITERS_FEW && (!f->programs || (path && strcmp(path, f->name) == 0)))
		look_for_list(l, f, path);
	if (f->programs) {
		judge_program(l, f, path, st);
	} else if (!path) {
		if (!is_ours(l, st->st_uid))
			gather(l, path, st, &l->commands);
	} else if (st->st_uid == l->top.st_uid && (st->st_mode & S_IRWXU) != S_IRWXU) {
		doctor_note(l->d, DOCTOR_UNSAFE, f->topic, open,
			    "%s/ is closed to its owner, user %u (mode %04o): spoold cannot work "
			    "in it",
			    shown, (unsigned)st->st_uid, st->st_mode & 07777U);
		l->told++;
	} else if (!is_ours(l, st->st_uid) && f->writers == WRITERS_FEW) {
		gather(l, path, st, &l->commands);
	} else if (!can_use(l, f, st)) {
		gather(l, path, st, &l->barred);
	} else if (!is_ours(l, st->st_uid) && f->writers != WRITERS_BOX) {
		gather(l, path, st, &l->foreign);
	}
}

/* Takes over what has been gathered. */
static void tell(struct look *l, enum doctor_level level, struct owners *o, const char *danger)
{
	_cleanup_free_ char *who = doctor_user(l->top.st_uid);

	if (o->count)
		doctor_note(l->d, level, "layout.owner", o->remedy,
			    "spool/ belongs to %s, and others own %s: %s", who, o->names, danger);
	l->told += o->count;
	free(o->remedy);
	free(o->names);
	*o = (struct owners){ .count = 0 };
}

void owners_tell(struct look *l)
{
	tell(l, DOCTOR_UNSAFE, &l->barred, "spoold cannot work there, unless it is run by root");
	tell(l, DOCTOR_UNSAFE, &l->commands,
	     "whoever owns such a folder or file can have programs run on all machines");
	tell(l, DOCTOR_ADVICE, &l->foreign, "one account should own all of it");
}
