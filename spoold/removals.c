/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * removals - files and folders of ours that have had their time go, in a lane of their own.
 *
 * Spent tickets, requests that have been answered, old snapshots, evidence that is kept no longer.
 * An unlink of a file that a client has read may wait for that client, 90 s if it is dead (NFS
 * delegations), and the next unlinks behind it; nothing else does. What is on its way is known by
 * name, so that a scan does not take it for news. Thousands may wait, so those of one folder share
 * a descriptor. A crash leaves some: they are found again.
 */
#include "removals.h"

#include "cleanup.h"
#include "log.h"
#include "places.h"
#include "rmtree.h"
#include "worker.h"
#include "xalloc.h"

#include <fcntl.h>
#include <string.h>

/* Where something is removed. */
struct folder {
	char *where;  /* the hash key */
	int fd;	      /* a duplicate: a runner's inbox may be closed meanwhile */
	size_t count; /* of removals on their way */
	UT_hash_handle hh;
};

struct removal {
	char *path; /* "<where>/<name>", the hash key */
	struct folder *folder;
	char *name;
	char *last; /* goes when name is durably gone; or NULL */
	UT_hash_handle hh;
};

static struct removal *removals; /* on their way */
static struct folder *folders;	 /* of theirs */

/* NULL: no descriptor is left. */
static struct folder *take_folder(int dir_fd, const char *where)
{
	struct folder *folder;
	int fd;

	HASH_FIND_STR(folders, where, folder);
	if (folder) {
		/* An inbox may have been made anew. */
		(void)places_follow(folder->fd, dir_fd);
	} else {
		fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			return NULL;
		folder = xcalloc(1, sizeof(*folder));
		folder->where = xstrdup(where);
		folder->fd = fd;
		HASH_ADD_KEYPTR(hh, folders, folder->where, strlen(folder->where), folder);
	}
	folder->count++;
	return folder;
}

static void leave_folder(struct folder *folder)
{
	if (--folder->count > 0)
		return;
	HASH_DEL(folders, folder);
	close(folder->fd);
	free(folder->where);
	free(folder);
}

static struct removal *find(const char *where, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", where, name);
	struct removal *removal;

	HASH_FIND_STR(removals, path, removal);
	return removal;
}

bool removals_has(const char *where, const char *name)
{
	return removals && find(where, name);
}

static int run(void *arg)
{
	const struct removal *removal = arg;
	int fd = removal->folder->fd, r = rmtree(fd, removal->name);

	if (r < 0 || !removal->last || safefs_look(fd, removal->last, NULL) == -ENOENT)
		return r;
	if (fsync(fd) < 0 && errno != EINVAL)
		return -errno;
	return rmtree(fd, removal->last);
}

static void forget(struct removal *removal)
{
	HASH_DEL(removals, removal);
	leave_folder(removal->folder);
	free(removal->path);
	free(removal->name);
	free(removal->last);
	free(removal);
}

static void ended(void *arg, int result)
{
	struct removal *removal = arg;

	if (result < 0)
		log_trouble("remove", "spool/%s cannot be removed (%s): it is tried again later",
			    removal->path, strerror(-result));
	forget(removal);
}

void removals_add_pair(struct coordinator *co, int dir_fd, const char *where, const char *name,
		       const char *last)
{
	struct removal *removal;
	struct folder *folder;

	if (find(where, name))
		return;
	folder = take_folder(dir_fd, where);
	if (!folder)
		return; /* it is found again */
	removal = xcalloc(1, sizeof(*removal));
	removal->path = xasprintf("%s/%s", where, name);
	removal->folder = folder;
	removal->name = xstrdup(name);
	removal->last = last ? xstrdup(last) : NULL;
	HASH_ADD_KEYPTR(hh, removals, removal->path, strlen(removal->path), removal);
	worker_submit(co->removal_lane, run, ended, removal);
}

void removals_add(struct coordinator *co, int dir_fd, const char *where, const char *name)
{
	removals_add_pair(co, dir_fd, where, name, NULL);
}
