/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attempts - attempts/<n>/job.result in a fresh copy: what became of the attempts before it.
 */
#ifndef SPOOLD_ATTEMPTS_H
#define SPOOLD_ATTEMPTS_H

#include <stddef.h>

/* Puts the record of the attempt into the new folder to, and beside it those that the attempt's own
 * folder from has of earlier ones. Durable, but for to itself. 0 or negative errno. */
int attempts_record(int from, int to, unsigned attempt, const char *text, size_t len);

#endif
