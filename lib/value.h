/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * value - what job.conf and app.conf have in common: words, times, sizes, paths and names, each
 * checked and complained about at its line. All functions return 0 or COMPLAINT; results are
 * touched on 0 only, and left alone where the key is not set.
 */
#ifndef SPOOL_VALUE_H
#define SPOOL_VALUE_H

#include "xalloc.h"

#include <stdbool.h>
#include <stdint.h>

#define VALUE_TTL_MIN INT64_C(100) /* ms */
#define VALUE_TTL_MAX (INT64_C(365) * 86400000)
#define VALUE_MEMORY_MIN (UINT64_C(1) << 20)
#define VALUE_MEMORY_MAX (UINT64_C(1) << 50)
#define VALUE_CORES_MAX 4096
#define VALUE_NAME_MAX 64 /* bytes of the name of an application, its version, a software */

struct cfgfile;
struct complaint;

struct value_source {
	const char *file; /* for complaints */
	const struct cfgfile *f;
	struct complaint *c;
};

/* Complains about the value of key: found is said of it ("\"2x\" for \"ttl\"" if NULL, with the
 * value itself). */
int value_refuse(const struct value_source *v, const char *key, char *found, const char *expected,
		 const char *remedy);

/* The items as they are. */
int value_list(const struct value_source *v, const char *key, struct strlist *ret);
int value_ttl(const struct value_source *v, const char *key, int64_t *ret_ms);
int value_memory(const struct value_source *v, const char *key, uint64_t *ret_bytes);
int value_cores(const struct value_source *v, const char *key, unsigned *ret);

/* Paths within the job, without a leading "./"; heap. */
int value_path(const struct value_source *v, const char *key, char **ret);
int value_paths(const struct value_source *v, const char *key, struct strlist *ret);

/* Names of software. */
int value_names(const struct value_source *v, const char *key, struct strlist *ret);

/* Is path relative, with no empty component, no "." and no ".."? A leading "./" is the caller's to
 * remove. */
bool value_is_inside(const char *path);

/* Letters, digits and . _ + - , at most VALUE_NAME_MAX, beginning with a letter or digit: safe as a
 * folder's name and in a list. */
bool value_is_name(const char *name, size_t len);

/* "linux-x86_64": system, dash, machine. */
bool value_is_platform(const char *text);

/* How many bytes the word takes in a record at most, separator included. */
size_t value_record_bytes(const char *word);

#endif
