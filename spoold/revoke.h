/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * revoke - the marker <id>.<n>.revoked, by which a runner learns that an attempt is not its own any
 * more.
 */
#ifndef SPOOLD_REVOKE_H
#define SPOOLD_REVOKE_H

#include "coordinator.h"

/* Creates the marker with the reason as its line, touched for the next sync. 0, also if it is there
 * already, or negative errno. */
int revoke_mark(struct coordinator *co, const struct runner *runner, uint64_t id, unsigned attempt,
		const char *reason);

/* Is the marker there? 0, -ENOENT, or another negative errno. */
int revoke_look(const struct runner *runner, uint64_t id, unsigned attempt);

/* The reason in the job's marker; heap, or NULL. For a worker, too. */
char *revoke_reason(const struct job *job);

#endif
