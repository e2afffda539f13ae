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

/* What does not concern what runs here is worth knowing, and no danger. On the host with the disk
 * there may be a runner one day. */
static void note_medium(struct doctor *d, const struct medium_finding *f)
{
	static const enum doctor_level levels[] = { [MEDIUM_FINE] = DOCTOR_FINE,
						    [MEDIUM_ADVICE] = DOCTOR_ADVICE,
						    [MEDIUM_UNSAFE] = DOCTOR_UNSAFE };

	unsigned roles = d->roles;

	if (!roles && medium_is_remote(&d->medium))
		roles = MEDIUM_RUNNER; /* the question is whether one could work here */
	if (f->who & roles || (!roles && f->who == MEDIUM_ALL))
		doctor_note(d, levels[f->level], f->topic, f->remedy, "%s", f->found);
	else if (f->who == MEDIUM_RUNNER && !medium_is_remote(&d->medium))
		doctor_note(d, f->level == MEDIUM_FINE ? DOCTOR_FINE : DOCTOR_ADVICE, f->topic,
			    f->remedy, "%s%s",
			    f->level == MEDIUM_UNSAFE ? "no runner can work on this host: " : "",
			    f->found);
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
