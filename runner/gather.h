/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gather - what ended jobs have left becomes durable and is listed, in a worker of its own: while
 * gigabytes are written out, heartbeats go on.
 */
#ifndef RUNNER_GATHER_H
#define RUNNER_GATHER_H

#include <stdbool.h>
#include <stdint.h>

struct job;
struct runner;

/* Has the ended job still something to be gathered, or files of ours open in its folder? Its ticket
 * must not be moved before. */
bool gather_wanted(const struct job *job);

/* Hands all jobs that have ended to the worker, if it is idle. */
void gather_begin(struct runner *r, int64_t now);

/* When gather_begin is to be called again (boot ms; INT64_MAX: after the next event). */
int64_t gather_due(const struct runner *r);

#endif
