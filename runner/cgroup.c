/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cgroup - control groups of version 2.
 *
 * Touches /sys/fs/cgroup, or /sys/fs/cgroup/unified where version 1 is there too; groups named
 * spool-jobs-<pid> below the own one. A crash leaves an empty group, which the next start removes.
 */
#include "cgroup.h"

#include "cleanup.h"
#include "safefs.h"
#include "xalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PREFIX "spool-jobs-"

/* Where version 2 is mounted, or -1. */
static int open_hierarchy(void)
{
	static const char *const places[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int fd = open(places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		struct statfs fs;

		if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

/* The group that this process is in, or -1. */
static int open_own(void)
{
	_cleanup_close_ int top = open_hierarchy(), proc = -1;
	char text[4096], *path;
	ssize_t len;

	if (top < 0)
		return -1;
	proc = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	len = proc < 0 ? -1 : read(proc, text, sizeof(text) - 1);
	if (len < 0)
		return -1;
	text[len] = '\0';
	path = strncmp(text, "0::/", 4) == 0 ? text : strstr(text, "\n0::/");
	if (!path)
		return -1;
	path = strchr(path, '/') + 1;
	path[strcspn(path, "\n")] = '\0';
	return openat(top, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int remove_old(const char *name, unsigned char type, void *arg)
{
	const int *own = arg;

	(void)type;
	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		return 0;
	for (int i = 1; i <= 64; i++) { /* of keepers; there are seldom more than a few */
		_cleanup_free_ char *of_keeper = xasprintf("%s/%d", name, i);

		(void)unlinkat(*own, of_keeper, AT_REMOVEDIR);
	}
	(void)unlinkat(*own, name, AT_REMOVEDIR); /* fails while something is in it */
	return 0;
}

static int write_file(int group, const char *name, const char *text)
{
	_cleanup_close_ int fd = group < 0 ? -1 : openat(group, name, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

int cgroup_open(void)
{
	_cleanup_close_ int own = open_own();
	_cleanup_free_ char *name = xasprintf(PREFIX "%d", getpid());
	int group;

	if (own < 0)
		return -1;
	safefs_list(own, ".", remove_old, &own);
	group = cgroup_make(own, name);
	/* Made is not enough: may processes of ours be moved there, and is there a freezer? */
	if (group >= 0 && (faccessat(own, "cgroup.procs", W_OK, AT_EACCESS) < 0 ||
			   faccessat(group, "cgroup.freeze", W_OK, AT_EACCESS) < 0 ||
			   faccessat(group, "cgroup.kill", W_OK, AT_EACCESS) < 0)) {
		close(group);
		cgroup_remove(own, name);
		group = -1;
	}
	return group;
}

void cgroup_close(int group)
{
	_cleanup_free_ char *name = xasprintf(PREFIX "%d", getpid());
	_cleanup_close_ int own = group < 0 ? -1 : openat(group, "..", O_PATH | O_CLOEXEC);

	cgroup_remove(own, name);
	if (group >= 0)
		close(group);
}

int cgroup_make(int parent, const char *name)
{
	if (parent < 0 || (mkdirat(parent, name, 0755) < 0 && errno != EEXIST))
		return -1;
	return openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void cgroup_remove(int parent, const char *name)
{
	if (parent >= 0)
		(void)unlinkat(parent, name, AT_REMOVEDIR);
}

int cgroup_enter(int group)
{
	return group < 0 ? 0 : write_file(group, "cgroup.procs", "0");
}

void cgroup_freeze(int group, bool on)
{
	(void)write_file(group, "cgroup.freeze", on ? "1" : "0");
}

void cgroup_kill(int group)
{
	(void)write_file(group, "cgroup.kill", "1");
}
