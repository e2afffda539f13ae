/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xalloc - memory that is there or the program ends.
 *
 * Touches nothing but the heap. When memory is refused, one line goes to stderr and the program
 * aborts, so that a core file or the supervisor's log shows where; the share is then as after
 * any other crash.
 *
 * A list of strings is reallocated to its exact size for each string: no hidden capacity, so
 * that other code may build and take apart the two members by hand.
 */
#include "xalloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void no_memory(size_t bytes) __attribute__((noreturn));

static void no_memory(size_t bytes)
{
	fprintf(stderr, "out of memory: %zu bytes were refused; giving up\n", bytes);
	abort();
}

void *xcalloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p)
		no_memory(size && count > SIZE_MAX / size ? SIZE_MAX : count * size);
	return p;
}

void *xrealloc(void *old, size_t count, size_t size)
{
	size_t bytes;
	void *p;

	if (__builtin_mul_overflow(count, size, &bytes))
		no_memory(SIZE_MAX);
	p = realloc(old, bytes ? bytes : 1);
	if (!p)
		no_memory(bytes);
	return p;
}

char *xstrdup(const char *s)
{
	char *copy = strdup(s);

	if (!copy)
		no_memory(strlen(s) + 1);
	return copy;
}

char *xstrndup(const char *s, size_t len)
{
	char *copy = strndup(s, len);

	if (!copy)
		no_memory(strnlen(s, len) + 1);
	return copy;
}

char *xvasprintf(const char *format, va_list ap)
{
	char *text;

	if (vasprintf(&text, format, ap) < 0)
		no_memory(0);
	return text;
}

char *xasprintf(const char *format, ...)
{
	char *text;
	va_list ap;

	va_start(ap, format);
	text = xvasprintf(format, ap);
	va_end(ap);
	return text;
}

void strlist_add(struct strlist *list, const char *s)
{
	list->items = xrealloc(list->items, list->count + 2, sizeof(*list->items));
	list->items[list->count++] = xstrdup(s);
	list->items[list->count] = NULL;
}

void strlist_free(struct strlist *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	list->items = NULL;
	list->count = 0;
}

int strlist_has(const struct strlist *list, const char *s)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i], s) == 0)
			return 1;
	}
	return 0;
}
