/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * purge - what is ours and has had its time is removed: evidence in lost/, old answers, forgotten
 * temporaries.
 */
#ifndef SPOOLD_PURGE_H
#define SPOOLD_PURGE_H

#include "coordinator.h"

/* With each whole scan; at most some hundred removals, so that the disk is not kept busy. */
void purge_run(struct coordinator *co);

#endif
