/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * looks - one look at a drop: is it complete, as far as anybody can tell?
 */
#ifndef SPOOLD_LOOKS_H
#define SPOOLD_LOOKS_H

#include "coordinator.h"

enum verdict { COMPLETE_FILE, COMPLETE_FOLDER, INCOMPLETE, STILL, CHANGING, ANSWERED, GONE };

struct look {
	/* what is asked for, and what is known of the drop */
	struct coordinator *co;
	struct drop *drop; /* the asker's; NULL: nobody waits for the result any more */
	bool first;	   /* only a look to compare the next one with */
	int box_fd;
	char *name;
	bool local, ready_needed, whole;
	int64_t settle_polled, still_since;
	char before[65], lacking[65];
	/* what was found */
	enum verdict verdict;
	char fingerprint[65];
	bool tells;	   /* lacks says something */
	const char *lacks; /* what it waits for, or NULL */
	bool empty;	   /* a folder without anything in it */
};

/* For the drop as it is remembered; the look is freed by looks_free. */
struct look *looks_new(struct coordinator *co, struct drop *drop);

/* Looks. Touches nothing but the share and the look, so any thread may do it. */
void looks_run(struct look *look);

void looks_free(struct look *look);

#endif
