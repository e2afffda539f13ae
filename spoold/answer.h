/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * answer - the files that we put into a job's folder.
 */
#ifndef SPOOLD_ANSWER_H
#define SPOOLD_ANSWER_H

#include "coordinator.h"

#define ANSWERS_MOST 2

/* Files that are to be put into a folder, together. The texts are owned. */
struct answers {
	bool aside; /* files of ours that are there go to attempts/0 first */
	size_t count;
	struct answer {
		const char *name; /* SPOOL_RESULT, SPOOL_REJECTED */
		char *text;
		size_t len;
	} items[ANSWERS_MOST];
};

void answers_add(struct answers *a, const char *name, char *text, size_t len); /* takes text */
void answers_free(struct answers *a); /* and what it points to; NULL is fine */

/*
 * Puts them into the job's folder, open as dir, whatever has their names there (a folder is moved
 * aside to <name>.old-<nonce>), and takes them over. If nothing is in the way it is done at once,
 * touched for the next sync; else in a slow lane, durably: a client may hold what is there. Then
 * done(job, 0 or negative errno) names the next step.
 */
void answers_put(struct job *job, int dir, struct answers *a,
		 void (*done)(struct job *job, int result));

/* One at once, into a folder of ours that no client has seen; touched for the next sync. 0 or
 * negative errno. */
int answer_put(struct coordinator *co, int dir, const char *name, const char *text, size_t len);

/* The text of a job.result for what ends without an outcome of a runner: prior (a ticket without
 * outcome, or empty), an outcome with this state and reason, and our own block. Heap. */
char *answer_close(const struct coordinator *co, const char *prior, size_t prior_len,
		   const char *state, const char *reason, size_t *ret_len);

/* The same without any ticket. */
char *answer_text(const struct coordinator *co, const char *state, const char *reason,
		  size_t *ret_len);

#endif
