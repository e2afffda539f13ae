/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table - a listing: columns chosen by the user, rows, printed as a table, as raw words or as JSON;
 * the only door to libsmartcols.
 *
 * Values are typed, and each form prints them as its readers expect:
 *     type               table              raw                   JSON
 *     text               escape_text        \xNN for blanks,      escape_text, as a string
 *                                           backslash, non-ASCII
 *     number, real       12, 1.5            the same              the same
 *     size (bytes)       17.2M              18035507              18035507
 *     duration           1:02:03            3723.000 (seconds)    3723.000
 *     time               2026-11-20T10:00:00Z in all three
 *     not known          -                  -                     null
 */
#ifndef SPOOL_TABLE_H
#define SPOOL_TABLE_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum table_type { TABLE_TEXT, TABLE_NUMBER, TABLE_REAL, TABLE_SIZE, TABLE_DURATION, TABLE_TIME };

enum table_flags {
	TABLE_SHOWN = 1, /* printed unless -o says otherwise: table and raw */
	TABLE_JSON = 2,	 /* in JSON unless -o says otherwise */
	TABLE_RIGHT = 4, /* aligned to the right */
	TABLE_CUT = 8	 /* may be cut where the terminal is too narrow */
};

struct table_column {
	const char *name;    /* for -o, and in lower case the key in JSON */
	const char *heading; /* above the column; NULL: the name */
	enum table_type type;
	unsigned flags;
	const char *help; /* one line for --help */
};

/* --json --raw --noheadings -o, parsed by table_argp, whose input this is. Start from { 0 }. */
struct table_options {
	bool json, raw, noheadings;
	char *columns; /* as given, heap, or NULL */
};
extern const struct argp table_argp;
void table_options_free(struct table_options *o); /* contents */

/* True if a person reads: neither JSON nor raw. */
bool table_is_plain(const struct table_options *o);

/* The list of columns for the end of a command's --help; heap. */
char *table_columns_help(const struct table_column *columns, size_t count);

struct table;

/* A new table, name being the key of the rows in JSON. columns stays borrowed. NULL if -o names an
 * unknown column, which has then been told on stderr: usage. */
struct table *table_new(const char *name, const struct table_column *columns, size_t count,
			const struct table_options *o);

/* True if the column is printed: spares work for the others. Setters ignore columns that are not.
 */
bool table_wants(const struct table *t, size_t column);

/* Begins a row; the setters fill it. What is not set is "not known". */
void table_row(struct table *t);
void table_text(struct table *t, size_t column, const char *text); /* raw bytes; NULL: not known */
void table_number(struct table *t, size_t column, uint64_t value);
void table_real(struct table *t, size_t column, double value);
void table_size(struct table *t, size_t column, uint64_t bytes);
void table_duration(struct table *t, size_t column, int64_t ms);       /* negative: not known */
void table_time(struct table *t, size_t column, int64_t wall_ms);      /* 0: not known */
void table_colour(struct table *t, size_t column, const char *colour); /* "red"; NULL: none */

/* Prints to stdout and frees. A table without rows prints nothing but the frame of its JSON. */
void table_print(struct table *t);
void table_free(struct table *t);

#endif
