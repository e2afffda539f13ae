/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * published - a snapshot in spool/status/ as the coordinator publishes it, made of one line of the
 * log or of one runner. Behind cmocka.h and newshare.h.
 */
#ifndef SPOOL_PUBLISHED_H
#define SPOOL_PUBLISHED_H

#include "beat.h"
#include "event.h"
#include "index.h"
#include "scratch.h"

static inline struct index *publish_begin(const struct scratch *root)
{
	char *path = xasprintf("%s/index.db", root->path);
	struct index *ix;
	bool fresh;

	assert_int_equal(index_open(path, &ix, &fresh), 0);
	free(path);
	return ix;
}

static inline void publish_end(const struct scratch *root, struct index *ix)
{
	char *from = xasprintf("%s/index.db", root->path),
	     *to = xasprintf("%s/spool/status/spool.1.db", root->path);

	assert_int_equal(index_commit(ix), 0);
	assert_int_equal(index_snapshot(from, to), 0);
	index_close(ix);
	free(from);
	free(to);
}

static inline void publish_line(const struct scratch *root, const char *line)
{
	struct index *ix = publish_begin(root);
	char *copy = xstrdup(line), *store = NULL;
	struct event e;

	assert_int_equal(event_parse(copy, &e, &store), 0);
	index_event(ix, &e, "2026-11.log", (int64_t)strlen(line));
	free(store);
	free(copy);
	publish_end(root, ix);
}

static inline void publish_runner(const struct scratch *root, const struct registration *r,
				  const struct beat *b, const char *state, int64_t seen_at)
{
	struct index *ix = publish_begin(root);

	index_runner(ix, r, b, state, seen_at);
	publish_end(root, ix);
}

#endif
