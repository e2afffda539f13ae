/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * complaint - what is wrong with something that a person wrote, in the five parts that he needs.
 *
 * The first complaint wins: later calls on a filled complaint change nothing, so callers may go on
 * checking.
 */
#ifndef SPOOL_COMPLAINT_H
#define SPOOL_COMPLAINT_H

#include <stdbool.h>
#include <stdio.h>

/* Returned where a complaint has been filled in: an expected outcome, not an error. */
#define COMPLAINT 1

struct complaint {
	char *file;	/* "job.conf", or a name inside the job, or the drop's own name; escaped */
	int line;	/* from 1; 0: the whole file */
	char *found;	/* "unknown key \"tll\"" */
	char *expected; /* "one of the keys of job.conf(5)" */
	char *remedy;	/* "did you mean \"ttl\"? correct the line and drop the folder again" */
};

/* Fills c (unless filled). file is copied; found, expected and remedy are heap strings that c owns
 * from here on. Control characters in any of them become question marks. Always returns COMPLAINT.
 */
int complain(struct complaint *c, const char *file, int line, char *found, char *expected,
	     char *remedy);

bool complaint_any(const struct complaint *c);

/* "job.conf:3: unknown key "tll"; expected ...; ..." as one heap line without newline. */
char *complaint_line(const struct complaint *c);

/* The text of REJECTED.txt: a friendly heading naming the drop, then the five parts, each on a line
 * ("File: ", "Line: ", "Found: ", "Expected: ", "What to do: "), and that nothing was deleted.
 * Where the line is 0, it reads "Line: the whole file". Heap. */
char *complaint_page(const struct complaint *c, const char *drop_name);

void complaint_free(struct complaint *c); /* leaves it empty and reusable */

#endif
