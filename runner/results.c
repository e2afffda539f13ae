/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * results - what a job left in its folder, found by comparing it with the look before the start.
 *
 * Reads names and attributes, opens files only to sync them, follows no link, changes nothing. A
 * file counts as changed if size, times or inode differ; ctime tells even if the job put mtime
 * back. The look before the start, not the manifest, is what is compared: an attempt may run in a
 * copy, whose inodes and times are its own. A folder too large to walk is synced as a whole.
 */
#include "results.h"

#include "cleanup.h"
#include "complaint.h"
#include "escape.h"
#include "pass.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define OUTPUTS_MOST 200 /* the ticket's own bound; more would be thrown away there */

static bool same(const struct tree_entry *a, const struct tree_entry *b)
{
	return a->type == b->type && a->size == b->size && a->mtime_ns == b->mtime_ns &&
	       a->ctime_ns == b->ctime_ns && a->inode == b->inode;
}

static void list_output(struct job *job, const char *path, uint64_t size)
{
	struct strlist *outputs = &job->ticket.outputs;
	_cleanup_free_ char *name = NULL, *line = NULL;

	if (outputs->count > OUTPUTS_MOST)
		return;
	name = escape_text(path, ESCAPE_FIELD);
	line = xasprintf("%s %" PRIu64, name, size);
	strlist_add(outputs, outputs->count == OUTPUTS_MOST ? "..." : line);
}

/* All that the file system holds; for what cannot be opened one by one. */
static void sync_all(int folder, struct job *job)
{
	if (syncfs(folder) < 0 && job->sync_error == 0)
		job->sync_error = -errno;
}

static void keep(struct pass *p, struct job *job, int folder, const struct tree_entry *e)
{
	int fd;

	if (e->type == 'f')
		list_output(job, e->path, e->size);
	else if (e->type != 'd')
		return; /* a link: its folder's sync keeps it */
	if (e->type == 'f' && e->size == 0)
		return; /* so does it keep an empty file */
	fd = safefs_open(folder, e->path, O_RDONLY | (e->type == 'd' ? O_DIRECTORY : 0), 0);
	if (fd >= 0)
		durable_add(&p->share->durable, fd, &job->sync_error);
	else if (fd != -ENOENT) /* 0000, say */
		sync_all(folder, job);
}

/* Both lists are sorted by path. */
static void compare(struct pass *p, struct job *job, int folder, const struct tree *now)
{
	const struct tree *before = &job->before;
	size_t i = 0;

	for (size_t j = 0; j < now->count; j++) {
		const struct tree_entry *e = &now->entries[j];

		while (i < before->count && strcmp(before->entries[i].path, e->path) < 0)
			i++;
		if (i < before->count && strcmp(before->entries[i].path, e->path) == 0 &&
		    same(&before->entries[i], e))
			continue;
		keep(p, job, folder, e);
	}
}

/* stdout.txt and stderr.txt are ours, so tree_look leaves them out. */
static void keep_stream(struct pass *p, struct job *job, int folder, const char *name)
{
	int fd = safefs_open(folder, name, O_RDONLY, 0);
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0) {
		close(fd);
		return;
	}
	list_output(job, name, (uint64_t)st.st_size);
	durable_add(&p->share->durable, fd, &job->sync_error);
}

/* The folder that it was started in. Negative errno; job->removed if it is gone, or another has its
 * name. */
static int open_folder(struct pass *p, struct job *job)
{
	int fd = safefs_open(p->share->sp.fd, job->ticket.folder, O_RDONLY | O_DIRECTORY, 0);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == job->inode)
		return fd;
	if (fd >= 0 || fd == -ENOENT || fd == -ESTALE)
		job->removed = true;
	if (fd < 0)
		return fd;
	close(fd);
	return -ENOENT;
}

int results_gather(struct pass *p, struct job *job)
{
	struct complaint c = { 0 };
	struct tree now = { 0 };
	int folder = open_folder(p, job), r;

	strlist_free(&job->ticket.outputs);
	if (job->removed)
		return 0;
	if (folder == -EACCES && pass_is_shut(p))
		return folder;
	if (folder == -EACCES || folder == -EPERM) { /* the job has locked itself out */
		job->sync_error = folder;
		return 0;
	}
	if (folder < 0)
		return folder;
	keep_stream(p, job, folder, SPOOL_STDOUT);
	keep_stream(p, job, folder, SPOOL_STDERR);
	r = tree_look(folder, &now, &c);
	if (r == 0) {
		compare(p, job, folder, &now);
	} else {
		strlist_add(&job->ticket.outputs, "...");
		sync_all(folder, job);
	}
	tree_free(&now);
	complaint_free(&c);
	durable_add(&p->share->durable, folder, &job->sync_error);
	return 0;
}
