/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inboxes - who holds which attempt, by the names of the files in claims/<runner>/.
 *
 * Names only: a ticket is never opened here. On NFS a reader holds a delegation, and if this host
 * then dies the coordinator could not move the ticket for a minute and a half.
 */
#ifndef SPOOL_INBOXES_H
#define SPOOL_INBOXES_H

#include "spool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct inboxes_ticket {
	uint64_t id;
	unsigned attempt;
	enum spool_ticket_kind kind;
	char *runner; /* borrowed from the list of runners */
};

struct inboxes {
	struct inboxes_ticket *tickets; /* sorted by id, attempt, kind; orders included */
	size_t count;
	char **runners; /* the folders of claims/ */
	bool *readable; /* of each: could it be read? */
	size_t runner_count;
};

/* Reads all inboxes, each opened afresh by path. 0, or negative errno if claims/ itself cannot be
 * read. */
int inboxes_read(const struct spool *sp, struct inboxes *ret);
void inboxes_free(struct inboxes *in);

/* True if the runner has an inbox that could be read, so that no ticket of it means that it has
 * none. */
bool inboxes_knows(const struct inboxes *in, const char *runner);

/* The ticket of an attempt that has come farthest (done or back, claim, offer, not yet offered);
 * orders and withdrawn offers do not count. NULL if there is none. Borrowed. */
const struct inboxes_ticket *inboxes_find(const struct inboxes *in, uint64_t id, unsigned attempt);

/* What people call a job in active/ whose ticket is t (NULL: none seen): "OFFERED" "RUNNING"
 * "COMPLETING". */
const char *inboxes_state(const struct inboxes_ticket *t);

#endif
