/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor_account - could daemons of this host work in the share as the account that they have?
 *
 * A share keeps the number of an account and not its name. The owner of spool/ is the account of
 * the daemons; where it is root, because "spoolctl init" was typed as root, or where the account
 * "spool" has another number here, a runner ends with "Permission denied". Who asks as the account
 * itself is told what it may do, root what can be read off the owner. An ordinary person's spool,
 * all of which is his, is in order, and a person who only hands in jobs need not be able to do what
 * daemons do. Tries nothing but access(2), changes nothing.
 */
#include "doctor.h"

#include "cleanup.h"
#include "escape.h"
#include "xalloc.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

/* Where a daemon has to make files and to rename them. */
static const enum spool_place needed[] = { SPOOL_CLAIMS, SPOOL_RUNNERS, SPOOL_ACTIVE };
#define NEEDED (sizeof(needed) / sizeof(needed[0]))

/* -- accounts ------------------------------------------------------------------------------------ */

char *doctor_user(uid_t uid)
{
	const struct passwd *account = getpwuid(uid);
	_cleanup_free_ char *shown = account ? escape_text(account->pw_name, ESCAPE_TEXT) : NULL;

	return shown ? xasprintf("user %u (%s)", (unsigned)uid, shown)
		     : xasprintf("user %u", (unsigned)uid);
}

char *doctor_group(gid_t gid)
{
	const struct group *group = getgrgid(gid);
	_cleanup_free_ char *shown = group ? escape_text(group->gr_name, ESCAPE_TEXT) : NULL;

	return shown ? xasprintf("group %u (%s)", (unsigned)gid, shown)
		     : xasprintf("group %u", (unsigned)gid);
}

bool doctor_has_account(uid_t *ret)
{
	const struct passwd *account = getpwnam(DOCTOR_ACCOUNT);

	if (account)
		*ret = account->pw_uid;
	return account != NULL;
}

uid_t doctor_account_of(uid_t owner)
{
	uid_t account;

	return owner == 0 && doctor_has_account(&account) ? account : owner;
}

/* "prose, who:", of which either may be missing; heap, or NULL. */
static char *introduction(const char *prose, const char *who)
{
	if (!prose && !who)
		return NULL;
	return xasprintf("%s%s%s:", prose ? prose : "", prose && who ? ", " : "", who ? who : "");
}

char *doctor_init_remedy(const struct doctor *d, const char *prose, uid_t owner)
{
	uid_t account = doctor_account_of(owner);
	const struct passwd *known = account ? getpwuid(account) : NULL;
	_cleanup_free_ char *words = xasprintf("runuser -u %s -- spoolctl init",
					       known ? known->pw_name : DOCTOR_ACCOUNT);
	bool self = account == geteuid() && account != 0;
	_cleanup_free_ char *intro =
		introduction(prose, self ? NULL
				    : !known || owner != account
					    ? "as the account that daemons are to use, to "
					      "which the folder has to belong"
				    : geteuid() != 0 ? "as root"
						     : NULL);

	return doctor_command(d, intro, self ? "spoolctl init" : words, NULL);
}

/* -- remedies ------------------------------------------------------------------------------------ */

struct gift {
	const struct doctor *d;
	char *remedy; /* heap */
};

static void give(struct gift *gift, const char *place, const char *box)
{
	_cleanup_free_ char *path = xasprintf("spool/%s%s%s", place, box ? "/" : "",
					      box ? box : "");

	gift->remedy = doctor_command_more(gift->d, gift->remedy, path);
}

static int give_box(const char *name, unsigned char type, void *arg)
{
	(void)type;
	if (*name == '@')
		give(arg, spool_place_name(SPOOL_INCOMING), name);
	return 0;
}

/* One command that gives spool/ and all folders in it to the account; no others, since people may
 * have put links to any file below them. */
static char *give_away(const struct doctor *d, const char *prose)
{
	struct gift gift = { d, doctor_command(d, prose, "chown " DOCTOR_ACCOUNT, "spool") };

	for (int place = 0; place < SPOOL_PLACES; place++)
		give(&gift, spool_place_name((enum spool_place)place), NULL);
	safefs_list(d->fd, spool_place_name(SPOOL_INCOMING), give_box, &gift);
	return gift.remedy;
}

/* What makes the numbers equal; heap. */
static char *renumber(uid_t owner)
{
	const struct passwd *holder = getpwuid(owner);
	_cleanup_free_ char *shown = holder ? escape_text(holder->pw_name, ESCAPE_TEXT) : NULL;
	uid_t here;

	if (shown)
		return xasprintf("give the account \"" DOCTOR_ACCOUNT "\" the same number on all "
				 "hosts, one that is free on each (%u is %s here); see ACCOUNTS in "
				 "spool-share(7)",
				 (unsigned)owner, shown);
	if (doctor_has_account(&here))
		return xasprintf("the account has to have the same number on all hosts; stop what "
				 "it runs here, then, as root:\nusermod --uid %u " DOCTOR_ACCOUNT,
				 (unsigned)owner);
	return xasprintf("make the account here, with the same number as on the other hosts; as "
			 "root:\nuseradd --system --uid %u --home-dir /var/lib/spool --shell "
			 "/usr/sbin/nologin " DOCTOR_ACCOUNT,
			 (unsigned)owner);
}

/* -- asked by root ------------------------------------------------------------------------------- */

static int look_for_roots(const char *name, unsigned char type, void *arg)
{
	const struct doctor *d = arg;
	const char *dot = strrchr(name, '.');
	struct stat st;
	_cleanup_free_ char *path = xasprintf("spool/runners/%s", name);

	(void)type;
	return dot && strcmp(dot, ".conf") == 0 &&
	       fstatat(d->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid == 0;
}

/* Somebody has chosen to run even runners as root. */
static bool root_works_here(struct doctor *d)
{
	return safefs_list(d->fd, spool_place_name(SPOOL_RUNNERS), look_for_roots, d) > 0;
}

static void note_root(struct doctor *d)
{
	_cleanup_free_ char *remedy = NULL;
	uid_t account;

	remedy = give_away(d, doctor_has_account(&account)
				      ? "on the file server, as root:"
				      : "make the account \"" DOCTOR_ACCOUNT "\" first, see "
					"spool-share(7); then on the file server, as root:");
	if (root_works_here(d))
		doctor_note(d, DOCTOR_ADVICE, "layout.account", remedy,
			    "spool/ belongs to root, and so does a runner: jobs run as root");
	else
		doctor_note(d, DOCTOR_UNSAFE, "layout.account", remedy,
			    "spool/ belongs to root, so runners, which do not run as root, may not "
			    "write in it and do not start");
}

static void judge_as_root(struct doctor *d, uid_t owner)
{
	_cleanup_free_ char *who = doctor_user(owner), *remedy = NULL;
	bool known = getpwuid(owner) != NULL, person = owner >= DOCTOR_PERSON_MIN;
	uid_t here = 0;
	bool has = doctor_has_account(&here);

	if (owner == 0) {
		note_root(d);
	} else if (known && (!has || owner == here || person)) {
		doctor_note(d, DOCTOR_FINE, "layout.account", NULL,
			    "spool/ belongs to %s: all daemons of this share have to run as it",
			    who);
	} else {
		remedy = renumber(owner);
		if (has)
			doctor_note(d, DOCTOR_UNSAFE, "layout.account", remedy,
				    "spool/ belongs to %s, and \"" DOCTOR_ACCOUNT
				    "\" is user %u here: its daemons may not write there",
				    who, (unsigned)here);
		else
			doctor_note(d, DOCTOR_UNSAFE, "layout.account", remedy,
				    "spool/ belongs to %s, who has no account here: no daemon of "
				    "this host may write there",
				    who);
	}
}

/* -- asked by the account itself ----------------------------------------------------------------- */

/* Is it closed to us for a reason that the check of the layout does not see already? */
static bool is_closed(const struct doctor *d, const char *place, uid_t owner)
{
	struct stat st;

	if (faccessat(d->fd, place, W_OK | X_OK, AT_EACCESS) == 0 ||
	    (errno != EACCES && errno != EPERM))
		return false;
	return owner != geteuid() || doctor_modes_are_made_up(d) ||
	       (fstatat(d->fd, place, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid == owner &&
		(st.st_mode & S_IRWXU) == S_IRWXU);
}

/* "claims/, runners/", or an empty text; heap. */
static char *closed_places(const struct doctor *d, uid_t owner)
{
	char *names = xstrdup("");

	for (size_t i = 0; i < NEEDED; i++) {
		_cleanup_free_ char *old = NULL;
		const char *place = spool_place_name(needed[i]);

		if (!is_closed(d, place, owner))
			continue;
		old = names;
		names = xasprintf("%s%s%s/", old, *old ? ", " : "", place);
	}
	return names;
}

static char *remedy_for_account(const struct doctor *d, uid_t owner)
{
	uid_t here;

	if (doctor_modes_are_made_up(d))
		return xasprintf("mount it with uid=" DOCTOR_ACCOUNT
				 ",gid=spoolers,dir_mode=0775,file_mode=0775");
	if (owner == 0)
		return give_away(d, "on the file server, as root:");
	if (owner == geteuid())
		return xstrdup("see how the server exports it: all_squash or a list of hosts may "
			       "keep this account out");
	if (doctor_has_account(&here) && here == geteuid())
		return renumber(owner);
	return xstrdup("run the daemons as the owner of spool/");
}

static void judge_as_daemon(struct doctor *d, uid_t owner)
{
	_cleanup_free_ char *names = closed_places(d, owner), *who = doctor_user(owner),
			    *self = doctor_user(geteuid()), *remedy = NULL;

	if (!*names) {
		doctor_note(d, DOCTOR_FINE, "layout.account", NULL,
			    "this account, %s, may write where daemons have to", self);
		return;
	}
	remedy = remedy_for_account(d, owner);
	doctor_note(d, DOCTOR_UNSAFE, "layout.account", remedy,
		    "spool/ belongs to %s, and this account, %s, may not write into %s: a daemon "
		    "of it does not start",
		    who, self, names);
}

/* -- who asks ------------------------------------------------------------------------------------ */

/* The owner; "spool", if it is known here; else any account that is not a person's. */
static bool is_of_daemons(uid_t owner)
{
	uid_t here;

	if (geteuid() == owner)
		return true;
	return doctor_has_account(&here) ? geteuid() == here : geteuid() < DOCTOR_PERSON_MIN;
}

static void note_person(struct doctor *d, uid_t owner)
{
	uid_t account = doctor_account_of(owner);
	const struct passwd *known = account ? getpwuid(account) : NULL;
	_cleanup_free_ char *words = xasprintf("runuser -u %s -- spoolctl doctor --share",
					       known ? known->pw_name : DOCTOR_ACCOUNT),
			    *remedy = doctor_command(d, "as root:", words, NULL);

	doctor_note(d, DOCTOR_UNTRIED, "layout.account", remedy,
		    "whether daemons may work in the share is seen by their account only");
}

void doctor_account(struct doctor *d)
{
	struct stat st;

	if (fstat(d->fd, &st) < 0)
		return;
	if (geteuid() != 0 && is_of_daemons(st.st_uid))
		judge_as_daemon(d, st.st_uid);
	else if (geteuid() != 0 || doctor_modes_are_made_up(d))
		note_person(d, st.st_uid);
	else if (d->media[0].class != MEDIUM_NFS || st.st_uid != DOCTOR_NOBODY)
		judge_as_root(d, st.st_uid);
}
