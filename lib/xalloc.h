/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xalloc - memory that is there or the program ends.
 *
 * A daemon that runs out of memory in the middle of a step is restarted by its supervisor and finds
 * everything on the share; carrying NULL through every function would buy nothing.
 */
#ifndef SPOOL_XALLOC_H
#define SPOOL_XALLOC_H

#include <stdarg.h>
#include <stddef.h>

/* Each returns heap memory that the caller frees with free(); none ever returns NULL. xrealloc
 * takes count * size bytes, overflow checked. */
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t count, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *format, va_list ap) __attribute__((format(printf, 1, 0)));

/* A growing list of strings, NULL-terminated in items (items is NULL while empty). Owns them. */
struct strlist {
	char **items;
	size_t count;
};
void strlist_add(struct strlist *list, const char *s);	    /* adds a copy */
void strlist_free(struct strlist *list);		    /* frees all, leaves the list empty */
int strlist_has(const struct strlist *list, const char *s); /* 1 if s is in it, else 0 */

#endif
