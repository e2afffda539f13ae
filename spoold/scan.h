/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan - the share is read and compared with memory: the authority behind all news, and the whole
 * of start-up.
 */
#ifndef SPOOLD_SCAN_H
#define SPOOLD_SCAN_H

#include "coordinator.h"

/* Everything, at once: start-up. 0 or negative errno (the share cannot be read). */
int scan_all(struct coordinator *co);

/* Starts the timers: boxes, inboxes and requests every few seconds, job folders every some minutes
 * in slices. 0 or negative errno. */
int scan_start(struct coordinator *co);

/* News was lost: boxes, inboxes and requests are listed soon. */
void scan_soon(struct coordinator *co);

/* Something is to be looked at again in so many milliseconds, by the same scan. */
void scan_within(struct coordinator *co, int64_t ms);

/* Jobs have been forgotten: everything is read again after the usual time, as at start, and until
 * then nothing is concluded from what is not known. */
void scan_anew(struct coordinator *co);

/* Has everything been read, so that an unknown job is none? */
bool scan_knows_all(void);

void scan_stop(void);

#endif
