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
	char *state; /* "IDLE" "MIXED" "BUSY" "DRAINING" "DRAINED" "ABSENT", "?": nobody has told */
	bool has_registration, has_beat;
	struct registration registration;
	struct beat beat;
};

struct machines {
	struct machine *items; /* sorted by name */
	size_t count;
};

/*
 * Reads runners/ and the newest snapshot. Whether a runner is there is decided by the coordinator,
 * who watches its counter: ABSENT is what the snapshot says, and without one nobody has told. 0 or
 * negative errno.
 */
int machines_read(const struct spool *sp, struct machines *ret);
void machines_free(struct machines *m);

/* Counts as there: everything but ABSENT. */
bool machine_is_current(const struct machine *m);

#endif
