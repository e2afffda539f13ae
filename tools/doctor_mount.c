/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor_mount - how this host has mounted the share, and how it exports it.
 *
 * The rules of the mount are lib/medium.c's. The export is read where the kernel's file server
 * keeps it, /var/lib/nfs/etab, and so only on the file server itself; a client cannot see whether
 * its writes are on a disk when they are acknowledged. Changes nothing.
 */
#include "doctor.h"

#include "cleanup.h"
#include "escape.h"
#include "xalloc.h"

#include <string.h>

#define ETAB "/var/lib/nfs/etab"

/* -- the mount ----------------------------------------------------------------------------------- */

/* What does not concern what runs here is worth knowing, and no danger. */
static void note_medium(struct doctor *d, const struct medium_finding *f)
{
	static const enum doctor_level levels[] = { [MEDIUM_FINE] = DOCTOR_FINE,
						    [MEDIUM_ADVICE] = DOCTOR_ADVICE,
						    [MEDIUM_UNSAFE] = DOCTOR_UNSAFE };

	if (f->who & d->roles)
		doctor_note(d, levels[f->level], f->topic, f->remedy, "%s", f->found);
	else if (f->level == MEDIUM_UNSAFE)
		doctor_note(d, DOCTOR_FINE, f->topic, NULL, "%s here would refuse to start: %s",
			    f->who & MEDIUM_RUNNER ? "a runner" : "a coordinator", f->found);
}

void doctor_mount(struct doctor *d)
{
	_cleanup_free_ char *source = escape_text(d->medium.mount.source, ESCAPE_TEXT),
			    *point = escape_text(d->medium.mount.point, ESCAPE_TEXT),
			    *type = escape_text(d->medium.mount.type, ESCAPE_TEXT),
			    *options = medium_options(&d->medium);

	doctor_note(d, DOCTOR_FINE, "mount", NULL, "%s is mounted at %s from %s as %s, with %s",
		    d->shown, point, source, type, *options ? options : "no options that matter");
	for (size_t i = 0; i < d->medium.count; i++)
		note_medium(d, &d->medium.items[i]);
}

/* -- the export ---------------------------------------------------------------------------------- */

struct exported {
	size_t found; /* lines that are about the share */
	bool async, readonly;
};

/* "path<tab>client(options)"; blanks in the path are octal escapes. True if it exports the share.
 */
static bool exports_share(const struct doctor *d, const char *path)
{
	struct stat share, other;
	size_t len = strlen(path);

	if (strncmp(d->path, path, len) == 0 &&
	    (strcmp(path, "/") == 0 || d->path[len] == '/' || !d->path[len]))
		return true;
	return fstat(d->root_fd, &share) == 0 && stat(path, &other) == 0 &&
	       share.st_dev == other.st_dev && share.st_ino == other.st_ino;
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; (p = strstr(p, word)); p += len)
		if ((p[-1] == '(' || p[-1] == ',') && (p[len] == ',' || p[len] == ')'))
			return true;
	return false;
}

static void read_export(const struct doctor *d, char *line, struct exported *e)
{
	_cleanup_free_ char *path = NULL;
	char *options, *tab = strpbrk(line, "\t ");

	if (!tab)
		return;
	options = strchr(tab, '(');
	path = mount_unescape(xstrndup(line, (size_t)(tab - line)));
	if (!options || !exports_share(d, path))
		return;
	e->found++;
	e->async |= has_word(options, "async");
	e->readonly |= has_word(options, "ro");
}

static void judge_export(struct doctor *d, const struct exported *e)
{
	if (!e->found)
		doctor_note(d, DOCTOR_FINE, "export.sync", NULL,
			    "the kernel's NFS server does not export it from this host");
	else if (e->async)
		doctor_note(
			d, DOCTOR_UNSAFE, "export.sync",
			"export it with sync in place of async, then: exportfs -ra",
			"exported by NFS with async: if this host crashes, results are lost that "
			"were told to be safe");
	else
		doctor_note(d, DOCTOR_FINE, "export.sync", NULL,
			    "exported by NFS with sync: what is acknowledged is on the disk");
	if (e->readonly)
		doctor_note(d, DOCTOR_ADVICE, "export.write",
			    "export it with rw to all hosts that run or hand in jobs",
			    "exported to some hosts by NFS for reading only");
}

void doctor_export(struct doctor *d)
{
	_cleanup_fclose_ FILE *f = NULL;
	_cleanup_free_ char *line = NULL;
	struct exported e = { 0 };
	size_t room = 0;

	if (d->medium.class & (MEDIUM_NFS | MEDIUM_SMB)) {
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
	judge_export(d, &e);
}
