/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * answer - the files that we put into a job's folder.
 */
#ifndef SPOOLD_ANSWER_H
#define SPOOLD_ANSWER_H

#include "coordinator.h"

/* Puts a file of ours into the folder dir under its name, whatever has that name there (a folder is
 * moved aside to <name>.old-<nonce>); touched for the next sync, as is dir. 0 or negative errno. */
int answer_put(struct coordinator *co, int dir, const char *name, const char *text, size_t len);

/* The text of a job.result for a job that ends without an outcome of a runner. Heap. */
char *answer_text(const struct coordinator *co, const char *state, const char *reason,
		  size_t *ret_len);

#endif
