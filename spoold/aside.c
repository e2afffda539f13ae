/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aside - files of ours that a dropped folder brings along.
 *
 * job.result, stdout.txt, attempts/ and the like of an earlier run go to attempts/0/, whatever they
 * are: they are renamed, never opened or followed. Through a temporary folder, so that an old
 * attempts/ ends inside the new one. A crash leaves some in that folder, which is of ours too: the
 * next time it is moved with the others.
 */
#include "aside.h"

#include "cleanup.h"
#include "digest.h"
#include "safefs.h"
#include "spool.h"
#include "xalloc.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int add_ours(const char *name, unsigned char type, void *arg)
{
	(void)type;
	if (spool_is_ours(name) && strcmp(name, SPOOL_READY) != 0)
		strlist_add(arg, name);
	return 0;
}

static int move_all(int dir_fd, const struct strlist *names)
{
	char nonce[9], tmp[32];
	_cleanup_close_ int tmp_fd = -1;
	size_t moved = 0;
	int r = 0;

	digest_nonce(nonce, 8); /* a name that nobody can have used */
	snprintf(tmp, sizeof(tmp), SPOOL_TMP "old-%s", nonce);
	if (mkdirat(dir_fd, tmp, 0755) < 0)
		return -errno;
	tmp_fd = safefs_open_dir(dir_fd, tmp);
	if (tmp_fd < 0)
		return tmp_fd;
	for (; r == 0 && moved < names->count; moved++)
		if (renameat(dir_fd, names->items[moved], tmp_fd, names->items[moved]) < 0) {
			r = -errno;
			break;
		}
	if (r == 0 && (mkdirat(dir_fd, SPOOL_ATTEMPTS, 0755) < 0 ||
		       renameat(dir_fd, tmp, dir_fd, SPOOL_ATTEMPTS "/0") < 0))
		r = -errno;
	if (r < 0) { /* as it was, as far as that can be */
		while (moved-- > 0)
			(void)renameat(tmp_fd, names->items[moved], dir_fd, names->items[moved]);
		(void)unlinkat(dir_fd, tmp, AT_REMOVEDIR);
	}
	return r;
}

static int is_any(const char *name, unsigned char type, void *arg)
{
	(void)type;
	(void)arg;
	return spool_is_ours(name) && strcmp(name, SPOOL_READY) != 0;
}

bool aside_wanted(int dir_fd)
{
	return safefs_list(dir_fd, ".", is_any, NULL) != 0;
}

int aside_move(int dir_fd)
{
	struct strlist names = { 0 };
	int r = safefs_list(dir_fd, ".", add_ours, &names);

	if (r == 0 && names.count > 0)
		r = move_all(dir_fd, &names);
	strlist_free(&names);
	return r;
}
