/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshot - opens the newest published copy of the index.
 *
 * A snapshot is complete when its name is there and never changes afterwards, so it is opened as
 * immutable: no lock is taken, nothing is written, which is all that sqlite may do on a network.
 * The coordinator keeps the last three: one that vanishes between listing and opening has a
 * successor, which the next listing shows.
 */
#include "snapshot.h"

#include "cleanup.h"
#include "human.h"
#include "index.h"
#include "spool.h"
#include "xalloc.h"

#include <string.h>

#define LOOKS 3
#define PAUSE_MS 200

static int newest(const char *name, unsigned char type, void *arg)
{
	uint64_t *best = arg;
	size_t len = strlen(name);
	char digits[24];
	int64_t k;

	(void)type;
	if (strncmp(name, "spool.", 6) != 0 || len < 10 || len - 9 >= sizeof(digits) ||
	    strcmp(name + len - 3, ".db") != 0)
		return 0;
	snprintf(digits, sizeof(digits), "%.*s", (int)(len - 9), name + 6);
	if (human_parse_int(digits, 1, INT64_MAX, &k) == 0 && (uint64_t)k > *best)
		*best = (uint64_t)k;
	return 0;
}

char *snapshot_path(const struct spool *sp, uint64_t k)
{
	return xasprintf("%s/spool/%s/spool.%llu.db", sp->path, spool_place_name(SPOOL_STATUS),
			 (unsigned long long)k);
}

int snapshot_open(const struct spool *sp, struct index **ret, uint64_t *ret_k)
{
	int r = -ENOENT;

	for (int look = 0; look < LOOKS; look++) {
		_cleanup_free_ char *path = NULL;
		uint64_t k = 0;

		r = spool_list(sp, SPOOL_STATUS, newest, &k);
		if (r < 0 && r != -ESTALE)
			return r;
		if (r < 0)
			continue;
		if (k == 0)
			return -ENOENT;
		path = snapshot_path(sp, k);
		r = index_open_read(path, true, ret);
		if (r == 0 && ret_k)
			*ret_k = k;
		if (r != -ENOENT && !safefs_is_trouble(r))
			return r;
		/* A network does not say "no such file" of one that has just gone, but ESTALE. */
		if (r != -ENOENT)
			usleep(PAUSE_MS * 1000);
	}
	return r;
}
