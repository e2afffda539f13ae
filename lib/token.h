/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * token - the words, strings and signs of a text in libconfuse syntax, one by one; for screen.c,
 * and for spoolctl submit --set.
 *
 * Stricter than libconfuse's own reader where that one drops bytes silently, expands the
 * environment or runs on to the next line. Whatever looks wrong is told once, in words, and ends
 * the reading.
 */
#ifndef SPOOL_TOKEN_H
#define SPOOL_TOKEN_H

#include "cfgfile.h"

#define TOKEN_SHOWN 60 /* bytes of a person's text that a complaint repeats */

enum token_kind {
	TOKEN_END,    /* of the text */
	TOKEN_WORD,   /* bare */
	TOKEN_STRING, /* start and len include the quotes */
	TOKEN_EQUAL,  /* = */
	TOKEN_APPEND, /* += */
	TOKEN_OPEN,   /* { */
	TOKEN_CLOSE,  /* } */
	TOKEN_COMMA,
	TOKEN_PAREN, /* ( or ) */
	TOKEN_FAULT  /* complained about */
};

struct token {
	enum token_kind kind;
	int line;	   /* from 1 */
	const char *start; /* in the text */
	size_t len;
};

struct token_reader {
	const char *file;
	const char *at, *end; /* what has not been read yet */
	int line;
	enum cfgfile_source source;
	struct complaint *complaint;
};

/* Begins text: skips a byte order mark and looks at every byte (zero bytes; in a person's text also
 * control characters and what is not UTF-8). 0, or COMPLAINT. The text stays the caller's. */
int token_begin(struct token_reader *r, const char *file, const char *text, size_t len,
		enum cfgfile_source source, struct complaint *c);

/* The next token; blanks, line ends and comments are skipped. After TOKEN_FAULT the reader must not
 * be used. */
struct token token_next(struct token_reader *r);

/* The next token without taking it. Every fault that it meets is complained about already. */
struct token token_peek(const struct token_reader *r);

/* A person's bytes for a complaint: quoted, escaped, cut after TOKEN_SHOWN bytes. Heap. */
char *token_show(const char *start, size_t len);

#endif
