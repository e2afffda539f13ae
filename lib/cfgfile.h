/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cfgfile - one text in libconfuse syntax, checked against a list of keys; the only door to
 * libconfuse.
 *
 * libconfuse 3.3 exits, crashes, expands the environment or leaks on some inputs, and does not know
 * line numbers after the fact, so a screen of our own reads every text first: at most 64 KiB
 * (records: 256), UTF-8 BOM and CRLF accepted, no control characters, no "${", no function call,
 * sections only where the key list says so (one level, at most 512), no token over 4 KiB (records:
 * 64), no duplicate key, quotes and comments closed, a value on the line of its key, unknown keys
 * named with the nearest known one. The screen owns the line numbers; what libconfuse still refuses
 * is reported at the line that it names.
 */
#ifndef SPOOL_CFGFILE_H
#define SPOOL_CFGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CFGFILE_MAX_BYTES 65536
#define CFGFILE_MAX_TOKEN 4096

struct complaint;
struct cfgfile; /* the parsed text, or one section of it */

enum cfgfile_kind {
	CFGFILE_WORD,	 /* name = value          (kept as text; "90", 2h, "a b") */
	CFGFILE_LIST,	 /* name = {a, "b c"}     (a lone value is a list of one) */
	CFGFILE_SECTION, /* name { ... }          may come several times */
	CFGFILE_TITLED,	 /* name title { ... }    may come several times, titles differ */
	CFGFILE_LATER /* specified, not supported by this version: refused with exactly that text */
};

struct cfgfile_key {
	const char *name; /* a list of keys ends with name NULL */
	enum cfgfile_kind kind;
	const struct cfgfile_key *keys; /* of a section */
};

enum cfgfile_source {
	CFGFILE_PERSON, /* written by people: strict screen, no "\\x" escapes in strings */
	CFGFILE_RECORD	/* written by us (cfgfile_write_*): "\\xNN" escapes allowed, unknown keys
			   ignored (newer minor version) */
};

/*
 * Parses text (need not be zero-terminated). file is the name for complaints. Returns the tree,
 * owned by the caller, or NULL with c filled. Values that are set to "" count as set.
 */
struct cfgfile *cfgfile_parse(const char *file, const char *text, size_t len,
			      const struct cfgfile_key *keys, enum cfgfile_source source,
			      struct complaint *c);
void cfgfile_free(struct cfgfile *f);

/* All results are borrowed from f. A key that is not set gives NULL, 0 or false. */
bool cfgfile_has(const struct cfgfile *f, const char *key);
int cfgfile_line(const struct cfgfile *f, const char *key); /* line of the key, 0 if not set */
const char *cfgfile_word(const struct cfgfile *f, const char *key);
size_t cfgfile_count(const struct cfgfile *f, const char *key); /* items of a list */
const char *cfgfile_item(const struct cfgfile *f, const char *key, size_t i);
size_t cfgfile_sections(const struct cfgfile *f, const char *key);
const struct cfgfile *cfgfile_section(const struct cfgfile *f, const char *key, size_t i);
const char *cfgfile_title(const struct cfgfile *section);
int cfgfile_start(const struct cfgfile *section); /* line of the section's name */

/* All functions may be called from any thread (a tree by one at a time). */

/* Writers for records: "<indent>key = "value"\n" and "<indent>key = {"a", "b"}\n", quoted so that
 * cfgfile_parse with CFGFILE_RECORD gives the same bytes back (any bytes but NUL). indent is a
 * string of blanks. */
void cfgfile_write_word(FILE *out, const char *indent, const char *key, const char *value);
void cfgfile_write_list(FILE *out, const char *indent, const char *key, char *const *items,
			size_t count);

#endif
