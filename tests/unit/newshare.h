/* SPDX-License-Identifier: GPL-2.0-or-later */
/* newshare - a scratch folder laid out as a share, open as struct spool. */
#ifndef SPOOL_NEWSHARE_H
#define SPOOL_NEWSHARE_H

#include "scratch.h"
#include "spool.h"

struct newshare {
	struct scratch root;
	struct spool sp;
};

static inline void newshare_lay_out(const struct scratch *root)
{
	char *format = spool_new_format();

	scratch_write(root, "spool/format", format);
	free(format);
	for (int i = 0; i < SPOOL_PLACES; i++) {
		char *path = xasprintf("spool/%s", spool_place_name((enum spool_place)i));

		assert_int_equal(mkdirat(root->fd, path, 0700), 0);
		free(path);
	}
}

static inline struct newshare newshare_new(void)
{
	struct newshare s = { .root = scratch_new() };
	char *why = NULL;

	newshare_lay_out(&s.root);
	assert_int_equal(spool_open(s.root.path, &s.sp, &why), 0);
	assert_null(why);
	return s;
}

static inline void newshare_free(struct newshare *s)
{
	spool_close(&s->sp);
	scratch_free(&s->root);
}

#endif
