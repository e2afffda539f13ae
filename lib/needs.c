/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * needs - what a job asks of a machine: the whole input of the choice of a runner.
 *
 * Owns heap strings only. The key is canonical: two jobs whose needs differ in order alone ("gcc,
 * octave" or "octave, gcc") wait in the same line, so lists are sorted in it, and every word is
 * escaped, so that no name can look like two.
 */
#include "needs.h"

#include "cleanup.h"
#include "escape.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One word; '-' for none and ',' as separator are kept apart from names that hold them. */
static void put_word(FILE *out, const char *word)
{
	_cleanup_free_ char *field = escape_text(word, ESCAPE_FIELD);

	for (const char *p = field; *p; p++)
		if (*p == ',')
			fputs("\\x2c", out);
		else
			fputc(*p, out);
}

static void put_list(FILE *out, const char *name, const struct strlist *list)
{
	_cleanup_free_ char **sorted = xcalloc(list->count + 1, sizeof(*sorted));

	fprintf(out, " %s=", name);
	if (!list->count)
		fputc('-', out);
	for (size_t i = 0; i < list->count; i++)
		sorted[i] = list->items[i];
	qsort(sorted, list->count, sizeof(*sorted), by_text);
	for (size_t i = 0; i < list->count; i++) {
		if (i && !strcmp(sorted[i], sorted[i - 1]))
			continue;
		if (i)
			fputc(',', out);
		put_word(out, sorted[i]);
	}
}

static void put_name(FILE *out, const char *name, const char *value)
{
	fprintf(out, " %s=", name);
	if (value)
		put_word(out, value);
	else
		fputc('-', out);
}

char *needs_key(const struct needs *n)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort(); /* out of memory, as in xalloc */
	fprintf(out, "cores=%u memory=%" PRIu64, n->cores, n->memory);
	put_name(out, "app", n->app);
	put_list(out, "platforms", &n->platforms);
	put_list(out, "software", &n->software);
	put_name(out, "runner", n->runner);
	fclose(out);
	return text;
}

static void copy_list(struct strlist *to, const struct strlist *from)
{
	for (size_t i = 0; i < from->count; i++)
		strlist_add(to, from->items[i]);
}

void needs_copy(struct needs *to, const struct needs *from)
{
	struct needs copy = { .cores = from->cores,
			      .memory = from->memory,
			      .ttl_ms = from->ttl_ms };

	copy.app = from->app ? xstrdup(from->app) : NULL;
	copy.runner = from->runner ? xstrdup(from->runner) : NULL;
	copy_list(&copy.platforms, &from->platforms);
	copy_list(&copy.software, &from->software);
	*to = copy;
}

void needs_free(struct needs *n)
{
	free(n->app);
	free(n->runner);
	strlist_free(&n->platforms);
	strlist_free(&n->software);
	*n = (struct needs){ 0 };
}
