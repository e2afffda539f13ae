/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lease - until when the launcher's jobs may run without another sign from the daemon.
 */
#ifndef RUNNER_LEASE_H
#define RUNNER_LEASE_H

#include <stdbool.h>
#include <stdint.h>

struct lease {
	int timer;	    /* readable when it may have run out */
	int64_t good_until; /* boot ms; 0: not held yet */
	bool out;	    /* jobs are frozen, or have to be */
};

/* A lease that nobody has granted yet. 0, or negative errno. */
int lease_open(struct lease *l);

/* Granted until then; an earlier end than before is ignored. */
void lease_renew(struct lease *l, int64_t good_until);

/* Looks at the clock; l->out tells from then on. True if that is news. */
bool lease_look(struct lease *l);

#endif
