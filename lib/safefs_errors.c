/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * safefs_errors - what an error of a file system says.
 *
 * Touches nothing but the descriptors that it syncs. A sync that fails is not asked for again here:
 * the kernel tells of a lost write once, and the next sync would say "fine".
 */
#include "safefs.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* As this machine knows it: asks no server, which may know nothing of it any more. */
static bool is_folder(int fd)
{
	struct statx st;

	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) == 0 &&
	       S_ISDIR(st.stx_mode);
}

int safefs_sync(int fd)
{
	int r;

	do
		r = fsync(fd) < 0 ? -errno : 0;
	while (r == -EINTR);
	/* Of a folder: there is nothing that could be synced. Of a file EBADF says that the server
	 * of SMB does not know it as open any more, because it has started again: what it had not
	 * written to its disk by then is lost. */
	return (r == -EINVAL || r == -EBADF) && is_folder(fd) ? 0 : r;
}

bool safefs_is_trouble(int r)
{
	static const int troubles[] = {
		EAGAIN,	  EINTR,       EIO,	 ESTALE,     ETIMEDOUT,	   EHOSTDOWN, EHOSTUNREACH,
		ENETDOWN, ENETUNREACH, ENOTCONN, ECONNRESET, ECONNABORTED, EPIPE,     EREMOTEIO,
		EBUSY,	  ENOLCK,      ENOBUFS,	 ENOMEM,     EMFILE,	   ENFILE,    EBADF,
	};

	for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++)
		if (r == -troubles[i])
			return true;
	return false;
}

bool safefs_is_full(int r)
{
	return r == -ENOSPC || r == -EDQUOT;
}

bool safefs_is_passing(int r)
{
	return safefs_is_trouble(r) || safefs_is_full(r);
}
