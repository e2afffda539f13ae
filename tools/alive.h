/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * alive - does a coordinator look after this share? Told by spool/coordinator, which it replaces
 * every 5 s.
 */
#ifndef SPOOL_ALIVE_H
#define SPOOL_ALIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct spool;

struct alive {
	struct timespec first; /* the file's mtime when watching began */
	int64_t since;	       /* boot ms of that */
	int64_t looked;	       /* boot ms of the last look */
	bool known;	       /* first has been seen */
	bool there;	       /* the file was there then, or it could not be asked */
	bool vanished;	       /* it names a process of this host that is no more */
	bool moved;	       /* it has been replaced since: certainly alive */
};

/* Begins to watch. */
void alive_begin(const struct spool *sp, struct alive *a);

/* True if by now nobody can be expected to answer: no file at all, a process that has gone, or a
 * file that has stood still for longer than a living coordinator leaves it. May be asked as often
 * as one likes: looks again once a second at most. */
bool alive_is_gone(const struct spool *sp, struct alive *a);

#endif
