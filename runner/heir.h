/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * heir - a daemon that calls at the lock's socket while the launcher is alone, and wants to go on
 * with its jobs.
 */
#ifndef RUNNER_HEIR_H
#define RUNNER_HEIR_H

#include "message.h"

/* Takes in whoever calls at the listening socket, if it is the same user's process. *heir (-1: none
 * yet) is displaced: one that says nothing keeps nobody out. */
void heir_let_in(int *heir, int listening);

/* What it says: MESSAGE_ADOPT, MESSAGE_END; 0: nothing, or nothing of use, then it is dropped. */
enum message_type heir_hear(int *heir);

void heir_drop(int *heir);

#endif
