/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * refused - what has been answered although it could not be moved.
 *
 * spool/refused holds a line "<inode> <ctime, ns>" for each; the file is small, since such drops
 * are rare. Nobody else writes it: it is read once, and then remembered. A change of the drop
 * changes its ctime: then it is looked at again. A lost line costs a second answer.
 */
#include "refused.h"

#include "cleanup.h"
#include "log.h"
#include "xalloc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define FILE_NAME "refused"
#define MAX_BYTES (256 * 1024)

/* "<inode> <ctime>\n", or NULL if it is gone. */
static char *line_of(const struct box *box, const char *name)
{
	struct stat st;

	if (fstatat(box->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return NULL;
	return xasprintf("%" PRIu64 " %" PRId64 "\n", (uint64_t)st.st_ino,
			 (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec);
}

static char *lines; /* the file's text, once it has been read */

/* Borrowed. */
static const char *all_lines(struct coordinator *co)
{
	size_t len;
	int r = lines ? 0 : safefs_read(co->sp.fd, FILE_NAME, MAX_BYTES, &lines, &len, NULL);

	if (r == -ENOENT)
		lines = xstrdup("");
	return lines ? lines : "";
}

bool refused_before(struct coordinator *co, const struct box *box, const char *name)
{
	const char *text = all_lines(co), *at;
	_cleanup_free_ char *line = *text ? line_of(box, name) : NULL;

	at = line ? strstr(text, line) : NULL;

	return at && (at == text || at[-1] == '\n');
}

void refused_remember(struct coordinator *co, const struct drop *drop)
{
	_cleanup_free_ char *line = line_of(drop->box, drop->name);
	const char *text = all_lines(co);
	char *all;
	int r;

	if (!line)
		return;
	/* The oldest lines go when it grows: their drops are gone or would be told once more. */
	all = xasprintf("%s%s", strlen(text) > MAX_BYTES / 2 ? text + MAX_BYTES / 4 : text, line);
	r = safefs_replace(co->sp.fd, FILE_NAME, all, strlen(all), 0644, false);
	if (r < 0)
		log_trouble("refused", "spool/refused cannot be written: %s", strerror(-r));
	free(lines);
	lines = all;
}
