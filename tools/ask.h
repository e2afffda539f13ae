/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ask - requests to the coordinator and its answers: a file in requests/, a file of the same name
 * in replies/.
 */
#ifndef SPOOL_ASK_H
#define SPOOL_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spool;

#define ASK_NONCE_HEX 8
#define ASK_PATIENCE 10000 /* ms that a person waits for an answer */

struct ask {
	char *name; /* of the request and of its reply */
	bool answered, ok;
	uint64_t number; /* the job's id, or what the verb tells; 0: none */
	char *text;	 /* the rest of the answer's first line, raw; never NULL once answered */
};

/* Puts a request with a fresh nonce into requests/: verb ("cancel"), target ("12" or ""), reason in
 * words or NULL. 0 with *ret begun (ask_free), or negative errno. */
int ask_send(const struct spool *sp, const char *verb, const char *target, const char *reason,
	     struct ask *ret);

/* An ask for a reply whose request was made otherwise (submit: "admit.<nonce>"). */
void ask_expect(struct ask *ret, const char *name);

/* Looks once for those of the count asks that are not answered yet. Returns how many still are not.
 */
size_t ask_look(const struct spool *sp, struct ask *asks, size_t count);

/*
 * Waits until all are answered, at most ASK_PATIENCE since the last answer. 0 all answered;
 * ASK_UNANSWERED some are not though a coordinator may be there; ASK_NOBODY some are not and no
 * coordinator is alive.
 */
enum { ASK_UNANSWERED = 1, ASK_NOBODY = 2 };
int ask_wait(const struct spool *sp, struct ask *asks, size_t count);

void ask_free(struct ask *a); /* contents */

#endif
