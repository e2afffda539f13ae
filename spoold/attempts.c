/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attempts - attempts/<n>/job.result in a fresh copy: what became of the attempts before it.
 *
 * For people who look into the folder; it decides nothing, and the records of earlier attempts lay
 * where the job could write: what cannot be read is left out, links are not followed. attempts/ is
 * ours (decisions.md 11), so it is neither input nor output. In a worker, into a folder that nobody
 * else has seen; a crash leaves it in a copy that is made anew.
 */
#include "attempts.h"

#include "cleanup.h"
#include "decimal.h"
#include "record.h"
#include "safefs.h"
#include "spool.h"
#include "xalloc.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct copying {
	int from, to; /* attempts/ of both */
	unsigned attempt;
};

static int put(int attempts, const char *number, const char *text, size_t len)
{
	_cleanup_close_ int dir = -1, fd = -1;
	int r;

	if (mkdirat(attempts, number, 0755) < 0)
		return -errno;
	r = dir = safefs_open_dir(attempts, number);
	if (r >= 0)
		r = safefs_create(dir, SPOOL_RESULT, text, len, 0644, &fd);
	return r == 0 && (fsync(fd) < 0 || fsync(dir) < 0) ? -errno : r;
}

/* attempts/<k>/job.result of an earlier attempt. */
static int copy_earlier(const char *name, unsigned char type, void *arg)
{
	const struct copying *c = arg;
	_cleanup_free_ char *path = xasprintf("%s/" SPOOL_RESULT, name), *text = NULL;
	int64_t number;
	size_t len;
	int r;

	(void)type;
	if (*name == '0' || decimal_parse(name, 1, (int64_t)c->attempt - 1, &number) < 0 ||
	    safefs_read(c->from, path, RECORD_MAX_BYTES, &text, &len, NULL) < 0)
		return 0;
	r = put(c->to, name, text, len);
	return r == -EEXIST ? 0 : r; /* a listing may name it twice */
}

int attempts_record(int from, int to, unsigned attempt, const char *text, size_t len)
{
	_cleanup_close_ int earlier = safefs_open_dir(from, SPOOL_ATTEMPTS), ours = -1;
	_cleanup_free_ char *number = xasprintf("%u", attempt);
	struct copying c = { .from = earlier, .attempt = attempt };
	int r = 0;

	if (mkdirat(to, SPOOL_ATTEMPTS, 0755) < 0)
		return -errno;
	ours = safefs_open_dir(to, SPOOL_ATTEMPTS);
	if (ours < 0)
		return ours;
	c.to = ours;
	if (earlier >= 0)
		r = safefs_list_fd(earlier, copy_earlier, &c);
	if (r == 0)
		r = put(ours, number, text, len);
	return r == 0 && fsync(ours) < 0 ? -errno : r;
}
