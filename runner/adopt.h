/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * adopt - a daemon goes on where a killed one has stopped.
 */
#ifndef RUNNER_ADOPT_H
#define RUNNER_ADOPT_H

#include "message.h"

struct lock;
struct runner;

/* Behind sock, a connection to the lock's socket, may be a launcher that is alone: asks it to be
 * ours. 0 with *ret and the lock's descriptors (then sock is the launcher's); -ENOENT: it is none,
 * or is ending now. */
int adopt_launcher(int sock, struct message_hello *ret, struct lock *lock);

/* What the launcher says of itself, after it has got its lock. 0, or -ETIME. */
int adopt_hello(int launcher, struct message_hello *ret);

/* Hears which jobs it has, as many as its HELLO has said, and puts them into the runner's list. 0,
 * or -ETIME. */
int adopt_jobs(struct runner *r, uint32_t count);

#endif
