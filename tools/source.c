/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source - what a person hands to submit.
 *
 * Reads the folder's tree or the file's beginning; changes nothing. A submission file is one that
 * parses as job.conf and names an executable: a script or a table of numbers does not.
 */
#include "source.h"

#include "cfgfile.h"
#include "cleanup.h"
#include "complaint.h"
#include "escape.h"
#include "jobfile.h"
#include "safefs.h"
#include "spool.h"
#include "tell.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

#define NAME_ROOM (NAME_MAX - 16) /* ".submit-" and eight digits come behind */

/* A name that incoming/ would take for something else. */
static int check_name(const struct source *src)
{
	const char *name = src->name;

	if (!*name || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return tell_usage("%s: this cannot be the name of a job; give one with --name",
				  src->shown);
	if (name[0] == '@' || spool_is_litter(name) || spool_is_tmp(name))
		return tell_usage("%s: a drop of this name would not be taken for a job; give "
				  "another with --name",
				  src->shown);
	if (strlen(name) > NAME_ROOM)
		return tell_usage(
			"%s: the name is longer than %d bytes; give a shorter one with --name",
			src->shown, NAME_ROOM);
	return TELL_DONE;
}

static int open_folder(struct source *src, const char *path)
{
	struct complaint c = { 0 };
	int r;

	src->kind = SOURCE_FOLDER;
	src->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (src->dir_fd < 0)
		return tell_failed("%s: %s", src->shown, strerror(errno));
	r = tree_look(src->dir_fd, &src->tree, &c);
	if (r == COMPLAINT) {
		_cleanup_free_ char *line = complaint_line(&c);

		complaint_free(&c);
		return tell_failed("%s: %s", src->shown, line);
	}
	if (r < 0)
		return tell_failed("%s: the folder cannot be read: %s", src->shown, strerror(-r));
	src->bytes = src->tree.bytes;
	return TELL_DONE;
}

/* Adds a file of the submission, once, unless it is an absolute path, which means one on the
 * runner. */
static int add_file(struct source *src, const char *file)
{
	_cleanup_free_ char *shown = file ? escape_text(file, ESCAPE_TEXT) : NULL;
	struct stat st;

	if (!file || file[0] == '/' || strlist_has(&src->files, file))
		return TELL_DONE;
	if (fstatat(src->dir_fd, file, &st, 0) < 0 || !S_ISREG(st.st_mode))
		return tell_failed("%s: it names \"%s\", which is not a file beside it; put it "
				   "there or correct the line",
				   src->shown, shown);
	strlist_add(&src->files, file);
	src->bytes += (uint64_t)st.st_size;
	return TELL_DONE;
}

static int add_named_files(struct source *src)
{
	struct complaint c = { 0 };
	struct jobfile job;
	int r;

	if (jobfile_parse("job.conf", src->job_text, src->job_len, &job, &c) != 0) {
		complaint_free(&c);
		return tell_failed("%s: it cannot be read as a submission file", src->shown);
	}
	r = add_file(src, job.executable);
	if (!r)
		r = add_file(src, job.data);
	if (!r)
		r = add_file(src, job.input);
	for (size_t i = 0; !r && i < job.inputs.count; i++)
		r = add_file(src, job.inputs.items[i]);
	jobfile_free(&job);
	return r;
}

static int open_file(struct source *src, char *path)
{
	char *slash = strrchr(path, '/');
	struct stat st;

	*slash = '\0';
	src->dir_fd = open(*path ? path : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (src->dir_fd < 0 || fstatat(src->dir_fd, slash + 1, &st, 0) < 0)
		return tell_failed("%s: %s", src->shown, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return tell_failed("%s: expected a folder or an ordinary file", src->shown);
	if (safefs_read(src->dir_fd, slash + 1, CFGFILE_MAX_BYTES, &src->job_text, &src->job_len,
			NULL) == 0 &&
	    jobfile_is_submission(src->job_text, src->job_len)) {
		src->kind = SOURCE_SUBMISSION;
		return add_named_files(src);
	}
	src->kind = SOURCE_FILE;
	strlist_add(&src->files, slash + 1);
	src->bytes = (uint64_t)st.st_size;
	return TELL_DONE;
}

int source_open(const char *path, const char *name, struct source *ret)
{
	_cleanup_free_ char *real = realpath(path, NULL);
	struct source src = { .dir_fd = -1 };
	struct stat st;
	int r;

	src.shown = escape_text(path, ESCAPE_TEXT);
	if (!real || stat(real, &st) < 0) {
		r = tell_failed("%s: %s", src.shown, strerror(errno));
	} else {
		src.name = xstrdup(name ? name : strrchr(real, '/') + 1);
		r = check_name(&src);
		if (r == TELL_DONE)
			r = S_ISDIR(st.st_mode) ? open_folder(&src, real) : open_file(&src, real);
	}
	if (r != TELL_DONE) {
		source_close(&src);
		return r;
	}
	*ret = src;
	return TELL_DONE;
}

void source_close(struct source *src)
{
	if (src->dir_fd >= 0)
		close(src->dir_fd);
	free(src->shown);
	free(src->name);
	free(src->job_text);
	strlist_free(&src->files);
	tree_free(&src->tree);
	*src = (struct source){ .dir_fd = -1 };
}
