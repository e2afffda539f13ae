/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * results - what a job left in its folder, found by comparing it with the look before the start.
 *
 * Reads names and attributes, opens files only to sync them, follows no link, changes nothing. A
 * file counts as changed if size, times or inode differ; ctime tells even if the job put mtime
 * back. The look before the start, not the manifest, is what is compared: an attempt may run in a
 * copy, whose inodes and times are its own.
 *
 * What cannot be opened or is too much to walk: a local disk is synced as a whole. On a network
 * that would wait for whatever else this machine writes there, and tells a server of SMB nothing;
 * so what can be opened is synced, and for the rest the close by which the job ended must do (NFS
 * writes everything out then). Folders need no sync on a network: their changes are the server's
 * own.
 */
#include "results.h"

#include "cleanup.h"
#include "complaint.h"
#include "durable.h"
#include "escape.h"
#include "folder.h"
#include "job.h"
#include "safefs.h"
#include "spool.h"
#include "streams.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define OUTPUTS_MOST 200 /* the ticket's own bound; more would be thrown away there */

struct gathering {
	struct job *job;
	struct durable *durable;
	int folder;
};

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

/* That file or folder, or, if it is closed to us and the disk a local one, all that there is. 0, or
 * negative errno: again. */
static int sync_later(struct gathering *g, const char *path, bool is_folder)
{
	int fd;

	if (is_folder && !g->durable->whole.local)
		return 0;
	fd = is_folder ? safefs_open(g->folder, path, O_RDONLY | O_DIRECTORY, 0)
		       : safefs_open_to_sync(g->folder, path);
	if (fd >= 0)
		durable_add(g->durable, fd, &g->job->result_error);
	else if (safefs_is_passing(fd))
		return fd;
	else if (fd != -ENOENT) /* 0000, say */
		durable_add_all(g->durable, g->folder, &g->job->result_error);
	return 0;
}

static int keep(struct gathering *g, const struct tree_entry *e)
{
	if (e->type == 'f')
		list_output(g->job, e->path, e->size);
	else if (e->type != 'd')
		return 0; /* a link: its folder's sync keeps it */
	if (e->type == 'f' && e->size == 0)
		return 0; /* so does it keep an empty file */
	return sync_later(g, e->path, e->type == 'd');
}

/* Both lists are sorted by path. */
static int compare(struct gathering *g, const struct tree *now)
{
	const struct tree *before = &g->job->before;
	size_t i = 0;
	int r = 0;

	for (size_t j = 0; r == 0 && j < now->count; j++) {
		const struct tree_entry *e = &now->entries[j];

		while (i < before->count && strcmp(before->entries[i].path, e->path) < 0)
			i++;
		if (i < before->count && strcmp(before->entries[i].path, e->path) == 0 &&
		    same(&before->entries[i], e))
			continue;
		r = keep(g, e);
	}
	return r;
}

/* All but stdout.txt and stderr.txt, which are ours. */
static int keep_files(struct gathering *g)
{
	struct complaint c = { 0 };
	struct tree now = { 0 };
	int r = tree_look(g->folder, &now, &c);

	complaint_free(&c);
	if (r == -ENOENT || safefs_is_passing(r))
		return r;
	if (r != 0) { /* too much, or parts of it are closed */
		strlist_add(&g->job->ticket.outputs, "...");
		if (durable_add_all(g->durable, g->folder, &g->job->result_error))
			return 0;
		r = tree_look_part(g->folder, &now);
	}
	if (r == 0)
		r = compare(g, &now);
	tree_free(&now);
	return r;
}

/* The job may have removed the file, or put another in its place. */
static bool is_same_file(int fd, const struct stat *named)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && st.st_dev == named->st_dev &&
	       st.st_ino == named->st_ino;
}

static int keep_stream(struct gathering *g, int which)
{
	const char *name = streams_name(which);
	int *own = &g->job->streams[which];
	struct stat st;

	if (fstatat(g->folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	list_output(g->job, name, (uint64_t)st.st_size);
	if (!is_same_file(*own, &st))
		return sync_later(g, name, false);
	durable_add(g->durable, *own, &g->job->result_error);
	*own = -1;
	return 0;
}

/* The folder that it was started in. Numbers of files may be made up by a client of SMB: another
 * number is another folder only if the manifest is another, too. */
static int open_folder(struct job *job, int spool_fd)
{
	int fd = folder_open(spool_fd, job), r;
	struct stat st;

	if (fd < 0)
		return fd;
	r = fstat(fd, &st) < 0 ? -errno : 0;
	if (r == 0 && st.st_ino != job->inode)
		r = folder_check(fd, job);
	if (r == 0)
		return fd;
	job->removed = r == -ENOENT || r == -EBADMSG;
	close(fd);
	return r;
}

int results_gather(struct job *job, int spool_fd, struct durable *d)
{
	struct gathering g = { job, d, open_folder(job, spool_fd) };
	int r = g.folder < 0 ? g.folder : 0;

	strlist_free(&job->ticket.outputs);
	for (int i = 0; r == 0 && i < STREAMS; i++)
		r = keep_stream(&g, i);
	if (r == 0)
		r = keep_files(&g);
	if (r == 0) {
		durable_add(d, g.folder, &job->result_error);
		return 0;
	}
	if (g.folder >= 0)
		close(g.folder);
	if (safefs_is_full(r)) { /* it has run, and would again have no room */
		job->result_error = r;
		return 0;
	}
	switch (job->removed ? FOLDER_GONE : folder_judge(spool_fd, job, r)) {
	case FOLDER_GONE:
		job->removed = true;
		return 0;
	case FOLDER_LATER:
		return r;
	case FOLDER_BAD: /* the job has locked itself out */
	default:
		job->result_error = r;
		return 0;
	}
}
