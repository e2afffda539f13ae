/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reap - the processes below this one.
 *
 * Touches /proc, and signals processes. Children are read from /proc/<pid>/task/<tid>/children;
 * where the kernel lacks it, from the parents that all of /proc names. The first is documented as
 * unreliable while children come and go; it is reliable for one's own children, because only our
 * own wait removes one from the list, and that is what reap_kill_children is used on. A descendant
 * missed by reap_signal_descendants misses a SIGTERM, no more.
 *
 * A child's number cannot be reused before we have waited for it. A deeper one's can, so it is
 * held by a pidfd and its parent is looked at again before it is signalled.
 */
#include "reap.h"

#include "cleanup.h"
#include "xalloc.h"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#define MOST_DESCENDANTS 65536

struct pids {
	pid_t *pid, *parent;
	size_t count, room;
};

static void pids_add(struct pids *p, pid_t pid, pid_t parent)
{
	if (p->count == MOST_DESCENDANTS)
		return;
	if (p->count == p->room) {
		p->room = p->room ? 2 * p->room : 16;
		p->pid = xrealloc(p->pid, p->room, sizeof(*p->pid));
		p->parent = xrealloc(p->parent, p->room, sizeof(*p->parent));
	}
	p->pid[p->count] = pid;
	p->parent[p->count++] = parent;
}

static void pids_free(struct pids *p)
{
	free(p->pid);
	free(p->parent);
}

/* The numbers in the file at path, separated by blanks. -1 if there is no such file. */
static int read_pids(const char *path, pid_t parent, struct pids *ret)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char buf[4096];
	pid_t pid = 0;
	ssize_t n;

	if (fd < 0)
		return -1;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (isdigit((unsigned char)buf[i])) {
				pid = pid * 10 + (buf[i] - '0');
			} else if (pid) {
				pids_add(ret, pid, parent);
				pid = 0;
			}
		}
	return 0;
}

/* The parent of pid, 0 if it is gone. */
static pid_t parent_of(pid_t pid)
{
	char path[64], buf[512], *after;
	_cleanup_close_ int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	if (n <= 0)
		return 0;
	buf[n] = '\0';
	after = strrchr(buf, ')'); /* a name may hold anything: "1 (a) b) S 7 ..." */
	return after && strlen(after) > 4 ? (pid_t)strtol(after + 4, NULL, 10) : 0;
}

static void add_children_by_scan(pid_t parent, struct pids *ret)
{
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && parent_of(pid) == parent)
			pids_add(ret, pid, parent);
	}
}

/* The children of all threads of pid. */
static void add_children(pid_t pid, struct pids *ret)
{
	char path[64 + NAME_MAX];
	_cleanup_closedir_ DIR *tasks = NULL;
	struct dirent *entry;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	tasks = opendir(path);
	while (tasks && (entry = readdir(tasks))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/children", pid, entry->d_name);
		if (read_pids(path, pid, ret) < 0 &&
		    access("/proc/thread-self/children", F_OK) < 0) {
			add_children_by_scan(pid, ret);
			return;
		}
	}
}

unsigned reap_kill_children(bool (*spare)(pid_t pid, void *arg), void *arg)
{
	struct pids children = { 0 };
	unsigned n = 0;

	add_children(getpid(), &children);
	for (size_t i = 0; i < children.count; i++) {
		if (spare && spare(children.pid[i], arg))
			continue;
		kill(children.pid[i], SIGKILL);
		n++;
	}
	pids_free(&children);
	return n;
}

/* Parents are signalled before their children, so that a shell does not go on to its next command;
 * the children of one that died of it are ours by then. */
static bool signal_if_child(pid_t pid, pid_t parent, int sig)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	pid_t now = pidfd < 0 ? 0 : parent_of(pid);

	return now && (now == parent || now == getpid()) &&
	       syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) == 0;
}

unsigned reap_signal_descendants(int sig)
{
	struct pids found = { 0 };
	unsigned n = 0;

	add_children(getpid(), &found);
	/* The list grows while it is walked: each one's children are put behind it. */
	for (size_t i = 0; i < found.count; i++)
		add_children(found.pid[i], &found);
	for (size_t i = 0; i < found.count; i++)
		n += signal_if_child(found.pid[i], found.parent[i], sig);
	pids_free(&found);
	return n;
}
