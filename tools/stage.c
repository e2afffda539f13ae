/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stage - builds the folder of a job as it will be dropped.
 *
 * Works in a folder of its own that nobody looks at (.tmp-*), from a source that is only read. When
 * it is done, what is there is durable and holds .ready, so that the one rename into incoming/
 * makes a complete drop, also for a coordinator that only polls. A crash in the middle leaves the
 * temporary, which is removed by age.
 */
#include "stage.h"

#include "cfgfile.h"
#include "cleanup.h"
#include "complaint.h"
#include "copy.h"
#include "escape.h"
#include "jobfile.h"
#include "jobset.h"
#include "safefs.h"
#include "source.h"
#include "spool.h"
#include "tell.h"
#include "tree.h"
#include "xalloc.h"

#include <fcntl.h>
#include <string.h>

static int tell_complaint(const struct source *src, struct complaint *c)
{
	_cleanup_free_ char *line = complaint_line(c);

	complaint_free(c);
	return tell_failed("%s: %s", src->shown, line);
}

static int tell_copy(const struct source *src, const struct copy *c, int error)
{
	if (error == -EINTR)
		return tell_failed("%s: interrupted; nothing was submitted", src->shown);
	if (error == -EOPNOTSUPP)
		return tell_failed("%s: %s: this share cannot hold a symbolic link (SMB); put the "
				   "file itself there; nothing was submitted",
				   src->shown, c->failed ? c->failed : "something in it");
	if (error == -EINVAL)
		return tell_failed("%s: %s is neither a file nor a folder; leave it out of the job",
				   src->shown, c->failed ? c->failed : "something in it");
	return tell_failed("%s: %s: %s; nothing was submitted", src->shown,
			   c->failed ? c->failed : "the copy", strerror(-error));
}

/* Makes the folders that lead to path, as far as they are missing. */
static int make_parents(int fd, const char *path)
{
	_cleanup_free_ char *copy = xstrdup(path);

	for (char *slash = strchr(copy, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdirat(fd, copy, 0777) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

static int copy_files(const struct source *src, int fd, struct copy *c)
{
	int r = 0;

	c->durable = !c->model;
	for (size_t i = 0; r == 0 && i < src->files.count; i++) {
		r = make_parents(fd, src->files.items[i]);
		if (r == 0)
			r = copy_file(c, src->dir_fd, src->files.items[i], fd, src->files.items[i]);
	}
	return r;
}

static int copy_all(const struct source *src, int fd, bool model)
{
	struct copy c = { .what = src->shown, .total = src->bytes, .model = model };
	int r = src->kind == SOURCE_FOLDER ? copy_tree(&c, src->dir_fd, &src->tree, fd)
					   : copy_files(src, fd, &c);

	if (r == 0)
		r = copy_settle(&c, fd);
	r = r < 0 ? tell_copy(src, &c, r) : TELL_DONE;
	copy_end(&c);
	return r;
}

/* The text that job.conf has before --set: that of the folder, of the submission file, or none. */
static int read_job_text(const struct source *src, int fd, char **ret, size_t *ret_len)
{
	int r = -ENOENT;

	if (src->kind == SOURCE_FOLDER)
		r = safefs_read(fd, SPOOL_JOB_CONF, CFGFILE_MAX_BYTES, ret, ret_len, NULL);
	if (r == 0)
		return TELL_DONE;
	if (r != -ENOENT)
		return tell_failed(
			"%s: job.conf cannot be read (%s); expected a text file of at most 64 KiB",
			src->shown, strerror(-r));
	*ret_len = src->kind == SOURCE_SUBMISSION ? src->job_len : 0;
	*ret = xstrndup(*ret_len ? src->job_text : "", *ret_len);
	return TELL_DONE;
}

/* Writes job.conf where it differs from what was copied. Mistakes are told now: nothing need be
 * dropped to find them. */
static int write_job_text(const struct source *src, const struct strlist *assignments, int fd)
{
	_cleanup_free_ char *old = NULL, *text = NULL;
	struct complaint c = { 0 };
	struct jobfile job;
	size_t len = 0;
	int r;

	if (!assignments->count && src->kind != SOURCE_SUBMISSION)
		return TELL_DONE;
	r = read_job_text(src, fd, &old, &len);
	if (r != TELL_DONE)
		return r;
	text = jobset_apply(old, len, assignments, &c);
	if (!text || jobfile_parse(SPOOL_JOB_CONF, text, strlen(text), &job, &c) != 0)
		return tell_complaint(src, &c);
	jobfile_free(&job);
	r = safefs_replace(fd, SPOOL_JOB_CONF, text, strlen(text), 0644, true);
	return r < 0 ? tell_errno("job.conf cannot be written", r) : TELL_DONE;
}

/* What every coordinator refuses need not be dropped: links that lead out, devices. */
static int check_tree(const struct source *src, int fd)
{
	struct complaint c = { 0 };
	struct tree tree;
	int r = tree_look(fd, &tree, &c);

	if (r == 0) {
		r = tree_check(fd, &tree, &c);
		tree_free(&tree);
	}
	if (r == COMPLAINT)
		return tell_complaint(src, &c);
	return r < 0 ? tell_errno("the copy cannot be read", r) : TELL_DONE;
}

int stage_build(const struct source *src, const struct strlist *assignments, int parent_fd,
		const char *name, bool model)
{
	_cleanup_close_ int fd = -1;
	int r;

	if (mkdirat(parent_fd, name, 0777) < 0)
		return tell_errno("the drop cannot be made in spool/incoming", -errno);
	fd = safefs_open_dir(parent_fd, name);
	if (fd < 0)
		return tell_errno("the drop cannot be opened", fd);
	r = copy_all(src, fd, model);
	if (r == TELL_DONE)
		r = write_job_text(src, assignments, fd);
	if (r == TELL_DONE)
		r = check_tree(src, fd);
	if (r != TELL_DONE)
		return r;
	r = safefs_create(fd, SPOOL_READY, "", 0, 0644, NULL);
	return r < 0 ? tell_errno("the drop cannot be finished", r) : TELL_DONE;
}
