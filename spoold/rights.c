/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rights - where one group shares the drop boxes, a dropped folder is opened to that group.
 *
 * A box with the set-group-id bit that its group may write says: one group for all. What people
 * copy into it often has other ideas, because cp -r keeps the mode of the original and mv and rsync
 * -a its group too; then the runner could not write its results. So the group gets what a runner
 * needs, and nobody else gets anything.
 *
 * Only modes and groups change, never contents, and only of what belongs to the dropper: a file of
 * another that he has brought along stays closed. No link is followed. A crash leaves some opened;
 * the next admission sees to the rest.
 */
#include "rights.h"

#include "cleanup.h"
#include "complaint.h"
#include "escape.h"
#include "xalloc.h"

#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>

bool rights_of_box(int box_fd, gid_t *ret_group)
{
	const mode_t sign = S_ISGID | S_IWGRP;
	struct stat st;

	if (fstat(box_fd, &st) < 0 || (st.st_mode & sign) != sign)
		return false;
	*ret_group = st.st_gid;
	return true;
}

/* What the group needs, as the lowest three bits. */
static mode_t needed(char type, mode_t mode)
{
	if (type == 'd')
		return 7;
	return mode & S_IXUSR ? 5 : 4;
}

static bool lacks(char type, mode_t mode, gid_t has, gid_t group)
{
	mode_t need = needed(type, mode), given = has == group ? mode >> 3 : mode;

	return (type == 'd' || type == 'f') && (given & need) != need;
}

bool rights_lack(int dir_fd, const struct tree *t, gid_t group)
{
	struct stat st;

	if (fstat(dir_fd, &st) == 0 && lacks('d', st.st_mode, st.st_gid, group))
		return true;
	for (size_t i = 0; i < t->count; i++)
		if (lacks(t->entries[i].type, t->entries[i].mode, t->entries[i].gid, group))
			return true;
	return false;
}

/* fchmod refuses a descriptor that was opened without reading; its path does not. */
static int change_mode(int fd, mode_t mode)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, mode) < 0 ? -errno : 0;
}

/* fd: O_PATH. 0 or negative errno. */
static int give(int fd, char type, gid_t group)
{
	struct stat st;
	mode_t mode;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	/* Its owner has set a bit since it was examined: that is for the next examination to
	 * refuse, and never to be given back together with another group. */
	if (type == 'f' && st.st_mode & (S_ISUID | S_ISGID))
		return -EAGAIN;
	if (!lacks(type, st.st_mode, st.st_gid, group))
		return 0;
	if (st.st_gid != group && fchownat(fd, "", (uid_t)-1, group, AT_EMPTY_PATH) < 0)
		return -errno;
	mode = (st.st_mode & (type == 'd' ? 03777 : 0777)) | needed(type, st.st_mode) << 3;
	/* What the runner makes in a folder is to belong to the group, too; some sandboxes forbid
	 * it. */
	r = change_mode(fd, type == 'd' ? mode | S_ISGID : mode);
	if (r == -EPERM)
		r = change_mode(fd, mode);
	if (r == 0 && fstat(fd, &st) < 0)
		r = -errno;
	/* Some file systems say yes and do nothing. */
	return r == 0 && lacks(type, st.st_mode, st.st_gid, group) ? -EPERM : r;
}

/* Is it still what was looked at? */
static bool is_same(int fd, const struct tree_entry *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_ino != e->inode || st.st_uid != e->uid)
		return false;
	return e->type == 'd' ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode) && st.st_nlink == 1;
}

static int give_entry(int dir_fd, const struct tree_entry *e, gid_t group)
{
	const char *slash = strrchr(e->path, '/'), *name = slash ? slash + 1 : e->path;
	_cleanup_free_ char *above = slash ? xstrndup(e->path, (size_t)(slash - e->path))
					   : xstrdup(".");
	_cleanup_close_ int folder = safefs_open(dir_fd, above, O_RDONLY | O_DIRECTORY, 0);
	_cleanup_close_ int fd = -1;

	if (folder < 0)
		return folder;
	fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return is_same(fd, e) ? give(fd, e->type, group) : -EAGAIN;
}

static char *group_name(gid_t group)
{
	struct group gr, *found = NULL;
	char buf[4096];

	if (getgrgid_r(group, &gr, buf, sizeof(buf), &found) == 0 && found)
		return escape_text(gr.gr_name, ESCAPE_TEXT);
	return xasprintf("%u", (unsigned)group);
}

/* e: NULL for the dropped folder itself. */
static int refuse(const struct tree_entry *e, gid_t group, const char *drop, struct complaint *c)
{
	_cleanup_free_ char *name = e ? escape_text(e->path, ESCAPE_TEXT) : xstrdup("the folder");
	_cleanup_free_ char *who = group_name(group), *shown = escape_text(drop, ESCAPE_TEXT);

	return complain(c, name, 0,
			xasprintf(!e || e->type == 'd'
					  ? "a folder in which the group %s may make no files"
					  : "a file that the group %s may not read or run",
				  who),
			xasprintf("folders that the group %s may change, and files that it may "
				  "read: the machines that run jobs belong to it",
				  who),
			xasprintf("chgrp -R %s \"%s\" && chmod -R g+rwX \"%s\", then drop it again",
				  who, shown, shown));
}

int rights_give(int dir_fd, const struct tree *t, gid_t group, uid_t owner, const char *drop,
		struct complaint *c)
{
	_cleanup_close_ int top = openat(dir_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct tree_entry *e = NULL;
	int r = top < 0 ? -errno : give(top, 'd', group);

	for (size_t i = 0; r == 0 && i < t->count; i++) {
		e = &t->entries[i];
		if (lacks(e->type, e->mode, e->gid, group))
			r = e->uid == owner ? give_entry(dir_fd, e, group) : -EPERM;
	}
	if (r == -EPERM || r == -EACCES)
		return refuse(e, group, drop, c);
	return r == -ENOENT || r == -ENOTDIR || r == -ELOOP ? -EAGAIN : r;
}
