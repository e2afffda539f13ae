/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sign - what spool/coordinator says: which coordinator there is, and that it lives.
 */
#ifndef SPOOLD_SIGN_H
#define SPOOLD_SIGN_H

#include "spool.h"

#include <stdbool.h>
#include <stddef.h>

struct sign {
	char *instance, *machine, *host, *counter;
	char *lock; /* which lock excludes its writer from that machine */
	bool at_work;
};

/* Reads it by name, in the folder opened by path, which no cache of a client answers. 0
 * (sign_free); -ENOENT; -EBADMSG: torn (it is being rewritten, or is damaged); other negative
 * errno. */
int sign_read(const struct spool *sp, struct sign *ret);

void sign_free(struct sign *s);

/* A record with the next counter, heap. Each has the same length, *ret_len, so that it can be
 * rewritten in place. */
char *sign_text(const char *instance, const char *lock, bool at_work, size_t *ret_len);

#endif
