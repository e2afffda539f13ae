/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * medium_rules - the table of what is said of mounts; medium alone reads it.
 */
#ifndef SPOOL_MEDIUM_RULES_H
#define SPOOL_MEDIUM_RULES_H

#include "medium.h"

#include <stdbool.h>
#include <stddef.h>

#define MEDIUM_RULES_REMOTE (MEDIUM_NFS | MEDIUM_SMB | MEDIUM_CLUSTER | MEDIUM_COPIES)

struct medium_rule {
	const char *topic;
	unsigned classes; /* of enum medium_class */
	unsigned who;	  /* of enum medium_role */
	enum medium_level level;
	char *(*finds)(const struct mount *m); /* heap text naming what was found, or NULL */
	const char *found;		       /* goes on behind what it has found */
	const char *remedy;		       /* NULL if the level is fine */
	const char *fine;		       /* what to say otherwise, or NULL */
	bool final;
};

/* All of them, in the order in which they are told. Of several with one topic, "fine" of the last
 * is said if none of them has found anything. */
const struct medium_rule *medium_rules_list(size_t *ret_count);

/* The condition of rules that hold for each mount of their classes: its type; heap. */
char *medium_rules_any(const struct mount *m);

#endif
