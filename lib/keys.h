/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keys - a list of known keys and what a person wrote instead; for screen.c.
 */
#ifndef SPOOL_KEYS_H
#define SPOOL_KEYS_H

#include "cfgfile.h"

struct token;

/* The key that the token spells, or NULL. People may write Executable; programs have no such
 * excuse. */
const struct cfgfile_key *keys_find(const struct cfgfile_key *keys, const struct token *t,
				    enum cfgfile_source source);

/* "one of the keys app, executable, ..." without those that are not supported yet. Heap. */
char *keys_names(const struct cfgfile_key *keys);

/* Complains about a token that is no key; next is what stands behind it, section the name of the
 * section that it is in, or NULL. COMPLAINT. */
int keys_refuse(const struct cfgfile_key *keys, const struct token *t, const struct token *next,
		const char *file, const char *section, struct complaint *c);

#endif
