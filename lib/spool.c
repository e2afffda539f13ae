/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spool - opening a share and its permanent folders, and where a program may keep what is local to
 * it.
 *
 * No other file builds a path on the share. Nothing here changes the share but spool_open_inbox,
 * which makes the folder of a runner. The names of folders, tickets and drops are in names.c.
 */
#include "spool.h"

#include "cleanup.h"
#include "digest.h"
#include "xalloc.h"

#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>

static const char *const place_names[SPOOL_PLACES] = {
	"incoming", "queued",  "active",   "done",    "failed", "lost",
	"claims",   "runners", "requests", "replies", "events", "status",
};

const char *spool_place_name(enum spool_place place)
{
	return place_names[place];
}

char *spool_new_format(void)
{
	char id[SPOOL_ID_HEX + 1];

	digest_nonce(id, SPOOL_ID_HEX);
	return xasprintf("1\n%s\n", id);
}

/* Reads spool/format: the version and the spool's id. */
static int read_format(struct spool *sp, char **ret_why)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = safefs_read(sp->fd, SPOOL_FORMAT, 4096, &text, &len, NULL);

	if (r < 0) {
		*ret_why =
			xasprintf("%s/spool/format cannot be read (%s): this is not a spool that "
				  "\"spoolctl init %s\" has laid out, or the share is not mounted",
				  sp->path, strerror(-r), sp->path);
		return r;
	}
	if (strncmp(text, "1\n", 2) != 0 || len < 2 + SPOOL_ID_HEX ||
	    strspn(text + 2, "0123456789abcdef") != SPOOL_ID_HEX) {
		*ret_why = xasprintf(
			"%s/spool/format is not of version 1: this program (" SPOOL_VERSION
			") is too old for "
			"the share (install the share's version), or the file is damaged (put it "
			"back "
			"from a backup)",
			sp->path);
		return -EPROTO;
	}
	memcpy(sp->id, text + 2, SPOOL_ID_HEX);
	return 0;
}

int spool_place(const struct spool *sp, enum spool_place place)
{
	struct spool *own =
		(struct spool *)(uintptr_t)sp; /* a memory of what was opened, no more */

	if (sp->place_fd[place] < 0) {
		int fd = safefs_open_dir(sp->fd, place_names[place]);

		if (fd < 0)
			return fd;
		own->place_fd[place] = fd;
	}
	return sp->place_fd[place];
}

static int open_places(struct spool *sp, char **ret_why)
{
	for (int i = 0; i < SPOOL_PLACES; i++) {
		int fd = spool_place(sp, (enum spool_place)i);

		if (fd < 0) {
			*ret_why = xasprintf(
				"%s/spool/%s cannot be opened (%s): \"spoolctl init %s\" adds "
				"folders that are missing",
				sp->path, place_names[i], strerror(-fd), sp->path);
			return fd;
		}
	}
	return 0;
}

/* fds start as -1, so that spool_close may be called at any point. */
static void empty_spool(struct spool *sp)
{
	memset(sp, 0, sizeof(*sp));
	sp->root_fd = sp->fd = -1;
	for (int i = 0; i < SPOOL_PLACES; i++)
		sp->place_fd[i] = -1;
}

static int open_share(const char *path, bool lazily, struct spool *ret, char **ret_why)
{
	struct spool sp;
	int r;

	empty_spool(&sp);
	sp.path = realpath(path, NULL);
	sp.root_fd = sp.path ? open(sp.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (sp.root_fd < 0) {
		r = -errno;
		*ret_why = xasprintf("the share %s cannot be opened (%s): mount it, or name "
				     "another one with --share",
				     path, strerror(-r));
		free(sp.path);
		return r;
	}
	sp.fd = safefs_open_dir(sp.root_fd, "spool");
	if (sp.fd < 0) {
		r = sp.fd;
		*ret_why = xasprintf(
			"%s has no folder spool/ (%s): lay it out with \"spoolctl init %s\"", path,
			strerror(-r), path);
	} else {
		sp.kind = safefs_kind(sp.fd); /* it may be a mount of its own */
		r = read_format(&sp, ret_why);
		if (r == 0 && !lazily)
			r = open_places(&sp, ret_why);
	}
	if (r < 0) {
		spool_close(&sp);
		return r;
	}
	*ret = sp;
	return 0;
}

int spool_open(const char *path, struct spool *ret, char **ret_why)
{
	return open_share(path, false, ret, ret_why);
}

int spool_open_lazily(const char *path, struct spool *ret, char **ret_why)
{
	return open_share(path, true, ret, ret_why);
}

/* Those that are not open stay so. 0 or negative errno. */
static int take_over(struct spool *sp, const struct spool *fresh)
{
	if (dup3(fresh->root_fd, sp->root_fd, O_CLOEXEC) < 0 ||
	    dup3(fresh->fd, sp->fd, O_CLOEXEC) < 0)
		return -errno;
	for (int i = 0; i < SPOOL_PLACES; i++)
		if (sp->place_fd[i] >= 0 &&
		    dup3(fresh->place_fd[i], sp->place_fd[i], O_CLOEXEC) < 0)
			return -errno;
	return 0;
}

int spool_reopen(struct spool *sp, char **ret_why)
{
	struct spool fresh;
	int r = open_share(sp->path, false, &fresh, ret_why);

	if (r < 0)
		return r;
	if (strcmp(fresh.id, sp->id) != 0) {
		*ret_why = xasprintf("%s holds another spool now (%s, it was %s)", sp->path,
				     fresh.id, sp->id);
		r = -ESTALE;
	} else {
		r = take_over(sp, &fresh);
		if (r < 0)
			*ret_why = xasprintf("%s cannot be opened anew: %s", sp->path,
					     strerror(-r));
	}
	spool_close(&fresh);
	return r;
}

void spool_close(struct spool *sp)
{
	for (int i = 0; i < SPOOL_PLACES; i++)
		if (sp->place_fd[i] >= 0)
			close(sp->place_fd[i]);
	if (sp->fd >= 0)
		close(sp->fd);
	if (sp->root_fd >= 0)
		close(sp->root_fd);
	free(sp->path);
	empty_spool(sp);
}

int spool_list(const struct spool *sp, enum spool_place place,
	       int (*each)(const char *name, unsigned char type, void *arg), void *arg)
{
	return safefs_list(sp->fd, place_names[place], each, arg);
}

int spool_open_inbox(const struct spool *sp, const char *runner, bool create)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", place_names[SPOOL_CLAIMS], runner);

	/* Who runs what is no secret: with less, spoolctl could not tell people what runs. */
	if (create && mkdirat(sp->fd, path, 0755) < 0 && errno != EEXIST)
		return -errno;
	return safefs_open_dir(sp->fd, path);
}

/* Makes path and its missing parents, 0700. 0 or negative errno. */
static int make_folders(const char *path)
{
	_cleanup_free_ char *copy = xstrdup(path);

	for (char *slash = strchr(copy + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = '\0';
		if (mkdir(copy, 0700) < 0 && errno != EEXIST)
			return -errno;
		if (!slash)
			return 0;
		*slash = '/';
	}
}

/* Makes path, and refuses what is not ours alone or not on a local disk. */
static int try_state_dir(const char *path, char **ret_why)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r = make_folders(path);

	if (r < 0) {
		*ret_why = xasprintf(
			"the state folder %s cannot be made (%s): name another one with --state",
			path, strerror(-r));
		return r;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		r = -errno;
		*ret_why = xasprintf(
			"the state folder %s cannot be opened (%s): name another one with --state",
			path, strerror(-r));
		return r;
	}
	if (st.st_uid != geteuid()) {
		*ret_why = xasprintf("the state folder %s belongs to another user: name one of "
				     "your own with --state",
				     path);
		return -EPERM;
	}
	if (st.st_mode & S_IWOTH) {
		*ret_why = xasprintf("the state folder %s may be written by everybody: \"chmod o-w "
				     "%s\", or name another one "
				     "with --state",
				     path, path);
		return -EPERM;
	}
	if (safefs_kind(fd) != SAFEFS_LOCAL) {
		*ret_why = xasprintf("the state folder %s is on a %s: name a folder on a local "
				     "disk with --state",
				     path, safefs_kind_name(safefs_kind(fd)));
		return -EXDEV;
	}
	return 0;
}

/* In /var/tmp everybody may be there first: what is above the state folder must be ours too. */
static int try_own_corner(const char *path, char **ret_why)
{
	struct stat st;

	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		int r = -errno;

		*ret_why = xasprintf(
			"the folder %s cannot be made (%s): name a state folder with --state", path,
			strerror(-r));
		return r;
	}
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	    !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	*ret_why = xasprintf("%s is not a folder of your own that you alone may write: remove it, "
			     "or name a state folder "
			     "with --state",
			     path);
	return -EPERM;
}

char *spool_state_dir(const struct spool *sp, const char *given, const char *program,
		      char **ret_why)
{
	const char *state_home = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	_cleanup_free_ char *corner = NULL;
	char *path = NULL;

	if (given && *given)
		path = xstrdup(given);
	else if (geteuid() == 0)
		path = xasprintf("/var/lib/spool/%s/%s", sp->id, program);
	else if (state_home && *state_home == '/')
		path = xasprintf("%s/spool/%s/%s", state_home, sp->id, program);
	else if (home && *home == '/')
		path = xasprintf("%s/.local/state/spool/%s/%s", home, sp->id, program);
	if (path && try_state_dir(path, ret_why) == 0)
		return path;
	if (given && *given) {
		free(path);
		return NULL;
	}
	if (path) {
		free(path);
		free(*ret_why);
		*ret_why = NULL;
	}
	/* A home on a network file system is common; /var/tmp survives a reboot and is local. */
	corner = xasprintf("/var/tmp/spool-%u", (unsigned)geteuid());
	path = xasprintf("%s/%s/%s", corner, sp->id, program);
	if (try_own_corner(corner, ret_why) == 0 && try_state_dir(path, ret_why) == 0)
		return path;
	free(path);
	return NULL;
}
