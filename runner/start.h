/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * start - all that precedes the loop.
 */
#ifndef RUNNER_START_H
#define RUNNER_START_H

struct runner;

/* The runner's name: the one given, or the host's up to its first dot. Heap. Ends the program with
 * a sentence if that is none. */
char *start_name(const char *given);

/* From r->opt, signals blocked, to a runner that has launcher, lock, registration and workers. Ends
 * the program with a sentence if that cannot be. */
void start_runner(struct runner *r);

#endif
