/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * corpus - the inputs that the fuzzers start from, one by one, so that every "make check" replays
 * them. The tree is found by $SRCDIR, or is the working directory.
 */
#ifndef SPOOL_CORPUS_H
#define SPOOL_CORPUS_H

#include "safefs.h"
#include "xalloc.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct corpus {
	int fd;
	unsigned count;
	void (*each)(const char *name, const char *text, size_t len);
};

static inline int corpus_file(const char *name, unsigned char type, void *arg)
{
	struct corpus *corpus = arg;
	char *text, *exact;
	size_t len;

	(void)type;
	assert_int_equal(safefs_read(corpus->fd, name, 1 << 20, &text, &len, NULL), 0);
	/* A buffer of exactly that length, so that a sanitizer sees one byte too many being read.
	 */
	exact = xrealloc(NULL, len, 1);
	memcpy(exact, text, len);
	free(text);
	corpus->each(name, exact, len);
	free(exact);
	corpus->count++;
	return 0;
}

/* Calls each for every file of tests/fuzz/corpus/<name>; there must be some. */
static inline void corpus_replay(const char *name,
				 void (*each)(const char *name, const char *text, size_t len))
{
	const char *top = getenv("SRCDIR");
	char *path = xasprintf("%s/tests/fuzz/corpus/%s", top && *top ? top : ".", name);
	struct corpus corpus = { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0, each };

	assert_true(corpus.fd >= 0);
	assert_int_equal(safefs_list(corpus.fd, ".", corpus_file, &corpus), 0);
	assert_true(corpus.count > 10);
	close(corpus.fd);
	free(path);
}

#endif
