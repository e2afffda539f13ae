/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jobset - puts key=value of submit --set into the text of a job.conf.
 *
 * Works on the text and not on what was parsed from it, so that comments and whatever else its
 * writer put there stay, and the line numbers of complaints too. The tokens are those of the parser
 * itself. Memory only.
 */
#include "jobset.h"

#include "cleanup.h"
#include "token.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static size_t key_length(const char *assignment)
{
	return strcspn(assignment, "=");
}

int jobset_valid(const char *assignment)
{
	size_t len = key_length(assignment);

	if (len == 0 || assignment[len] != '=' || strchr(assignment, '\n'))
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)assignment[i]) && assignment[i] != '_')
			return 0;
	}
	return 1;
}

static bool is_set(const struct strlist *assignments, const struct token *key)
{
	for (size_t i = 0; i < assignments->count; i++) {
		size_t len = key_length(assignments->items[i]);

		if (len == key->len && strncasecmp(assignments->items[i], key->start, len) == 0)
			return true;
	}
	return false;
}

/* Reads the value behind a sign; *last becomes its last token. False after a fault. */
static bool take_value(struct token_reader *r, struct token *last)
{
	*last = token_next(r);
	if (last->kind == TOKEN_OPEN) {
		do
			*last = token_next(r);
		while (last->kind != TOKEN_CLOSE && last->kind != TOKEN_END &&
		       last->kind != TOKEN_FAULT);
	}
	return last->kind != TOKEN_FAULT;
}

/* Blanks the bytes of [from, to) except line ends. */
static void blank(char *copy, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if (copy[i] != '\n' && copy[i] != '\r')
			copy[i] = ' ';
	}
}

/* Goes through the statements and blanks those of the keys that are set anew. False after a fault.
 */
static bool cut(char *copy, const char *text, struct token_reader *r,
		const struct strlist *assignments)
{
	for (;;) {
		struct token key = token_next(r), last;

		if (key.kind == TOKEN_END || key.kind == TOKEN_FAULT)
			return key.kind == TOKEN_END;
		/* What is no statement is for the parser to complain about. */
		if (key.kind != TOKEN_WORD)
			continue;
		last = token_peek(r);
		if (last.kind != TOKEN_EQUAL && last.kind != TOKEN_APPEND)
			continue;
		token_next(r);
		if (!take_value(r, &last))
			return false;
		if (is_set(assignments, &key))
			blank(copy, (size_t)(key.start - text),
			      (size_t)(last.start + last.len - text));
	}
}

static void put_assignment(FILE *out, const char *assignment)
{
	size_t len = key_length(assignment);
	const char *value = assignment + len + 1;

	fprintf(out, "%.*s = ", (int)len, assignment);
	if (*value == '{') {
		fputs(value, out);
	} else {
		fputc('"', out);
		for (const char *p = value; *p; p++) {
			if (*p == '"' || *p == '\\')
				fputc('\\', out);
			fputc(*p, out);
		}
		fputc('"', out);
	}
	fputc('\n', out);
}

char *jobset_apply(const char *text, size_t len, const struct strlist *assignments,
		   struct complaint *c)
{
	_cleanup_free_ char *copy = xstrndup(text, len);
	struct token_reader reader;
	char *result = NULL;
	size_t size = 0;
	FILE *out;

	if (token_begin(&reader, "job.conf", text, len, CFGFILE_PERSON, c) ||
	    !cut(copy, text, &reader, assignments))
		return NULL;
	out = open_memstream(&result, &size);
	if (!out)
		abort(); /* out of memory, as in xalloc */
	fputs(copy, out);
	if (len && copy[len - 1] != '\n')
		fputc('\n', out);
	for (size_t i = 0; i < assignments->count; i++)
		put_assignment(out, assignments->items[i]);
	fclose(out);
	return result;
}
