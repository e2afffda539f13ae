/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * endings - reports of jobs that have ended, kept by the launcher until their tickets have left: a
 * daemon that comes after the one that was killed needs them, too.
 */
#ifndef RUNNER_ENDINGS_H
#define RUNNER_ENDINGS_H

#include "message.h"

#include <stdbool.h>

struct ending {
	struct message_report report;
	bool told;
};

struct endings { /* all zero to begin with */
	struct ending *list;
	size_t count;
};

void endings_add(struct endings *e, const struct message_report *report);
void endings_forget(struct endings *e, uint64_t tag);
void endings_forget_all(struct endings *e);

/* A daemon that knows none of them is there now. */
void endings_tell_again(struct endings *e);

/* Tells what has not been told, in the order of the ends, as long as tell says true (it took it).
 */
void endings_tell(struct endings *e, bool (*tell)(void *arg, const void *packet, size_t len),
		  void *arg);

#endif
