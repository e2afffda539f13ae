/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * requeue - what the scan does with a copy that it finds in queued/.
 */
#ifndef SPOOLD_REQUEUE_H
#define SPOOLD_REQUEUE_H

#include "coordinator.h"

/* queued/.tmp-<id>.<n> was found: moved on if lost/ has its n, else thrown away. Called when all
 * places have been listed. */
void requeue_found_copy(struct coordinator *co, const char *copy, uint64_t id, unsigned attempt);

#endif
