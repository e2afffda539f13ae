/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * waiting - waits until jobs have ended and tells their exit code, for spoolctl wait and submit
 * --wait.
 */
#ifndef SPOOL_WAITING_H
#define SPOOL_WAITING_H

#include <stddef.h>
#include <stdint.h>

struct spool;

#define WAITING_CODE_TTL 124	/* ended by its time limit */
#define WAITING_CODE_KILLED 137 /* cancelled, or out of memory */

/*
 * Waits for all of them, at most timeout_ms (0: for ever). Returns the code of the first, in the
 * order given, that is not 0: its own exit code; 128 + signal; WAITING_CODE_*; TELL_FAILED for a
 * job that was lost or rejected, that is not or no longer there, or when the time is over (the last
 * three are told on stderr).
 */
int waiting_run(const struct spool *sp, const uint64_t *ids, size_t count, int64_t timeout_ms);

#endif
