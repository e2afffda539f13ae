/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machines - the runners of a share: registrations, last beats, and what the coordinator makes of
 * them.
 */
#ifndef SPOOL_MACHINES_H
#define SPOOL_MACHINES_H

#include "beat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spool;

struct machine {
	char *name;
	char *state; /* that of its heartbeat; or "ABSENT", "?": nobody has told */
	bool has_registration, has_beat;
	bool fresh; /* what the beat says of load, memory and slots is of this minute */
	struct registration registration;
	struct beat beat;
};

struct machines {
	struct machine *items; /* sorted by name */
	size_t count;
};

/*
 * Reads runners/ and the newest snapshot. Whether a runner is there is decided by the coordinator,
 * who watches its counter: ABSENT is what the snapshot says, and without one nobody has told. Where
 * runners/ is closed to the caller the snapshot alone tells. 0 or negative errno.
 *
 * On a network the beats are not read if the snapshot knows the runner: who has read such a file
 * over NFS 4 and then goes away makes the runner wait 90 s for its next beat, longer than its
 * lease. What they would say comes from elsewhere: when (the file's mtime), which jobs (names of
 * claims), the rest from the snapshot.
 */
int machines_read(const struct spool *sp, struct machines *ret);
void machines_free(struct machines *m);

/* Counts as there: everything but ABSENT. */
bool machine_is_current(const struct machine *m);

#endif
