/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runners - who can take work: registrations and heartbeats.
 */
#ifndef SPOOLD_RUNNERS_H
#define SPOOLD_RUNNERS_H

#include "coordinator.h"

/* spool/runners/<file> has changed: a registration or a beat is read. */
void runners_news(struct coordinator *co, const char *file);

/* Reads all registrations and beats. 0 or negative errno. */
int runners_scan(struct coordinator *co);

/* A runner by name, or NULL. */
struct runner *runners_find(struct coordinator *co, const char *name);

/* Notes who has fallen silent for longer than the lease, or came back; writes the index's rows of
 * those that changed. Called once a scan. */
void runners_review(struct coordinator *co);

/* "IDLE", "MIXED", "BUSY", "DRAINING", "DRAINED", "ABSENT". */
const char *runners_state(const struct runner *r);
void runners_free(struct coordinator *co);

#endif
