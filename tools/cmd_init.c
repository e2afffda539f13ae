/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_init - spoolctl init: lays out a share, or adds what is missing in one.
 *
 * Copies acr-layout (applications, READMEs) below DIR, makes the folders of spool/, and writes
 * spool/format last: without it no program takes DIR for a share, so an init that is killed
 * half-way is simply run again. What is there already is never touched.
 */
#include "cmd.h"

#include "cleanup.h"
#include "complaint.h"
#include "copy.h"
#include "escape.h"
#include "safefs.h"
#include "spool.h"
#include "tell.h"
#include "tree.h"
#include "xalloc.h"

#include <argp.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define LAYOUT "share/spool/acr-layout"

struct laying {
	int fd; /* the share's root */
	int layout_fd;
	size_t made; /* files and folders that were missing */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	char **dir = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (*dir)
			argp_error(state, "one share at a time; \"%s\" is one too many", arg);
		*dir = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "where? Give the folder that is to become the share");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	NULL,
	parse,
	"DIR",
	"Lay out a share in DIR, or add what is missing in one. What is there is never changed.",
	NULL,
	NULL,
	NULL
};

/* The folder that this program was started from; heap. */
static char *program_folder(void)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (len <= 0)
		return xstrdup("/usr/bin");
	path[len] = '\0';
	slash = strrchr(path, '/');
	*slash = '\0';
	return xstrdup(path);
}

/* Opens the layout to copy from. TELL_DONE, or told. */
static int open_layout(int *ret_fd)
{
	_cleanup_free_ char *folder = program_folder(), *path = NULL;
	const char *given = getenv("SPOOL_ACR_LAYOUT");

	path = given && *given ? xstrdup(given) : xasprintf("%s/../" LAYOUT, folder);
	*ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret_fd >= 0)
		return TELL_DONE;
	return tell_failed(
		"init: the layout of a share is not in %s (%s); install spool whole, or name its "
		"acr-layout folder in SPOOL_ACR_LAYOUT",
		path, strerror(errno));
}

/* The share whose spool/ the path is, or lies in; heap, or NULL. The end of it need not exist. */
static char *share_around(const char *dir)
{
	_cleanup_free_ char *path = xstrdup(dir), *real = realpath(dir, NULL);
	char *slash;

	while (!real && (slash = strrchr(path, '/')) && slash != path) {
		*slash = '\0';
		real = realpath(path, NULL);
	}
	if (!real)
		real = realpath(*dir == '/' ? "/" : ".", NULL);
	while (real && (slash = strrchr(real, '/'))) {
		_cleanup_free_ char *format = xasprintf("%s/" SPOOL_FORMAT, real);
		bool inside = strcmp(slash, "/spool") == 0 && access(format, F_OK) == 0;

		*slash = '\0';
		if (inside)
			return xstrdup(*real ? real : "/");
	}
	return NULL;
}

/* A share in a share would have its jobs taken for files of the outer one. TELL_DONE, or told. */
static int refuse_inside(const char *dir)
{
	_cleanup_free_ char *share = share_around(dir), *shown = NULL, *outer = NULL;

	if (!share)
		return TELL_DONE;
	shown = escape_text(dir, ESCAPE_TEXT);
	outer = escape_text(share, ESCAPE_TEXT);
	return tell_failed("init: %s lies in the spool/ of a share, which is %s; name that one, or "
			   "a folder elsewhere",
			   shown, outer);
}

/* Makes DIR with the folders above it, as mkdir -p does. TELL_DONE, or told. */
static int open_target(const char *dir, int *ret_fd)
{
	_cleanup_free_ char *copy = xstrdup(dir), *shown = escape_text(dir, ESCAPE_TEXT);

	for (char *slash = strchr(copy + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = '\0';
		if (*copy && mkdir(copy, 0755) < 0 && errno != EEXIST)
			return tell_failed("init: %s cannot be made: %s", shown, strerror(errno));
		if (!slash)
			break;
		*slash = '/';
	}
	*ret_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd < 0 ? tell_failed("init: %s cannot be opened: %s", shown, strerror(errno))
			   : TELL_DONE;
}

/* A folder that everybody may read and its owner write, whatever the umask. Positive: it was there.
 */
static int make_folder(struct laying *l, const char *path)
{
	_cleanup_close_ int fd = -1;

	if (mkdirat(l->fd, path, 0755) < 0)
		return errno == EEXIST ? 1 : -errno;
	l->made++;
	fd = safefs_open(l->fd, path, O_RDONLY | O_DIRECTORY, 0);
	return fd < 0 ? fd : safefs_dress(fd, 0755, NULL);
}

/* The mode that everybody needs, whatever the installation's files have. */
static int publish_mode(const struct laying *l, const char *path, mode_t mode)
{
	_cleanup_close_ int fd = safefs_open(l->fd, path, O_RDONLY, 0);

	return fd < 0 ? fd : safefs_dress(fd, mode, NULL);
}

/* Copies to a temporary beside its place: a file is there whole or not at all. */
static int make_file(struct laying *l, const struct tree_entry *e)
{
	const char *slash = strrchr(e->path, '/');
	_cleanup_free_ char *tmp = xasprintf("%.*s" SPOOL_TMP "%s",
					     slash ? (int)(slash - e->path + 1) : 0, e->path,
					     slash ? slash + 1 : e->path);
	struct copy c = { .what = "the layout", .durable = true };
	struct stat st;
	int r;

	if (fstatat(l->fd, e->path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	unlinkat(l->fd, tmp, 0); /* of an init that was killed */
	r = copy_file(&c, l->layout_fd, e->path, l->fd, tmp);
	if (r == 0)
		r = publish_mode(l, tmp, e->mode & 0100 ? 0755 : 0644);
	if (r == 0 && renameat(l->fd, tmp, l->fd, e->path) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(l->fd, tmp, 0);
	else
		l->made++;
	copy_end(&c);
	return r;
}

static int copy_layout(struct laying *l)
{
	struct complaint c = { 0 };
	struct tree tree;
	int r = tree_look(l->layout_fd, &tree, &c);

	complaint_free(&c);
	if (r != 0)
		return tell_failed("init: the layout cannot be read; install spool anew");
	for (size_t i = 0; r >= 0 && i < tree.count; i++) {
		if (tree.entries[i].type == 'd')
			r = make_folder(l, tree.entries[i].path);
		else if (tree.entries[i].type == 'f')
			r = make_file(l, &tree.entries[i]);
		if (r < 0) {
			_cleanup_free_ char *shown = escape_text(tree.entries[i].path, ESCAPE_TEXT);

			tell_failed("init: %s: %s", shown, strerror(-r));
		}
	}
	tree_free(&tree);
	return r < 0 ? TELL_FAILED : TELL_DONE;
}

static int make_places(struct laying *l)
{
	static const char *const above[] = { "apps", "spool" };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < sizeof(above) / sizeof(above[0]); i++)
		r = make_folder(l, above[i]);
	for (int place = 0; r >= 0 && place < SPOOL_PLACES; place++) {
		_cleanup_free_ char *path = xasprintf("spool/%s",
						      spool_place_name((enum spool_place)place));

		r = make_folder(l, path);
	}
	return r < 0 ? tell_errno("init: the folders of spool/ cannot be made", r) : TELL_DONE;
}

/* The last step: from here on it is a share. */
static int write_format(struct laying *l)
{
	_cleanup_free_ char *text = spool_new_format();
	_cleanup_close_ int fd = safefs_open_dir(l->fd, "spool");
	int r;

	if (fd < 0)
		return tell_errno("init: spool/ cannot be opened", fd);
	if (syncfs(fd) < 0)
		return tell_errno("init: the share cannot be written", -errno);
	/* The first spoold need not wait: nobody can have begun (guard.c). */
	r = safefs_replace(fd, SPOOL_UNUSED, "", 0, 0644, true);
	if (r == 0)
		r = safefs_replace(fd, SPOOL_FORMAT, text, strlen(text), 0644, true);
	return r < 0 ? tell_errno("init: spool/format or spool/unused cannot be written", r)
		     : TELL_DONE;
}

/* "path", in quotes where a shell needs them; heap. */
static char *shell_word(const char *path)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out;

	if (strspn(path,
		   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@:,") ==
	    strlen(path))
		return xstrdup(path);
	out = open_memstream(&text, &size);
	if (!out)
		abort(); /* out of memory, as in xalloc */
	fputc('\'', out);
	for (const char *p = path; *p; p++) {
		if (*p == '\'')
			fputs("'\\''", out);
		else
			fputc(*p, out);
	}
	fputc('\'', out);
	fclose(out);
	return text;
}

/* "" where the shell finds our programs by itself, else "<folder>/". Heap. */
static char *program_prefix(void)
{
	_cleanup_free_ char *folder = program_folder(), *copy = NULL;
	const char *path = getenv("PATH");
	char *rest, *item;

	rest = copy = xstrdup(path ? path : "");
	while ((item = strsep(&rest, ":"))) {
		_cleanup_free_ char *real = *item ? realpath(item, NULL) : NULL;

		if (real && strcmp(real, folder) == 0)
			return xstrdup("");
	}
	return xasprintf("%s/", folder);
}

static void print_next_steps(const char *root)
{
	_cleanup_free_ char *share = shell_word(root), *prefix = program_prefix();

	printf("Start the two daemons; they go on in the background:\n"
	       "  %sspoold --share %s\n"
	       "  %sspool-runner --share %s\n"
	       "Then copy a folder into %s/spool/incoming, or:\n"
	       "  %sspoolctl --share %s submit FOLDER\n"
	       "With SPOOL_SHARE set to the share, --share may be left out.\n"
	       "Whether a machine sees it as it should is told there by: spoolctl doctor\n",
	       prefix, share, prefix, share, share, prefix, share);
}

static int lay_out(struct laying *l, const char *dir)
{
	_cleanup_free_ char *root = realpath(dir, NULL),
			    *shown = escape_text(root ? root : dir, ESCAPE_TEXT);
	bool existed = faccessat(l->fd, "spool/" SPOOL_FORMAT, F_OK, 0) == 0;
	int r = make_places(l);

	if (r == TELL_DONE)
		r = copy_layout(l);
	if (r == TELL_DONE && !existed)
		r = write_format(l);
	if (r != TELL_DONE)
		return r;
	if (!existed)
		printf("%s is a share now.\n", shown);
	else if (l->made)
		printf("%s is a share already; added what was missing (%zu).\n", shown, l->made);
	else
		printf("%s is a share already; nothing was missing.\n", shown);
	print_next_steps(root ? root : dir);
	return TELL_DONE;
}

int cmd_init(int argc, char **argv)
{
	struct laying l = { .fd = -1, .layout_fd = -1 };
	char *dir = NULL;
	int r;

	if (argp_parse(&argp, argc, argv, 0, NULL, &dir))
		return TELL_USAGE;
	r = refuse_inside(dir);
	if (r == TELL_DONE)
		r = open_layout(&l.layout_fd);
	if (r == TELL_DONE)
		r = open_target(dir, &l.fd);
	if (r == TELL_DONE)
		r = lay_out(&l, dir);
	if (l.fd >= 0)
		close(l.fd);
	if (l.layout_fd >= 0)
		close(l.layout_fd);
	return r;
}
