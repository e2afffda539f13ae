/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * streams - stdout.txt and stderr.txt of jobs.
 *
 * Touches these two files in a job's folder. They are made by the worker, so that a share in
 * trouble makes a job wait, not fail; launcher and keeper never have them (child.c gets them by a
 * parcel). Our descriptor and the job's are one open file: so fsync tells us what the job's own
 * writes met, once; that is why an error of a flush is kept for the outcome. A crash leaves empty
 * files in an attempt's folder, and the attempt is given back.
 *
 * On a local disk O_EXCL proves that a file is new. On NFS that costs two more round trips, and a
 * lost reply makes our own file look like another's: there an empty regular file with one name is
 * as good as new. (Whose it is cannot be asked: SMB and NFS servers map users.)
 */
#include "streams.h"

#include "clock.h"
#include "runner.h"
#include "worker.h"
#include "xalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define FLUSH_MS 1000

static const char *const names[STREAMS] = { SPOOL_STDOUT, SPOOL_STDERR };

const char *streams_name(int which)
{
	return names[which];
}

/* -- making -------------------------------------------------------------------------------------- */

static int make(int folder_fd, const char *name, enum safefs_kind kind)
{
	int flags = O_WRONLY | O_CREAT | O_APPEND | (kind == SAFEFS_LOCAL ? O_EXCL : 0);
	int fd = safefs_open(folder_fd, name, flags, 0644), r;
	struct stat st;

	if (fd == -ELOOP || fd == -ENXIO || fd == -EISDIR) /* a link, a fifo, a folder */
		return -EEXIST;
	if (fd < 0)
		return fd;
	r = fstat(fd, &st) < 0 ? -errno : 0;
	if (r == 0 && (!S_ISREG(st.st_mode) || st.st_size != 0 || st.st_nlink > 1))
		r = -EEXIST;
	/* The job shall find it as a shell would have opened it. */
	if (r == 0 && fcntl(fd, F_SETFL, O_APPEND) < 0)
		r = -errno;
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

int streams_make(struct job *job, int folder_fd, enum safefs_kind kind, int *ret_which)
{
	for (int i = 0; i < STREAMS; i++) {
		int fd = job->streams[i] >= 0 ? job->streams[i] : make(folder_fd, names[i], kind);

		*ret_which = i;
		if (fd < 0)
			return fd;
		job->streams[i] = fd;
	}
	return 0;
}

void streams_close(struct job *job)
{
	for (int i = 0; i < STREAMS; i++) {
		if (job->streams[i] >= 0)
			close(job->streams[i]);
		job->streams[i] = -1;
	}
}

/* -- flushing ------------------------------------------------------------------------------------ */

struct flush {
	struct runner *r;
	size_t count;
	struct flushed {
		struct job *job;
		int which, fd;
		uint64_t size;
		int error;
	} * files;
};

/* Its size as this client knows it: asks nobody. */
static uint64_t size_here(int fd, uint64_t otherwise)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_SIZE, &st) < 0)
		return otherwise;
	return st.stx_size;
}

static int flush_run(void *arg)
{
	struct flush *f = arg;

	for (size_t i = 0; i < f->count; i++) {
		struct flushed *file = &f->files[i];
		uint64_t size = size_here(file->fd, file->size);

		if (size != file->size && fsync(file->fd) < 0 && errno != EINTR)
			file->error = -errno;
		file->size = size;
		close(file->fd);
	}
	return 0;
}

static void flush_done(void *arg, int result)
{
	struct flush *f = arg;
	struct runner *r = f->r;

	(void)result;
	for (size_t i = 0; i < f->count; i++) {
		struct job *job = f->files[i].job;

		job->flushing = false;
		job->stream_size[f->files[i].which] = f->files[i].size;
		if (f->files[i].error && job->result_error == 0)
			job->result_error = f->files[i].error;
	}
	r->flushing = false;
	free(f->files);
	free(f);
}

static bool is_concerned(const struct job *job)
{
	return !job->lent && job->phase == JOB_RUNNING && job->streams[0] >= 0;
}

static void add(struct flush *f, struct job *job, int which)
{
	int fd = fcntl(job->streams[which], F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return;
	f->files = xrealloc(f->files, f->count + 1, sizeof(*f->files));
	f->files[f->count++] = (struct flushed){
		.job = job,
		.which = which,
		.fd = fd,
		.size = job->stream_size[which],
	};
	job->flushing = true;
}

void streams_flush(struct runner *r, int64_t now)
{
	struct flush *f;
	struct job *job;

	if (now < streams_due(r))
		return;
	f = xcalloc(1, sizeof(*f));
	f->r = r;
	TAILQ_FOREACH(job, &r->jobs, link)
		for (int i = 0; is_concerned(job) && i < STREAMS; i++)
			add(f, job, i);
	r->flushing = true;
	r->next_flush = now + FLUSH_MS;
	worker_submit(r->flusher, flush_run, flush_done, f);
}

int64_t streams_due(const struct runner *r)
{
	const struct job *job;

	if (!r->flusher || r->flushing)
		return INT64_MAX;
	TAILQ_FOREACH(job, &r->jobs, link)
		if (is_concerned(job))
			return r->next_flush;
	return INT64_MAX;
}
