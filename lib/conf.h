/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf - a program's options: one table holds name, type, default, range and help; the
 * configuration file, the command line (-o name=value), --config-check, the sample file in etc/ and
 * the manual page's list all come from it.
 */
#ifndef SPOOL_CONF_H
#define SPOOL_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct complaint;
struct strlist;

enum conf_type {
	CONF_STRING, /* value: char **, heap */
	CONF_INT,    /* value: int64_t * */
	CONF_TIME,   /* value: int64_t *, milliseconds; min and max in milliseconds too */
	CONF_SIZE,   /* value: int64_t *, bytes */
	CONF_BOOL,   /* value: bool *; yes/no, true/false, on/off, 1/0 */
	CONF_LIST    /* value: struct strlist * */
};

struct conf_option {
	const char *name; /* a table ends with name NULL */
	enum conf_type type;
	const char *fallback; /* the default, as a person would write it (lists: items separated by
				 blanks); "" may mean none */
	int64_t min, max;     /* of INT, TIME, SIZE; both 0: no range but >= 0 */
	const char *help;     /* one line, without full stop */
	void *value;	      /* where it goes */
};

/* Fills all values with their defaults (asserts that the table's defaults are valid). Frees what
 * was there before, so strings must be NULL and lists empty the first time. */
void conf_defaults(const struct conf_option *table);

/* Reads file (at most 64 KiB, a regular file or a link to one) over the values. 0; COMPLAINT with c
 * filled, the values before the faulty one are set then; negative errno if file cannot be read. */
int conf_load(const char *file, const struct conf_option *table, struct complaint *c);

/* One "name=value" from the command line. 0, or COMPLAINT. */
int conf_set(const char *assignment, const struct conf_option *table, struct complaint *c);

/* The annotated sample: for each option its help, type, range and default as comments and the
 * commented-out assignment. */
void conf_print_sample(FILE *out, const char *program, const struct conf_option *table);

/* "name = value" for each option as now in force, in the file's syntax (for --config-check). */
void conf_print(FILE *out, const struct conf_option *table);

void conf_release(const struct conf_option *table); /* frees strings and lists */

#endif
