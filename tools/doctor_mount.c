/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor_mount - how this host has mounted the share.
 *
 * The rules of the mount are lib/medium.c's, which are those that the daemons start by; here it is
 * weighed whom of this host they concern. Reads only the kernel's list of mounts, changes nothing.
 */
#include "doctor.h"

#include "cleanup.h"
#include "escape.h"
#include "xalloc.h"

#include <string.h>

/* What holds for a part of the share that has a mount of its own, "apps: noexec: ..."; heap. */
static char *found_where(const struct medium *md, const struct medium_finding *f)
{
	if (!md->part || strcmp(md->part, "spool") == 0)
		return xstrdup(f->found);
	return xasprintf("%s: %s", strcmp(md->part, ".") == 0 ? "the top of the share" : md->part,
			 f->found);
}

/* What does not concern what runs here is worth knowing, and no danger. On the host with the disk
 * there may be a runner one day. */
static void note_medium(struct doctor *d, const struct medium *md, const struct medium_finding *f)
{
	static const enum doctor_level levels[] = { [MEDIUM_FINE] = DOCTOR_FINE,
						    [MEDIUM_ADVICE] = DOCTOR_ADVICE,
						    [MEDIUM_UNSAFE] = DOCTOR_UNSAFE };

	_cleanup_free_ char *found = found_where(md, f);
	unsigned roles = d->roles;

	if (!roles && medium_is_remote(&d->media[0]))
		roles = MEDIUM_RUNNER; /* the question is whether one could work here */
	if (f->who & roles || (!roles && f->who == MEDIUM_ALL))
		doctor_note(d, levels[f->level], f->topic, f->remedy, "%s", found);
	else if (f->who == MEDIUM_RUNNER && !medium_is_remote(&d->media[0]))
		doctor_note(d, f->level == MEDIUM_FINE ? DOCTOR_FINE : DOCTOR_ADVICE, f->topic,
			    f->remedy, "%s%s",
			    f->level == MEDIUM_UNSAFE ? "no runner can work on this host: " : "",
			    found);
	else if (f->level == MEDIUM_UNSAFE)
		doctor_note(d, DOCTOR_FINE, f->topic, NULL, "%s here would refuse to start: %s",
			    f->who & MEDIUM_RUNNER ? "a runner" : "a coordinator", found);
}

static void note_mount(struct doctor *d, const struct medium *md)
{
	_cleanup_free_ char *source = escape_text(md->mount.source, ESCAPE_TEXT),
			    *point = escape_text(md->mount.point, ESCAPE_TEXT),
			    *type = escape_text(md->mount.type, ESCAPE_TEXT),
			    *options = medium_options(md), *path = medium_path(md, d->shown);

	doctor_note(d, DOCTOR_FINE, "mount", NULL, "%s is mounted at %s from %s as %s, with %s",
		    path, point, source, type, *options ? options : "no options that matter");
	for (size_t i = 0; i < md->count; i++)
		note_medium(d, md, &md->items[i]);
}

void doctor_mount(struct doctor *d)
{
	for (size_t i = 0; i < d->parts; i++)
		note_mount(d, &d->media[i]);
}
