/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor - what spoolctl doctor knows of a share, and its list of findings.
 *
 * Everything else of spoolctl gives up where a share cannot be opened; here that is what is looked
 * for. So the share is opened step by step, and each step that fails is a finding. The first touch
 * is left to a child, because a file server that does not answer keeps who asks it for ever. Writes
 * nothing.
 */
#include "doctor.h"

#include "cleanup.h"
#include "clock.h"
#include "command.h"
#include "escape.h"
#include "words.h"
#include "xalloc.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>

#define PATIENCE_MS 10000
#define GLANCE_MS 20

/* -- findings ------------------------------------------------------------------------------------ */

void doctor_note(struct doctor *d, enum doctor_level level, const char *topic, const char *remedy,
		 const char *format, ...)
{
	va_list ap;
	char *found;

	va_start(ap, format);
	found = xvasprintf(format, ap);
	va_end(ap);
	d->items = xrealloc(d->items, d->count + 1, sizeof(*d->items));
	d->items[d->count++] = (struct doctor_finding){
		.topic = xstrdup(topic),
		.level = level,
		.found = found,
		.remedy = remedy ? xstrdup(remedy) : NULL,
	};
}

static char *quoted_path(const struct doctor *d, const char *below)
{
	struct command path = { .program = below ? xasprintf("%s/%s", d->path, below)
						 : xstrdup(d->path) };
	char *quoted = words_command(&path);

	free(path.program);
	return quoted;
}

char *doctor_command(const struct doctor *d, const char *prose, const char *words,
		     const char *below)
{
	_cleanup_free_ char *quoted = quoted_path(d, below);

	return xasprintf("%s\n%s %s", prose ? prose : "", words, quoted);
}

char *doctor_command_more(const struct doctor *d, char *remedy, const char *below)
{
	_cleanup_free_ char *quoted = quoted_path(d, below), *old = remedy;

	return xasprintf("%s %s", old, quoted);
}

size_t doctor_count(const struct doctor *d, enum doctor_level level)
{
	size_t n = 0;

	for (size_t i = 0; i < d->count; i++)
		n += d->items[i].level == level;
	return n;
}

bool doctor_modes_are_made_up(const struct doctor *d)
{
	return d->media[0].class == MEDIUM_SMB && !mount_has(&d->media[0].mount, "unix") &&
	       !mount_has(&d->media[0].mount, "posix");
}

/* -- opening ------------------------------------------------------------------------------------- */

/* Lets a child touch the path. False if it has not come back when time is over. */
static bool answers(const char *path)
{
	const struct timespec glance = { .tv_nsec = GLANCE_MS * 1000000L };
	int64_t end = clock_boot_ms() + PATIENCE_MS;
	pid_t child = fork();

	if (child == 0) {
		struct statvfs st;

		(void)statvfs(path, &st);
		_exit(0);
	}
	while (child > 0 && waitpid(child, NULL, WNOHANG) == 0) {
		if (clock_boot_ms() > end) {
			kill(child, SIGKILL); /* it ends when the server is back, or now */
			return false;
		}
		nanosleep(&glance, NULL);
	}
	return true;
}

static void note_silence(struct doctor *d)
{
	_cleanup_free_ char *source = NULL;
	struct mount m = { 0 };

	if (mount_of_path(d->path, &m) == 0)
		source = escape_text(m.source, ESCAPE_TEXT);
	doctor_note(d, DOCTOR_UNSAFE, "share",
		    "see that the server runs and can be reached; what waits goes on by itself",
		    "the file server has not answered for %d s (%s, mounted from %s)",
		    PATIENCE_MS / 1000, d->shown, source ? source : "?");
	mount_free(&m);
}

/* The path as the kernel has it. Until here nobody but the child has touched the share. */
static void find_real_path(struct doctor *d, const char *path)
{
	char *real = realpath(path, NULL);

	if (!real)
		return;
	free(d->path);
	free(d->shown);
	d->path = real;
	d->shown = escape_text(real, ESCAPE_TEXT);
}

static void note_closed(struct doctor *d, int error)
{
	if (error == EACCES || error == EPERM)
		doctor_note(d, DOCTOR_UNSAFE, "share",
			    "ask its owner for access, or run it as the account of the daemons",
			    "the share %s is closed to this account: %s", d->shown,
			    strerror(error));
	else if (error == ENOTDIR)
		doctor_note(d, DOCTOR_UNSAFE, "share", "name the folder of the share with --share",
			    "%s is a file, or lies below one; a share is a folder", d->shown);
	else
		doctor_note(d, DOCTOR_UNSAFE, "share", "mount it, or name another one with --share",
			    "the share %s cannot be opened: %s", d->shown, strerror(error));
}

/* Is it the folder spool/ of a share, or one of those in it? */
static bool note_inside(struct doctor *d)
{
	char *up = NULL;

	if (faccessat(d->root_fd, "../spool/" SPOOL_FORMAT, F_OK, 0) == 0)
		up = xasprintf("%s/..", d->path);
	else if (faccessat(d->root_fd, "../../spool/" SPOOL_FORMAT, F_OK, 0) == 0)
		up = xasprintf("%s/../..", d->path);
	if (!up)
		return false;
	find_real_path(d, up);
	free(up);
	up = doctor_command(d, NULL, "spoolctl doctor --share", NULL);
	doctor_note(d, DOCTOR_UNSAFE, "share", up,
		    "the folder that was named lies inside of a share, which is %s", d->shown);
	free(up);
	return true;
}

/* "spoolctl init" by the owner of the folder. */
static char *init_remedy(const struct doctor *d, int fd, const char *prose)
{
	struct stat st;

	return doctor_init_remedy(d, prose, fstat(fd, &st) == 0 ? st.st_uid : geteuid());
}

static void note_no_spool(struct doctor *d)
{
	_cleanup_free_ char *remedy = init_remedy(d, d->root_fd,
						  "mount it; or, if it is to become a share");

	if (!note_inside(d))
		doctor_note(d, DOCTOR_UNSAFE, "share", remedy,
			    "%s has no folder spool/: it is not mounted, or it is no share",
			    d->shown);
}

/* The share's root and spool/. False if there is no spool/ to look into. */
static bool open_folders(struct doctor *d)
{
	find_real_path(d, d->path);
	d->root_fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->root_fd < 0) {
		note_closed(d, errno);
		return false;
	}
	d->fd = safefs_open_dir(d->root_fd, "spool");
	d->parts = 1;
	if (d->fd < 0)
		medium_look(d->root_fd, &d->media[0]);
	else
		d->parts = medium_look_share(d->root_fd, d->fd, d->media);
	if (d->fd == -ENOENT)
		note_no_spool(d);
	else if (d->fd == -ENOTDIR || d->fd == -ELOOP)
		doctor_note(d, DOCTOR_UNSAFE, "share",
			    "move it away, or name another share with --share",
			    "spool in %s is no folder", d->shown);
	else if (d->fd < 0)
		doctor_note(d, DOCTOR_UNSAFE, "share",
			    "ask the owner of the share for access, or mount it anew",
			    "spool/ in %s cannot be opened: %s", d->shown, strerror(-d->fd));
	return d->fd >= 0;
}

/* A folder that is missing is told by the check of the layout, with its name. */
static bool is_complete(const struct doctor *d)
{
	struct stat st;

	for (int place = 0; place < SPOOL_PLACES; place++)
		if (fstatat(d->fd, spool_place_name((enum spool_place)place), &st,
			    AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno == ENOENT)
			return false;
	return true;
}

/* "what is wrong: what to do", as spool_open says it, is split at its last colon. */
static void note_refusal(struct doctor *d, const char *why)
{
	_cleanup_free_ char *shown = escape_text(why, ESCAPE_TEXT), *remedy = NULL;
	char *colon = NULL;

	if (faccessat(d->fd, SPOOL_FORMAT, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT) {
		remedy = init_remedy(d, d->fd, "mount the share; or, if it is this, complete it");
		doctor_note(d, DOCTOR_UNSAFE, "share", remedy,
			    "%s has no spool/" SPOOL_FORMAT ": no program takes it for a share",
			    d->shown);
		return;
	}
	for (char *p = shown; (p = strstr(p, ": ")); p += 2)
		colon = p;
	if (colon)
		*colon = '\0';
	doctor_note(d, DOCTOR_UNSAFE, "share",
		    colon ? colon + 2 : "look whether the share is mounted and in order", "%s",
		    shown);
}

/* Absolute, without touching it; heap. */
static char *absolute(const char *path)
{
	_cleanup_free_ char *here = *path == '/' ? NULL : getcwd(NULL, 0);

	return here ? xasprintf("%s/%s", here, path) : xstrdup(path);
}

void doctor_begin(struct doctor *d, const char *path, bool quick)
{
	_cleanup_free_ char *why = NULL;

	*d = (struct doctor){ .path = absolute(path),
			      .shown = escape_text(path, ESCAPE_TEXT),
			      .root_fd = -1,
			      .fd = -1,
			      .quick = quick };
	if (!answers(d->path)) {
		note_silence(d);
		return;
	}
	if (!open_folders(d))
		return;
	d->open = spool_open_lazily(d->path, &d->sp, &why) == 0;
	if (d->open)
		doctor_note(d, DOCTOR_FINE, "share", NULL, "%s is a share of version 1", d->shown);
	else if (is_complete(d))
		note_refusal(d, why ? why : d->path);
}

void doctor_end(struct doctor *d)
{
	for (size_t i = 0; i < d->count; i++) {
		free(d->items[i].topic);
		free(d->items[i].found);
		free(d->items[i].remedy);
	}
	free(d->items);
	free(d->path);
	free(d->shown);
	for (size_t i = 0; i < d->parts; i++)
		medium_free(&d->media[i]);
	if (d->open)
		spool_close(&d->sp);
	if (d->fd >= 0)
		close(d->fd);
	if (d->root_fd >= 0)
		close(d->root_fd);
	*d = (struct doctor){ .root_fd = -1, .fd = -1 };
}
