/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * share - the share as the worker knows it. Nobody else touches it once the loop runs.
 */
#ifndef RUNNER_SHARE_H
#define RUNNER_SHARE_H

#include "durable.h"
#include "spool.h"

struct share {
	struct spool sp;
	const char *name; /* the runner's */
	const char *rid;
	unsigned slots;
	int64_t kill_wait_ms;
	int scratch_fd;
	const char *scratch; /* its path */
	struct durable durable;
	int64_t trouble_since; /* boot ms; 0: none */
	int launcher;	       /* socket, for the renewals of the lease */
	int64_t freeze_ms;     /* without a renewal jobs are frozen */
	int64_t good_until;    /* boot ms: of the last renewal; 0: none yet */
	int unsealed;	       /* the inbox, with renames that are not durable yet; -1: none */
};

/* The share cannot be worked on because of this error (negative errno). What is only trouble of the
 * network is waited for. Otherwise, or if that lasts, the share is opened anew if the same spool is
 * there, and our inbox is made if it has vanished; nothing else is made, so that no second spool
 * grows on an empty mount point. 0: it was opened anew; or negative errno after having told why. */
int share_rescue(struct share *share, int error);

#endif
