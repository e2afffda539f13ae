/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * screen - what stands between a text that anybody may have written and libconfuse; for cfgfile.c
 * alone.
 *
 * Checks the whole grammar against the keys that are known, complains in words with our own line
 * numbers, and writes the text anew in the one plain form that libconfuse reads without a surprise:
 * known keys in their own spelling, every bare value in quotes, no comments, each thing on the line
 * where it stood.
 */
#ifndef SPOOL_SCREEN_H
#define SPOOL_SCREEN_H

#include "cfgfile.h"

#define SCREEN_MAX_SECTIONS 512

struct screen_mark {		       /* a key that was found */
	const struct cfgfile_key *key; /* borrowed from the key list */
	int line;
	bool inside; /* of the section whose mark came last */
};

struct screened {
	char *text;		   /* zero-terminated */
	struct screen_mark *marks; /* in the order of the text */
	size_t count;
};

/* 0 with *ret filled, or COMPLAINT. */
int screen_read(const char *file, const char *text, size_t len, const struct cfgfile_key *keys,
		enum cfgfile_source source, struct screened *ret, struct complaint *c);
void screen_free(struct screened *s);

#endif
