/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * renew - brings what this host believes of a folder on a network up to date.
 *
 * An NFS client believes a size that it has seen for up to 60 s, and a name that it has missed for
 * 30 s; who waits for a job and then opens its results by way of these would find them cut short.
 * Opening a folder by its path renews the names in it, asking for the attributes of a file renews
 * its size and throws away old contents. Reads only. A job's folder may be deep and large: so the
 * folders wait in a list, and there is a limit.
 */
#include "renew.h"

#include "cleanup.h"
#include "safefs.h"
#include "xalloc.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

struct walk {
	struct strlist folders; /* paths still to be listed, and those that have been */
	const char *path;	/* the one that is listed now, */
	int fd;			/* and open */
	size_t count, most;
};

static int renew_entry(const char *name, unsigned char type, void *arg)
{
	struct walk *w = arg;
	struct stat st;

	if (w->count >= w->most)
		return 1;
	w->count++;
	if (type != DT_DIR && safefs_stat(w->fd, name, &st) == 0 && S_ISDIR(st.st_mode))
		type = DT_DIR;
	if (type == DT_DIR && strlen(w->path) + strlen(name) + 2 < PATH_MAX) {
		_cleanup_free_ char *path = xasprintf("%s/%s", w->path, name);

		strlist_add(&w->folders, path);
	}
	return 0;
}

int renew_folder(int dirfd, const char *folder, size_t most)
{
	struct walk w = { .most = most < INT_MAX ? most : INT_MAX };
	int first = 0;

	strlist_add(&w.folders, folder);
	for (size_t i = 0; i < w.folders.count && w.count < w.most; i++) {
		_cleanup_free_ char *path = xstrdup(w.folders.items[i]);

		w.path = path;
		w.fd = safefs_open(dirfd, path, O_RDONLY | O_DIRECTORY, 0);
		if (i == 0 && w.fd < 0)
			first = w.fd;
		if (w.fd < 0)
			continue;
		safefs_list(w.fd, ".", renew_entry, &w);
		close(w.fd);
	}
	strlist_free(&w.folders);
	return first < 0 ? first : (int)w.count;
}
