/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * streams - stdout.txt and stderr.txt of a job: made before it starts, held open while it runs.
 */
#ifndef RUNNER_STREAMS_H
#define RUNNER_STREAMS_H

#include "safefs.h"

#include <stdint.h>

#define STREAMS 2

struct job;
struct runner;

/* "stdout.txt", "stderr.txt" */
const char *streams_name(int which);

/* Makes those of the job's streams that are not open yet, in the folder behind folder_fd on a file
 * system of this kind. Nobody's file is truncated or followed. 0; -EEXIST: something of this name
 * is there; other negative errno. *ret_which tells which one it was. For a worker. */
int streams_make(struct job *job, int folder_fd, enum safefs_kind kind, int *ret_which);

/* Closes what is open. May wait for the share: for a worker. */
void streams_close(struct job *job);

/* On NFS what a job writes stays in this client's memory until the file is closed or half a minute
 * is over; people who watch it from another machine shall see it sooner. So about once a second
 * what has grown is written out, in a worker. streams_flush begins that if it is due; streams_due
 * tells when (boot ms; INT64_MAX: not at all). */
void streams_flush(struct runner *r, int64_t now);
int64_t streams_due(const struct runner *r);

#endif
