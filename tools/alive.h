/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * alive - does a coordinator look after this share? Told by the counter in spool/coordinator, which
 * it moves every 5 s.
 */
#ifndef SPOOL_ALIVE_H
#define SPOOL_ALIVE_H

#include <stdbool.h>
#include <stdint.h>

struct spool;

struct alive {
	uint64_t first; /* the counter when watching began */
	int64_t since;	/* boot ms of that */
	bool there;	/* a record was readable then */
	bool vanished;	/* it names a process of this host that is no more */
	bool moved;	/* the counter has moved since: certainly alive */
};

/* Begins to watch. */
void alive_begin(const struct spool *sp, struct alive *a);

/* Looks again. True if by now nobody can be expected to answer: no record at all, a process that
 * has gone, or a counter that has stood still for longer than a living coordinator leaves it. */
bool alive_is_gone(const struct spool *sp, struct alive *a);

#endif
