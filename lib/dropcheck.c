/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dropcheck - may this folder become a job? The whole examination of a drop, used at admission and
 * by submit --dry-run.
 *
 * Reads the folder through its descriptor and changes nothing. The order matters: what must not be
 * there is found before anything is opened, job.conf is read before what it names, and files that
 * are still to come are told apart from files that are wrong, since a drop that is incomplete waits
 * and a drop that is wrong is rejected.
 */
#include "dropcheck.h"

#include "cfgfile.h"
#include "cleanup.h"
#include "complaint.h"
#include "jobdir.h"
#include "safefs.h"
#include "spool.h"
#include "token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NO_JOB_CONF = 1 };

static const char *kind_of(int dir_fd, const char *name)
{
	struct stat st;

	if (safefs_look(dir_fd, name, &st))
		return "something that cannot be read";
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		return "a folder";
	case S_IFIFO:
		return "a named pipe";
	case S_IFSOCK:
		return "a socket";
	case S_IFLNK:
		return "a symbolic link";
	default:
		return "a device";
	}
}

/* 0 (with c filled if the file is of a wrong kind), NO_JOB_CONF, or negative errno: look later. */
static int read_text(int dir_fd, char **ret_text, size_t *ret_len, struct complaint *c)
{
	int r = safefs_read(dir_fd, SPOOL_JOB_CONF, CFGFILE_MAX_BYTES, ret_text, ret_len, NULL);

	switch (r) {
	case 0:
		return 0;
	case -ENOENT:
		return NO_JOB_CONF;
	case -EFBIG:
		complain(c, SPOOL_JOB_CONF, 0, xstrdup("a file of more than 65536 bytes"),
			 xstrdup("at most 65536 bytes"),
			 xstrdup("is this the right file? put long data into files of their own"));
		return 0;
	case -EACCES:
	case -EPERM:
		complain(
			c, SPOOL_JOB_CONF, 0, xstrdup("a file that may not be read"),
			xstrdup("a file that the spool may read"),
			xstrdup("allow reading it (chmod a+r job.conf) and drop the folder again"));
		return 0;
	case -ELOOP:
	case -EINVAL:
	case -ENXIO:
		complain(c, SPOOL_JOB_CONF, 0, xstrdup(kind_of(dir_fd, SPOOL_JOB_CONF)),
			 xstrdup("a text file"),
			 xstrdup("put a plain file named job.conf there, or none if the folder "
				 "holds just one program"));
		return 0;
	default:
		return r;
	}
}

/* 0 with *ret_found telling whether there is one. */
static int read_job(int dir_fd, struct jobfile *job, bool *ret_found, struct complaint *c)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r = read_text(dir_fd, &text, &len, c);

	*ret_found = r != NO_JOB_CONF;
	jobfile_init(job);
	if (r < 0)
		return r;
	if (complaint_any(c))
		return COMPLAINT;
	return *ret_found ? jobfile_parse(SPOOL_JOB_CONF, text, len, job, c) : 0;
}

int dropcheck_read_job(int dir_fd, struct jobfile *job, struct complaint *c)
{
	bool found;

	return read_job(dir_fd, job, &found, c);
}

/* Job.conf, job.conf.txt: somebody meant it, and without it the job would run otherwise than he
 * wished. */
static int check_lookalikes(const struct tree *tree, struct complaint *c)
{
	for (size_t i = 0; i < tree->count; i++) {
		const char *name = tree->entries[i].path;
		_cleanup_free_ char *shown = NULL;

		if (strchr(name, '/') ||
		    strncasecmp(name, SPOOL_JOB_CONF, strlen(SPOOL_JOB_CONF)) != 0)
			continue;
		shown = token_show(name, strlen(name));
		return complain(
			c, "the folder", 0, xasprintf("no job.conf, but a file %s", shown),
			xstrdup("the name job.conf"),
			xstrdup("rename it; some systems hide the last part of a name, as .txt"));
	}
	return 0;
}

/* Files that "inputs" announces and that have not come yet. */
static int check_inputs(int dir_fd, const struct jobfile *job, struct complaint *c)
{
	for (size_t i = 0; i < job->inputs.count; i++) {
		const char *path = job->inputs.items[i];
		int fd = safefs_open(dir_fd, path, O_RDONLY, 0);
		_cleanup_free_ char *shown = NULL;

		if (fd >= 0)
			close(fd);
		if (fd != -ENOENT)
			continue; /* command_settle finds whatever else may be wrong with it */
		shown = token_show(path, strlen(path));
		complain(c, SPOOL_JOB_CONF, job->line_inputs,
			 xasprintf("%s in \"inputs\", which is not there yet", shown),
			 xstrdup("all files that \"inputs\" names"),
			 xstrdup("copy it into the folder; the job waits for it. Or correct the "
				 "name"));
		return DROPCHECK_INCOMPLETE;
	}
	return 0;
}

int dropcheck(int root_fd, const struct catalogue *cat, int dir_fd, const struct tree *tree,
	      const char *box_app, const struct command_defaults *site, struct jobfile *job,
	      struct needs *needs, struct complaint *c)
{
	_cleanup_free_ char *app = NULL;
	struct jobfile asked;
	bool found = false;
	int r;

	jobfile_init(&asked);
	r = tree_check(dir_fd, tree, c);
	if (!r)
		r = read_job(dir_fd, &asked, &found, c);
	if (!r && !found)
		r = check_lookalikes(tree, c);
	if (!r)
		r = check_inputs(dir_fd, &asked, c);
	if (!r)
		r = command_settle(root_fd, cat, dir_fd, &asked, box_app, site, needs, &app, c);
	if (r)
		jobfile_free(&asked);
	else
		*job = asked;
	return r;
}
