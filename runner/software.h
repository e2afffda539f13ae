/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * software - which programs a job finds on this machine, and their versions.
 */
#ifndef RUNNER_SOFTWARE_H
#define RUNNER_SOFTWARE_H

#include "xalloc.h"

struct catalogue;

/* What jobs get as PATH, whatever ours is. */
#define SOFTWARE_PATH "/usr/local/bin:/usr/bin:/bin"

/* The absolute path of a bare name on SOFTWARE_PATH, heap; NULL if it is not there. */
char *software_find(const char *name);

/* The names worth looking for: those of the option, interpreters and requirements of the
 * applications. Sorted, each once. */
void software_names(const struct strlist *probe, const struct catalogue *cat, struct strlist *ret);

/* Those of the names that are here, as "name ?" each: versions take time. */
void software_here(const struct strlist *names, struct strlist *ret);

/* As software_here, with versions: runs each with --version, all at once, at most two seconds.
 * Blocks, so it belongs into a worker. */
void software_versions(const struct strlist *names, struct strlist *ret);

/* The first thing in text that looks like a version ("3.11.2" of "Python 3.11.2"), heap; NULL if
 * nothing does. */
char *software_version_in(const char *text);

#endif
