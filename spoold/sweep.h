/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sweep - spent files in inboxes are removed, after what made them spent is durable.
 */
#ifndef SPOOLD_SWEEP_H
#define SPOOLD_SWEEP_H

#include "coordinator.h"

/* Removes one name of the runner's inbox: everything touched so far is synced first. A client may
 * have had the file open (and died): the unlink can take up to 90 s, which is why no loop waits for
 * it. */
void sweep_ticket(struct coordinator *co, const struct runner *runner, uint64_t id,
		  unsigned attempt, enum spool_ticket_kind kind, const char *rid);

#endif
