/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serve - what the loop does at each turn: passes are made up, given to the worker, and what comes
 * of them is done. It knows no event library: main calls it.
 */
#ifndef RUNNER_SERVE_H
#define RUNNER_SERVE_H

#include <stdbool.h>
#include <stdint.h>

struct runner;

/* After each event: sends to the launcher, begins a pass if one is due. True: call again when the
 * launcher's socket can be written. */
bool serve_turn(struct runner *r);

/* When serve_turn has to be called at the latest (boot ms); INT64_MAX: when something happens. */
int64_t serve_due(const struct runner *r);

/* Something has come into the inbox under this name (NULL: who knows). */
void serve_news(struct runner *r, const char *name);

/* No more claims; the end when what runs has ended. */
void serve_drain(struct runner *r);

/* The same, and what runs is ended and given back. */
void serve_stop(struct runner *r);

#endif
