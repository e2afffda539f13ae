/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keepers - the launcher's keepers: one for each job, and some that wait for the next.
 */
#ifndef RUNNER_KEEPERS_H
#define RUNNER_KEEPERS_H

#include "message.h"

#include <stdbool.h>

/* Descriptors with a fixed number; a keeper has its own socket in place of the daemon's. */
enum {
	FD_SOCK = 3,
	FD_LOCKS = 4,
	FD_CGROUP = FD_LOCKS + MESSAGE_MAX_FDS, /* a keeper's */
	FD_FREE
};

struct slot {
	unsigned number;	     /* of its control group */
	pid_t pid;		     /* 0: killed, its orphans are being killed */
	int sock;		     /* -1: closed */
	uint64_t tag;		     /* of its job; 0: idle */
	enum message_why why;	     /* of the STOP passed on to it */
	bool told;		     /* the daemon knows that it runs */
	int64_t started_at, started; /* wall and boot ms */
};

struct keepers { /* all zero to begin with, but for cgroup */
	struct slot *slots;
	size_t count;
	int cgroup; /* above those of the keepers; -1: none */
};

/* A new one; slots move. NULL with errno. */
struct slot *keepers_new(struct keepers *k);

/* One that waits for a job, or NULL. */
struct slot *keepers_idle(const struct keepers *k);
size_t keepers_idle_count(const struct keepers *k);
size_t keepers_busy_count(const struct keepers *k);

/* Sends all that wait home but one, which spares the next job a fork. */
void keepers_send_home(struct keepers *k);

/* The one with this job, the one that is this process; or NULL. */
struct slot *keepers_with_tag(const struct keepers *k, uint64_t tag);
struct slot *keepers_with_pid(const struct keepers *k, pid_t pid);

/* The keeper hears the end of its socket, kills its job and ends. */
void keepers_close(struct slot *s);

/* Forgets one that has ended; the last slot moves into its place. */
void keepers_drop(struct keepers *k, struct slot *s);

#endif
