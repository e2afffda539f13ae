/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jobdir - the files of a job as its job.conf names them, or leaves them to be found.
 *
 * Reads the job's folder through its descriptor, follows no link, opens no fifo and changes
 * nothing. What is found here may be gone a moment later; that is found out again when the job is
 * offered, and by the program at last.
 */
#include "jobdir.h"

#include "cleanup.h"
#include "complaint.h"
#include "human.h"
#include "safefs.h"
#include "spool.h"
#include "token.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_SHOWN 4

/* -- listing ----------------------------------------------------------------------------------- */

struct listing {
	int dir_fd;
	struct strlist *files;
};

static int add_file(const char *name, unsigned char type, void *arg)
{
	struct listing *l = arg;
	struct stat st;

	if (*name == '.' || spool_is_litter(name) || spool_is_ours(name) ||
	    !strcmp(name, SPOOL_JOB_CONF))
		return 0;
	if (type == DT_UNKNOWN && safefs_look(l->dir_fd, name, &st) == 0 && S_ISREG(st.st_mode))
		type = DT_REG;
	if (type == DT_REG)
		strlist_add(l->files, name);
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int jobdir_files(int dir_fd, struct strlist *ret)
{
	struct strlist files = { 0 };
	struct listing l = { dir_fd, &files };
	int r = safefs_list(dir_fd, ".", add_file, &l);

	if (r < 0) {
		strlist_free(&files);
		return r;
	}
	if (files.count)
		qsort(files.items, files.count, sizeof(*files.items), by_text);
	*ret = files;
	return 0;
}

char *jobdir_names(const struct strlist *files)
{
	char *text = xstrdup("");
	size_t shown = files->count > NAMES_SHOWN ? NAMES_SHOWN - 1 : files->count;

	for (size_t i = 0; i < shown; i++) {
		_cleanup_free_ char *name = token_show(files->items[i], strlen(files->items[i]));
		char *longer = xasprintf("%s%s%s", text, i ? ", " : "", name);

		free(text);
		text = longer;
	}
	if (shown < files->count) {
		char *longer = xasprintf("%s and %zu more", text, files->count - shown);

		free(text);
		text = longer;
	}
	return text;
}

/* -- a file that job.conf names ---------------------------------------------------------------- */

static int add_name(const char *name, unsigned char type, void *arg)
{
	(void)type;
	strlist_add(arg, name);
	return 0;
}

/* What to do about a file that is not there: most often it is a slip in the name. */
static char *remedy_for(int dir_fd, const char *path, const char *key)
{
	const char *base = strrchr(path, '/'), *near = NULL;
	_cleanup_free_ char *folder = base ? xstrndup(path, (size_t)(base - path)) : NULL,
			    *shown = NULL;
	struct strlist names = { 0 };
	int fd = safefs_open(dir_fd, folder ? folder : ".", O_RDONLY | O_DIRECTORY, 0);
	char *text;

	base = base ? base + 1 : path;
	if (fd >= 0 && safefs_list(fd, ".", add_name, &names) == 0 && names.count)
		near = human_nearest(base, (const char *const *)names.items);
	if (near)
		shown = token_show(near, strlen(near));
	if (near)
		text = xasprintf("did you mean %s%s%s?", shown, folder ? " in the folder " : "",
				 folder ? folder : "");
	else if (strchr(path, '\\'))
		text = xstrdup("write / between folders, not \\");
	else
		text = xasprintf("copy the file into the folder, or correct \"%s\"", key);
	if (fd >= 0)
		close(fd);
	strlist_free(&names);
	return text;
}

static int refuse(int dir_fd, const char *path, const char *key, int line, int r,
		  struct complaint *c)
{
	_cleanup_free_ char *shown = token_show(path, strlen(path));

	if (!strchr(path, '/') && spool_is_ours(path))
		return complain(
			c, SPOOL_JOB_CONF, line, xasprintf("%s for \"%s\"", shown, key),
			xstrdup("a file of yours: the spool itself writes files of this name"),
			xstrdup("give the file another name"));
	if (r == -ENOENT || r == -ENOTDIR)
		return complain(c, SPOOL_JOB_CONF, line,
				xasprintf("%s for \"%s\", but there is no such file", shown, key),
				xstrdup("a file of the job's folder"),
				remedy_for(dir_fd, path, key));
	if (r == -EACCES || r == -EPERM)
		return complain(c, SPOOL_JOB_CONF, line,
				xasprintf("%s for \"%s\", which cannot be read", shown, key),
				xstrdup("a file that may be read"),
				xstrdup("allow reading it (chmod a+r) and drop the folder again"));
	if (r == -ELOOP)
		return complain(c, SPOOL_JOB_CONF, line,
				xasprintf("%s for \"%s\", which is a symbolic link", shown, key),
				xstrdup("a file"),
				xstrdup("name the file that it points to, or copy it there"));
	return complain(c, SPOOL_JOB_CONF, line,
			xasprintf("%s for \"%s\", which is not a file", shown, key),
			xstrdup("a file, not a folder"),
			xstrdup("name a file in it, or pack it into an archive"));
}

int jobdir_check(int dir_fd, const char *path, const char *key, int line, int *ret_fd,
		 struct complaint *c)
{
	_cleanup_close_ int fd = safefs_open(dir_fd, path, O_RDONLY, 0);
	struct stat st;

	if (fd < 0 && safefs_is_passing(fd))
		return fd;
	if (fd < 0 || (!strchr(path, '/') && spool_is_ours(path)))
		return refuse(dir_fd, path, key, line, fd < 0 ? fd : 0, c);
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return refuse(dir_fd, path, key, line, -EISDIR, c);
	if (ret_fd) {
		*ret_fd = fd;
		fd = -1;
	}
	return 0;
}
