/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fields - one table says how a struct becomes a block of a record and how the block becomes the
 * struct again: the name of each key, its kind, its place in the struct and what it may hold.
 *
 * Written for people too: times as stamps, durations in seconds with three decimals, sizes in
 * bytes. What is absent is left out of the text.
 */
#ifndef SPOOL_FIELDS_H
#define SPOOL_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct cfgfile;

enum field_kind {
	FIELD_TEXT,	/* char *, heap */
	FIELD_LIST,	/* struct strlist */
	FIELD_INT,	/* int */
	FIELD_UNSIGNED, /* unsigned */
	FIELD_COUNT,	/* uint64_t, at most INT64_MAX */
	FIELD_STAMP,	/* int64_t, wall ms */
	FIELD_SECONDS,	/* int64_t, ms; 12345 is written as "12.345" */
	FIELD_REAL,	/* double, three decimals, not negative */
	FIELD_OWN	/* read and written by functions of the table */
};

struct field {
	const char *name; /* a table ends with name NULL */
	enum field_kind kind;
	size_t offset;	  /* of the member */
	bool optional;	  /* may be absent: then `none`, 0, NULL or an empty list */
	int64_t min, max; /* of INT, UNSIGNED, COUNT; both 0: 0 to the largest there is */
	int64_t none;	  /* of an optional INT, UNSIGNED or COUNT */
	bool (*check)(const char *text);			  /* of TEXT; NULL: anything goes */
	int (*read)(const struct cfgfile *section, void *record); /* of OWN: 0 or -EBADMSG */
	void (*write)(FILE *out, const void *record);		  /* of OWN */
};

#define FIELDS_MOST 32	  /* rows of one table */
#define FIELDS_SECTIONS 4 /* sections of one record */

/* What a record may hold; ends with name NULL. */
struct fields_section {
	const char *name; /* "offer" */
	const struct field *fields;
};

/* The block "name {\n ... }\n" with all fields of record; heap. */
char *fields_write(const struct fields_section *section, const void *record);

/*
 * Reads one block, which holds at most one of the sections, into record; what its members held
 * is freed. Returns the section's index, -ENOENT if the block holds none of them (a newer
 * version's: to be ignored), or -EBADMSG (then the members may be filled in part: fields_free).
 */
int fields_read(const char *text, size_t len, const struct fields_section *sections, void *record);

/* Frees the texts and lists of one table's members and leaves them empty. What is OWN is its
 * owner's. */
void fields_free(const struct field *fields, void *record);

/* For `check`: a word in capitals, as states are ("DONE"); newer versions may know more. */
bool fields_state_word(const char *text);

#endif
