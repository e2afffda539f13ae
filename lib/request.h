/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * request - what people ask for, by file names: <verb>-<target>[-<argument>][.<nonce>] in
 * spool/requests/.
 *
 * Verbs are taken in any case. The nonce is whatever stands behind the last point, letters and
 * digits, so that "Cancel-12.txt" from a file manager works too.
 */
#ifndef SPOOL_REQUEST_H
#define SPOOL_REQUEST_H

#include <stdint.h>

enum request_verb {
	REQUEST_CANCEL,
	REQUEST_RM,	  /* target: a job id */
	REQUEST_SNAPSHOT, /* "snapshot.<nonce>": publish a fresh status
			   * snapshot; the reply says its number */
	REQUEST_LATER,	  /* hold release requeue ttl priority drain resume
			   * upgrade: not supported by this version */
	REQUEST_VERBS
};

struct request {
	enum request_verb verb;
	uint64_t id;	/* the job, 0 if the verb has none */
	char *target;	/* as written, "" if none */
	char *argument; /* or "" */
	char *nonce;	/* or "" */
};

/* Parses a file's name. 0, or -EINVAL (not a request: told once in a reply "not understood"). */
int request_parse(const char *name, struct request *ret);
void request_free(struct request *r);

/* The name for a request; heap. nonce may be NULL. */
char *request_name(const char *verb, const char *target, const char *nonce);
const char *request_verb_name(enum request_verb verb);

#endif
