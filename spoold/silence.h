/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * silence - how long a runner has given no sign of life, and what follows from it.
 */
#ifndef SPOOLD_SILENCE_H
#define SPOOLD_SILENCE_H

#include "coordinator.h"

/* Starts the clock by which silence is counted. 0 or negative errno. */
int silence_start(struct coordinator *co);
void silence_end(void);

/* Could the share and runners/ be read just now? While not, the clock stands still. */
void silence_sight(struct coordinator *co, bool clear);

/* The runner has given a sign of life. */
void silence_broken(struct coordinator *co, struct runner *r);

/* All beats that there are have been read: does anybody beat at all? */
void silence_listen(struct coordinator *co);

/* Has it been heard within the last lease? */
bool silence_is_present(const struct coordinator *co, const struct runner *r);

/* Does it freeze its jobs so early that they can be given to others after a lease? True for one
 * that freezes nothing: nothing is taken from it. */
bool silence_fits_lease(const struct coordinator *co, const struct runner *r);

/* What is wrong if it does not: heap. */
char *silence_misfit(const struct coordinator *co, const struct runner *r);

/*
 * May its claims be taken from it? It must have been silent for a whole lease, since its last sign
 * of life and since our own start; its registration says that it freezes its jobs; somebody else
 * beats; and one more look at its beat, now, shows nothing new. What stands in the way is logged
 * once.
 */
bool silence_is_loss(struct coordinator *co, struct runner *r);

/* "no sign of life from runner lab-07 from ... to ...": heap. */
char *silence_words(const struct coordinator *co, const struct runner *r);

#endif
