/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guard - one coordinator at a time: a lock on the local disk and the file spool/coordinator.
 */
#ifndef SPOOLD_GUARD_H
#define SPOOLD_GUARD_H

#include "coordinator.h"

/* Takes the local locks; makes sure that no coordinator on another machine is alive (which takes
 * two leases unless our lock, or a new share, vouches for that); names this instance. 0; negative
 * errno with *ret_why a heap sentence (-ECANCELED: SIGTERM or SIGINT, which are blocked, has come).
 */
int guard_take(struct coordinator *co, char **ret_why);

/* Starts the beat of spool/coordinator; stops the coordinator for good when another's instance is
 * read there. 0 or negative errno. */
int guard_start(struct coordinator *co);

/* May anything be moved? Not while our own sign is older than half a lease, nor for a lease after
 * it was missing: it is said in the log, and a turn of the loop follows when it has been renewed.
 */
bool guard_holds(const struct coordinator *co);

void guard_release(struct coordinator *co);

#endif
