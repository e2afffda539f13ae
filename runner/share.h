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
	int unsealed; /* the inbox, with renames that are not durable yet; -1: none */
};

/* The share cannot be worked on: opens it anew if the same spool is there, and makes our inbox if
 * it has vanished; makes nothing otherwise, so that no second spool grows on an empty mount point.
 * 0, or negative errno after having told why. */
int share_mend(struct share *share);

#endif
