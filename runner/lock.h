/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lock - one runner of a name for a spool on this machine.
 *
 * Two descriptors hold it: a flock on <name>.lock in the state folder, and a socket whose abstract
 * name holds spool and runner, for somebody may name another state folder. Both are given to the
 * launcher too, so they are free only when nothing of the old jobs runs: whoever has the lock
 * may give back all claims that he finds. If the daemon was killed, its launcher answers at the
 * socket, and hands both over to a daemon that goes on with its jobs.
 */
#ifndef RUNNER_LOCK_H
#define RUNNER_LOCK_H

#include "message.h"

#include <sys/types.h>

struct lock {
	int fds[2]; /* the file; the socket, -1 if another user sits on its name */
};

/* What comes with a lock that a launcher has kept after its daemon was killed. */
struct heirloom {
	int sock; /* the launcher's; -1: there is none */
	struct message_hello hello;
};

/* Takes it, waiting up to wait_ms for a former instance that is still ending its jobs; or takes it
 * over from the launcher of one that was killed, with *heirloom (whose sock is -1 before). 0;
 * -EBUSY with *ret_why a heap sentence naming the holder; other negative errno with *ret_why. Ends
 * early with -EINTR when a signal is pending that ends the program. */
int lock_take(int state_fd, const char *spool_id, const char *name, int wait_ms, struct lock *ret,
	      struct heirloom *heirloom, char **ret_why);

/* The process that holds it now; 0: nobody. */
pid_t lock_holder(const char *spool_id, const char *name);

/* Somebody has asked who we are (fds[1] is readable): the kernel has told him; hangs up. */
void lock_answer(const struct lock *lock);

#endif
