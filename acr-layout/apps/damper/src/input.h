/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAMPER_INPUT_H
#define DAMPER_INPUT_H

#include <stddef.h>

#include "chain.h"

#define INPUT_SIZE_MAX 65536 /* bytes of an input file */
#define INPUT_WHY_MAX 400    /* bytes of a complaint, its end included */

struct input {
	struct chain chain;
	double low, high; /* the viscosities to search; equal if a single one was given */
};

/*
 * Understand the text of an input file: lines of a key and its values, separated by blanks.
 *
 *	masses 60		how many masses, 1 to CHAIN_MASSES_MAX
 *	position 12 40		the masses that hold a damper, counted from 1
 *	viscosity 0.1 10	the range to search, or one number
 *	ends both		where the walls are: both or left; both if left out, but left for
 *				one mass alone
 *
 * Text after # is a comment; a UTF-8 mark at the start and CRLF are accepted. Everything else is
 * an error.
 *
 * text: size bytes and a NUL after them; overwritten. name: what to call the file in a complaint.
 * Returns 0 and *ret, or -EINVAL and the complaint in why: file, line, what was found, what was
 * expected.
 */
int input_parse(const char *name, char *text, size_t size, struct input *ret,
		char why[INPUT_WHY_MAX]);

/* Read and understand a file. Returns 0, or a negative errno and the complaint in why. */
int input_read(const char *path, struct input *ret, char why[INPUT_WHY_MAX]);

#endif
