/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rmtree - removes a tree of our own (temporaries, purged evidence), level by level.
 *
 * Links are removed, never followed; a tree that is too deep is lifted up and removed in parts. On
 * NFS and SMB a folder that is being emptied can still hold what a reader keeps open (.nfs...,
 * names that wait for their last close): it is read once more after a moment, and left
 * (-ENOTEMPTY) if they stay. A crash in the middle leaves a smaller tree of the same name.
 */
#include "rmtree.h"

#include "cleanup.h"
#include "safefs.h"
#include "xalloc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REMOVE_DEPTH 128
#define PATIENCE 10 /* times that a folder is found not empty after all */
#define PAUSE_US 100000

/* One level of a removal: the open folder and its name in the level above. */
struct level {
	DIR *dir;
	char *name;
};

/* chmod 0700 of the folder itself: fchmodat would follow a link that has just taken its place. 0 or
 * negative errno. */
static int make_ours(int fd, const char *name)
{
	_cleanup_close_ int held = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char path[64];

	if (held < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", held);
	return chmod(path, 0700) < 0 ? -errno : 0;
}

/* Opens name below fd as the next level; makes the folder ours to empty first. */
static int enter(int fd, const char *name, struct level *ret)
{
	int dirfd = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dirfd < 0 && errno == EACCES && make_ours(fd, name) == 0)
		dirfd = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dirfd < 0)
		return -errno;
	(void)fchmod(dirfd, 0700);
	ret->dir = fdopendir(dirfd);
	if (!ret->dir) {
		close(dirfd);
		return -ENOMEM;
	}
	ret->name = xstrdup(name);
	return 0;
}

/* Too deep to go on: the folder becomes one of the outermost level, which is read once more at its
 * end. 1 or negative errno. */
static int lift(struct level *stack, int fd, const struct dirent *entry, bool *lifted)
{
	char name[64];

	snprintf(name, sizeof(name), ".tmp-deep-%llu", (unsigned long long)entry->d_ino);
	(void)make_ours(fd, entry->d_name);
	if (renameat(fd, entry->d_name, dirfd(stack[0].dir), name) < 0)
		return -errno;
	*lifted = true;
	return 1;
}

/* Removes the next thing of the innermost level. 1: something done, 0: the level is empty, negative
 * errno. */
static int remove_next(struct level *stack, int *depth, bool *lifted)
{
	DIR *dir = stack[*depth].dir;
	struct dirent *entry;

	do
		entry = readdir(dir);
	while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
	if (!entry)
		return 0;
	if (unlinkat(dirfd(dir), entry->d_name, 0) == 0 || errno == ENOENT)
		return 1;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (*depth + 1 == REMOVE_DEPTH)
		return lift(stack, dirfd(dir), entry, lifted);
	int r = enter(dirfd(dir), entry->d_name, &stack[*depth + 1]);
	if (r == 0)
		(*depth)++;
	return r < 0 ? r : 1;
}

/* Removes the innermost level, which is empty, and its folder in the level above. 0 with *depth one
 * less; 1: something is in it once more, or still (see above); negative errno. */
static int leave(struct level *stack, int at_fd, int *depth, unsigned *patience)
{
	struct level *level = &stack[*depth];
	int above = *depth ? dirfd(stack[*depth - 1].dir) : at_fd;
	int r = 0;

	closedir(level->dir); /* SMB: a folder that we hold open cannot go */
	if (unlinkat(above, level->name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = -errno;
	if (r == -ENOTEMPTY && *patience > 0 && safefs_kind(above) != SAFEFS_LOCAL) {
		_cleanup_free_ char *name = level->name;

		(*patience)--;
		usleep(PAUSE_US);
		r = enter(above, name, level);
		if (r == 0)
			return 1;
	} else {
		free(level->name);
	}
	(*depth)--;
	return r;
}

int rmtree(int at_fd, const char *name)
{
	struct level stack[REMOVE_DEPTH];
	unsigned patience = PATIENCE;
	bool lifted = false;
	int depth = 0, r;

	if (unlinkat(at_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	r = enter(at_fd, name, &stack[0]);
	if (r < 0)
		return r;
	while (depth >= 0 && r >= 0) {
		r = remove_next(stack, &depth, &lifted);
		if (r == 0 && depth == 0 && lifted) {
			lifted = false;
			rewinddir(stack[0].dir);
		} else if (r == 0) {
			r = leave(stack, at_fd, &depth, &patience);
		}
	}
	for (; depth >= 0; depth--) {
		closedir(stack[depth].dir);
		free(stack[depth].name);
	}
	return r < 0 ? r : 0;
}
