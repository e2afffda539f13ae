/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * folder - a job's folder on the share.
 *
 * Reads the manifest and attributes, follows no link, changes nothing. An error of a file says
 * little on a network mount: ENOENT and ESTALE come from names that this client has remembered too
 * long, EACCES from a share that is shut for a moment, and many others from the network. A job must
 * not end by any of those, so they are judged here, by asking the server: a folder is gone only if
 * spool/active, opened afresh, answers that it is not there.
 */
#include "folder.h"

#include "cleanup.h"
#include "digest.h"
#include "job.h"
#include "safefs.h"
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

int folder_open(int spool_fd, const struct job *job)
{
	return safefs_open(spool_fd, job->ticket.folder, O_RDONLY | O_DIRECTORY, 0);
}

/* Exactly len bytes at offset. 0; -EBADMSG: they are not there; negative errno. */
static int read_at(int fd, char *buf, size_t len, off_t offset)
{
	while (len > 0) {
		ssize_t n = pread(fd, buf, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG;
		buf += n;
		len -= (size_t)n;
		offset += n;
	}
	return 0;
}

int folder_check(int folder_fd, const struct job *job)
{
	const char *digest = job->ticket.manifest;
	char tail[sizeof("sum ") + DIGEST_HEX_SIZE];
	const size_t len = strlen("sum ") + DIGEST_HEX_SIZE; /* with the newline */
	_cleanup_close_ int fd = safefs_open(folder_fd, SPOOL_MANIFEST, O_RDONLY, 0);
	struct stat st;
	int r;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (size_t)st.st_size < len)
		return -EBADMSG;
	r = read_at(fd, tail, len, st.st_size - (off_t)len);
	if (r < 0)
		return r;
	tail[len - 1] = '\0';
	return strncmp(tail, "sum ", 4) == 0 && digest && strcmp(tail + 4, digest) == 0 ? 0
											: -EBADMSG;
}

/* "active/12.1-sim": the place, opened afresh, and the name in it. */
static bool is_gone(int spool_fd, const struct job *job)
{
	const char *name = strrchr(job->ticket.folder, '/');
	_cleanup_close_ int active = safefs_open_dir(spool_fd, spool_place_name(SPOOL_ACTIVE));

	return name && active >= 0 && safefs_look(active, name + 1, NULL) == -ENOENT;
}

/* May spool/active itself not be entered? Then no job's folder is to blame. */
static bool is_shut(int spool_fd)
{
	return faccessat(spool_fd, spool_place_name(SPOOL_ACTIVE), X_OK, AT_EACCESS) < 0;
}

enum folder_meaning folder_judge(int spool_fd, const struct job *job, int error)
{
	if (error == -ENOENT || error == -ESTALE)
		return is_gone(spool_fd, job) ? FOLDER_GONE : FOLDER_LATER;
	if (safefs_is_passing(error))
		return FOLDER_LATER;
	if ((error == -EACCES || error == -EPERM) && is_shut(spool_fd))
		return FOLDER_LATER;
	return FOLDER_BAD;
}
