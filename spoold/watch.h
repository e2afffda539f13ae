/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch - news from the kernel about the few permanent folders; the only door to libinotifytools.
 *
 * News is a hint: it names what to look at, and carries no truth of its own. What is missed, the
 * scan finds.
 */
#ifndef SPOOLD_WATCH_H
#define SPOOLD_WATCH_H

#include "coordinator.h"

/* Initialises the library. Call first of all, before many descriptors are open (it uses select). 0
 * or negative errno. */
int watch_init(void);

/* Joins the loop; co gets the news. 0 or negative errno. */
int watch_start(struct coordinator *co);

/* Watches a permanent folder of the share. A folder watched already is left as it is. 0 or negative
 * errno. */
int watch_box(struct coordinator *co, struct box *box);
int watch_inbox(struct coordinator *co, const char *runner);
int watch_place(struct coordinator *co, enum spool_place place); /* SPOOL_RUNNERS, SPOOL_REQUESTS */

void watch_stop(void);

#endif
