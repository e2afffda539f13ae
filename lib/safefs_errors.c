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

bool safefs_is_folder(int fd)
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
	return (r == -EINVAL || r == -EBADF) && safefs_is_folder(fd) ? 0 : r;
}

/*
 * What a file system can say of a name, and of nothing else. The list is short and closed, because
 * the other one has no end: what a network, a server, a disk and this process can say differs by
 * medium and kernel (a client of SMB gives ENETRESET, ECONNREFUSED, ENODEV, EKEYEXPIRED, EBADF as
 * well as EHOSTDOWN), and a word that nobody has thought of must not end a job. EROFS is not in it:
 * it is the mount that cannot be written, for everybody.
 */
static const int of_a_name[] = {
	/* nothing there, or something else: another kind of thing, a socket, a thing of that name
	 */
	ENOENT, ENOTDIR, EISDIR, ENXIO, EEXIST, ENOTEMPTY,
	/* the way to it: by a link, out of the folder; a name that cannot be one */
	ELOOP, EXDEV, ENAMETOOLONG, EILSEQ,
	/* it is closed to us; also what a share says that is shut for a moment: folder.c of the
	 * runner asks further */
	EACCES, EPERM,
	/* what is in it: of the wrong kind, too large, damaged, too long for its record */
	EINVAL, EFBIG, EBADMSG, EMSGSIZE,
	/* no program, or none that can be started so */
	ENOEXEC, ELIBBAD, E2BIG
};

bool safefs_is_passing(int r)
{
	for (size_t i = 0; i < sizeof(of_a_name) / sizeof(of_a_name[0]); i++)
		if (r == -of_a_name[i])
			return false;
	return r < 0;
}

bool safefs_is_full(int r)
{
	return r == -ENOSPC || r == -EDQUOT;
}

bool safefs_is_trouble(int r)
{
	return safefs_is_passing(r) && !safefs_is_full(r);
}
