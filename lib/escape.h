/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * escape - the one function between a user's bytes and a terminal, a log, a table or a page.
 *
 * Everything that could move a cursor, end a line, reorder text or is not valid UTF-8 becomes \xNN
 * (each byte): C0, DEL, C1, invalid sequences, bidirectional controls (U+061C U+200E U+200F
 * U+202A-202E U+2066-2069), U+2028, U+2029 and U+FEFF. The backslash becomes \\. What is left
 * reads as it was written.
 */
#ifndef SPOOL_ESCAPE_H
#define SPOOL_ESCAPE_H

#include <stdbool.h>

enum escape_style {
	ESCAPE_TEXT, /* for people: a space stays a space */
	ESCAPE_FIELD /* for one word of a line: space becomes \x20, '=' \x3d,
		      * an empty string is "-", a lone "-" is \x2d */
};

/* A new heap string; never NULL. */
char *escape_text(const char *s, enum escape_style style);

/* The inverse, for both styles ("-" alone gives ""). A new heap string, or NULL if text is not
 * well-formed (a bad escape or \x00). */
char *unescape_text(const char *text);

/* The same where it stands: text only gets shorter. False if it is not well-formed. */
bool unescape_in_place(char *text);

#endif
