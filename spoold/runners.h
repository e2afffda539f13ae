/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runners - who can take work: registrations and heartbeats.
 */
#ifndef SPOOLD_RUNNERS_H
#define SPOOLD_RUNNERS_H

#include "coordinator.h"

/* spool/runners/<file> has changed: a registration or a beat is read. */
void runners_news(struct coordinator *co, const char *file);

/* Reads all registrations and beats; then notes who has been silent for longer than the lease. 0 or
 * negative errno. */
int runners_scan(struct coordinator *co);

/* Has this scan read every inbox that lies in claims/? If not, a ticket that it has not met may lie
 * in one of the others. */
bool runners_all_read(struct coordinator *co);

/* Reads its beat now, asking the server. 0: what there is has been read; negative errno: nobody can
 * say now. */
int runners_look_again(struct coordinator *co, struct runner *r);

/* A runner by name, or NULL. */
struct runner *runners_find(struct coordinator *co, const char *name);

/* "IDLE", "MIXED", "BUSY", "DRAINING", "DRAINED", "UNFIT", "ABSENT"; "ERROR": there, but gets no
 * work. */
const char *runners_state(const struct runner *r);
void runners_free(struct coordinator *co);

#endif
