/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * appfile - app.conf, what an application offers, and the catalogue of all applications under
 * apps/.
 */
#ifndef SPOOL_APPFILE_H
#define SPOOL_APPFILE_H

#include "xalloc.h"

#include <stdint.h>

struct complaint;

struct appfile_program {
	char *platform; /* "linux-x86_64" */
	char *path;	/* relative to the version's folder, no ".." */
};

struct appfile {
	char *app;		   /* "octave" */
	char *version;		   /* "1" */
	char *summary;		   /* never NULL, may be "" */
	struct strlist extensions; /* ".m", with the dot, lower case */
	char *interpreter;	   /* a program found on the host's PATH, or NULL: programs */
	struct appfile_program *programs;
	size_t program_count;
	struct strlist arguments;   /* template with {input} {arguments} {dir}; {"{input}",
				       "{arguments}"} by default */
	int64_t ttl_ms, max_ttl_ms; /* 0: not given */
	uint64_t memory;
	unsigned cores;
	struct strlist requires; /* software names; the interpreter is one of them by itself */
};

/* Parses app.conf's text. 0, or COMPLAINT (app is then empty). app and version are the folder
 * names, copied. */
int appfile_parse(const char *file, const char *name, const char *version, const char *text,
		  size_t len, struct appfile *app, struct complaint *c);
void appfile_free(struct appfile *app); /* contents */

/* The catalogue: every application's current version, plus other versions on demand. */
struct catalogue {
	struct appfile *apps; /* the current version of each, sorted by name */
	size_t count;
	struct strlist faults; /* one sentence for each application that could not be read, for log
				  and spoolctl apps */
};

/* Reads apps/ under the share root: for each folder apps/<app> its text file "current" and
 * apps/<app>/<current>/app.conf (64 KiB at most, regular file, no symlinks followed). Replaces what
 * cat held. 0; or negative errno with cat untouched, if apps/ itself cannot be read, or anything in
 * it because of the file system or the network (safefs_is_passing). */
int catalogue_load(int root_fd, struct catalogue *cat);
void catalogue_free(struct catalogue *cat);

/* By name. NULL if unknown. Borrowed. */
const struct appfile *catalogue_find(const struct catalogue *cat, const char *name);

/* A given version: the current one from cat, any other read from the share into *other (free it
 * with appfile_free). Returns the app, or NULL with c filled (file, line = of the key that names
 * it); NULL, c empty and errno set if it cannot be read now because of the file system or the
 * network. spec is "name" or "name/version". */
const struct appfile *catalogue_resolve(int root_fd, const struct catalogue *cat, const char *spec,
					const char *file, int line, struct appfile *other,
					struct complaint *c);

/* By a file's extension (case ignored). Returns how many claim it (0, 1, more); the first two in
 * *ret_a, *ret_b. */
unsigned catalogue_by_extension(const struct catalogue *cat, const char *filename,
				const struct appfile **ret_a, const struct appfile **ret_b);

#endif
