/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scratch - a folder for one test: made under $TMPDIR or /tmp, filled with small files, removed
 * with all that is in it. For unit tests; every failure here fails the test.
 */
#ifndef SPOOL_SCRATCH_H
#define SPOOL_SCRATCH_H

#include "rmtree.h"
#include "safefs.h"
#include "xalloc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct scratch {
	char *path;
	int fd;
};

static inline struct scratch scratch_new(void)
{
	const char *top = getenv("TMPDIR");
	struct scratch s = { xasprintf("%s/spool-test-XXXXXX", top && *top ? top : "/tmp"), -1 };

	assert_non_null(mkdtemp(s.path));
	s.fd = open(s.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(s.fd >= 0);
	return s;
}

/* Makes the folders of path below s and then the file with these bytes. */
static inline void scratch_bytes(const struct scratch *s, const char *path, const void *data,
				 size_t len)
{
	char *copy = xstrdup(path);
	int fd;

	for (char *slash = strchr(copy, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdirat(s->fd, copy, 0700);
		*slash = '/';
	}
	free(copy);
	fd = openat(s->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(safefs_write_all(fd, data, len), 0);
	close(fd);
}

static inline void scratch_write(const struct scratch *s, const char *path, const char *text)
{
	scratch_bytes(s, path, text, strlen(text));
}

static inline void scratch_clear(const struct scratch *s, const char *name)
{
	assert_int_equal(rmtree(s->fd, name), 0);
}

static inline void scratch_free(struct scratch *s)
{
	assert_int_equal(rmtree(AT_FDCWD, s->path), 0);
	close(s->fd);
	free(s->path);
}

#endif
