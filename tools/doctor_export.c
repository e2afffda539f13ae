/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor_export - how this host, if it is the one with the disk, exports the share by NFS.
 *
 * What counts is what the kernel's file server has been given, /var/lib/nfs/etab; /etc/exports and
 * what lies beside it in exports.d only tell what somebody has meant to export. Both are read on
 * the file server itself; a client cannot see whether its writes are on a disk when they are
 * acknowledged. Changes nothing.
 */
#include "doctor.h"

#include "cleanup.h"
#include "escape.h"
#include "xalloc.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ETAB "/var/lib/nfs/etab"
#define EXPORTS "/etc/exports"

/* What one client is given. */
struct grant {
	char *client, *options; /* heap */
	size_t len;		/* of the path; SIZE_MAX for the share itself */
};

struct exported {
	struct grant *grants; /* one for each client: of lines above the share the nearest holds */
	size_t count;
	char *below; /* what is exported of the inside of the share; heap, or NULL */
	bool async, readonly, root, subtree;
	bool squashed;	 /* everybody becomes one account */
	unsigned squash; /* this one */
};

static bool is_same_folder(const struct doctor *d, const char *path)
{
	struct stat share, other;

	return fstat(d->root_fd, &share) == 0 && stat(path, &other) == 0 &&
	       share.st_dev == other.st_dev && share.st_ino == other.st_ino;
}

/* Is the path a folder above the share, or the share? */
static bool is_above(const struct doctor *d, const char *path)
{
	size_t len = strlen(path);

	return len && strncmp(d->path, path, len) == 0 &&
	       (strcmp(path, "/") == 0 || d->path[len] == '/' || !d->path[len]);
}

static bool is_inside(const struct doctor *d, const char *path)
{
	size_t len = strlen(d->path);

	return strncmp(path, d->path, len) == 0 && path[len] == '/' && path[len + 1];
}

/* True if exporting the path has to do with the share. */
static bool exports_share(const struct doctor *d, const char *path)
{
	return is_above(d, path) || is_same_folder(d, path) || is_inside(d, path);
}

/* The word, or what begins with it if it ends in '='; NULL if it is not among the options. */
static const char *find_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; (p = strstr(p, word)); p += len)
		if ((p[-1] == '(' || p[-1] == ',') &&
		    (p[len] == ',' || p[len] == ')' || word[len - 1] == '='))
			return p;
	return NULL;
}

/* Do clients of the export get into the share? A file system that is mounted below the exported
 * folder is an empty folder for them, unless the export has crossmnt. */
static bool reaches_share(const struct doctor *d, const char *path, const char *options)
{
	struct stat share, other;

	return is_same_folder(d, path) || find_word(options, "crossmnt") ||
	       fstat(d->root_fd, &share) < 0 || stat(path, &other) < 0 ||
	       share.st_dev == other.st_dev;
}

static struct grant *grant_of(struct exported *e, const char *client)
{
	for (size_t i = 0; i < e->count; i++)
		if (strcmp(e->grants[i].client, client) == 0)
			return &e->grants[i];
	e->grants = xrealloc(e->grants, e->count + 1, sizeof(*e->grants));
	e->grants[e->count] = (struct grant){ .client = xstrdup(client), .options = xstrdup("") };
	return &e->grants[e->count++];
}

static void take_options(struct exported *e, const char *options)
{
	const char *anon;

	e->async |= find_word(options, "async") != NULL;
	e->readonly |= find_word(options, "ro") != NULL;
	e->root |= find_word(options, "no_root_squash") != NULL;
	e->subtree |= find_word(options, "subtree_check") != NULL;
	if (!find_word(options, "all_squash"))
		return;
	anon = find_word(options, "anonuid=");
	e->squashed = true;
	e->squash = anon ? (unsigned)strtoul(anon + strlen("anonuid="), NULL, 10) : 65534;
}

/* "path<tab>client(options)"; blanks in the path are octal escapes. */
static void read_export(const struct doctor *d, char *line, struct exported *e)
{
	_cleanup_free_ char *path = NULL, *client = NULL;
	char *tab = strpbrk(line, "\t "), *options = tab ? strchr(tab, '(') : NULL;
	struct grant *grant;
	size_t len;

	if (!options)
		return;
	path = mount_unescape(xstrndup(line, (size_t)(tab - line)));
	client = xstrndup(tab + 1, (size_t)(options - tab - 1));
	if (is_inside(d, path)) {
		_cleanup_free_ char *old = e->below, *shown = escape_text(path, ESCAPE_TEXT);

		if (!old || !strstr(old, shown))
			e->below = xasprintf("%s%s%s", old ? old : "", old ? ", " : "", shown);
		else
			e->below = xstrdup(old);
		take_options(e, options);
		return;
	}
	if (!exports_share(d, path) || !reaches_share(d, path, options))
		return;
	len = is_same_folder(d, path) ? SIZE_MAX : strlen(path);
	grant = grant_of(e, client);
	if (len < grant->len)
		return;
	free(grant->options);
	grant->options = xstrdup(options);
	grant->len = len;
}

static void free_exported(struct exported *e)
{
	for (size_t i = 0; i < e->count; i++) {
		free(e->grants[i].client);
		free(e->grants[i].options);
	}
	free(e->grants);
	free(e->below);
}

/* -- what somebody has meant to export ----------------------------------------------------------- */

/* A line of exports(5): a path, perhaps in quotes, then clients. */
static bool line_exports(const struct doctor *d, const char *line)
{
	const char *begin = line + strspn(line, " \t");
	bool quoted = *begin == '"';
	_cleanup_free_ char *path = NULL;

	begin += quoted;
	path = mount_unescape(xstrndup(begin, strcspn(begin, quoted ? "\"\n" : " \t\n")));
	return *path == '/' && exports_share(d, path);
}

static bool file_exports(const struct doctor *d, const char *path)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	_cleanup_free_ char *line = NULL;
	size_t room = 0;

	while (f && getline(&line, &room, f) > 0)
		if (line_exports(d, line))
			return true;
	return false;
}

static int look_into(const char *name, unsigned char type, void *arg)
{
	_cleanup_free_ char *path = xasprintf(EXPORTS ".d/%s", name);
	const char *dot = strrchr(name, '.');

	(void)type;
	return dot && *name != '.' && strcmp(dot, ".exports") == 0 && file_exports(arg, path);
}

static bool is_meant(struct doctor *d)
{
	return file_exports(d, EXPORTS) || safefs_list(AT_FDCWD, EXPORTS ".d", look_into, d) > 0;
}

/* -- judging ------------------------------------------------------------------------------------- */

static void judge_rights(struct doctor *d, const struct exported *e)
{
	struct stat st;

	if (e->root)
		doctor_note(d, DOCTOR_ADVICE, "export.root",
			    "export it with root_squash in place of no_root_squash, then:\n"
			    "exportfs -ra",
			    "exported by NFS with no_root_squash: root of each client may write "
			    "anything, and make setuid programs");
	if (e->squashed && fstatat(d->fd, spool_place_name(SPOOL_CLAIMS), &st, 0) == 0 &&
	    (unsigned)st.st_uid == e->squash)
		doctor_note(d, DOCTOR_ADVICE, "export.squash",
			    "export it without all_squash, or only to machines of which all people "
			    "may give orders to runners, then:\nexportfs -ra",
			    "exported by NFS with all_squash and anonuid=%u, the owner of "
			    "spool/claims/: everybody on the clients may order programs to be run",
			    e->squash);
	if (e->subtree)
		doctor_note(d, DOCTOR_ADVICE, "export.subtree",
			    "export it with no_subtree_check, then:\nexportfs -ra",
			    "exported by NFS with subtree_check: a file that is moved to another "
			    "folder while it is open becomes stale, and here all jobs are moved");
}

static void judge_export(struct doctor *d, const struct exported *e)
{
	bool found = e->count || e->below;

	if (!found && is_meant(d))
		doctor_note(d, DOCTOR_ADVICE, "export.sync",
			    "see that the NFS server runs here, then:\nexportfs -ra",
			    EXPORTS " names it, but the kernel's NFS server does not export it");
	else if (!found)
		doctor_note(d, DOCTOR_FINE, "export.sync", NULL,
			    "the kernel's NFS server does not export it from this host");
	else if (e->async)
		doctor_note(
			d, DOCTOR_UNSAFE, "export.sync",
			"export it with sync in place of async, then:\nexportfs -ra",
			"exported by NFS with async: if this host crashes, results are lost that "
			"were told to be safe");
	else
		doctor_note(d, DOCTOR_FINE, "export.sync", NULL,
			    "exported by NFS with sync: what is acknowledged is on the disk");
	if (e->readonly)
		doctor_note(d, DOCTOR_ADVICE, "export.write",
			    "export it with rw to all hosts that run or hand in jobs",
			    "exported to some hosts by NFS for reading only");
	if (e->below)
		doctor_note(d, DOCTOR_ADVICE, "export.whole",
			    "export the share as a whole, and only so, then:\nexportfs -ra",
			    "exported by NFS on their own: %s; of two mounts of one share no job "
			    "can be moved from one to the other",
			    e->below);
	judge_rights(d, e);
}

void doctor_export(struct doctor *d)
{
	_cleanup_fclose_ FILE *f = NULL;
	_cleanup_free_ char *line = NULL;
	struct exported e = { 0 };
	size_t room = 0;

	if (d->media[0].class & (MEDIUM_NFS | MEDIUM_SMB)) {
		doctor_note(
			d, DOCTOR_UNTRIED, "export.sync",
			"on the file server: spoolctl doctor, or: exportfs -v (sync, not async)",
			"a client cannot see whether the server writes to its disk before it "
			"answers");
		return;
	}
	f = fopen(ETAB, "re");
	if (!f && errno != ENOENT && errno != ENOTDIR) {
		doctor_note(d, DOCTOR_UNTRIED, "export.sync",
			    "run it as root, or ask for: exportfs -v (sync, not async)",
			    ETAB " cannot be read: %s", strerror(errno));
		return;
	}
	while (f && getline(&line, &room, f) > 0)
		read_export(d, line, &e);
	for (size_t i = 0; i < e.count; i++)
		take_options(&e, e.grants[i].options);
	judge_export(d, &e);
	free_exported(&e);
}
