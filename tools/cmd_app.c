/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_app - spoolctl app check: examines an application's folder before it is installed into apps/.
 *
 * Reads the folder of one version, or of an application (then its current version); needs no share,
 * changes nothing.
 */
#include "cmd.h"

#include "appfile.h"
#include "cfgfile.h"
#include "cleanup.h"
#include "complaint.h"
#include "escape.h"
#include "safefs.h"
#include "share.h"
#include "tell.h"
#include "xalloc.h"

#include <argp.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APP_CONF "app.conf"
#define CURRENT "current"
#define CURRENT_MAX 4096

struct options {
	const char *verb, *dir;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (!o->verb && strcmp(arg, "check") != 0)
			argp_error(state,
				   "\"%s\": expected check, as in spoolctl app check apps/octave/1",
				   arg);
		else if (!o->verb)
			o->verb = arg;
		else if (!o->dir)
			o->dir = arg;
		else
			argp_error(state, "one folder at a time; \"%s\" is one too many", arg);
		return 0;
	case ARGP_KEY_END:
		if (!o->dir)
			argp_error(state, "expected check and a folder, as in spoolctl app check "
					  "apps/octave/1");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &share_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = { NULL,
				  parse,
				  "check DIR",
				  "Examine the folder of an application's version (apps/octave/1), "
				  "or of an application (apps/octave), "
				  "whose current version is examined then.",
				  children,
				  NULL,
				  NULL };

/* "apps/octave/1" -> app and version by the last two components. Heap. TELL_DONE, or told. */
static int split_path(const char *real, const char *shown, char **ret_app, char **ret_version)
{
	const char *version = strrchr(real, '/'), *app;

	app = version && version > real ? memrchr(real, '/', (size_t)(version - real)) : NULL;
	if (!app || version == app + 1)
		return tell_usage(
			"%s: expected the folder of a version within that of an application, like "
			"apps/octave/1",
			shown);
	*ret_app = xstrndup(app + 1, (size_t)(version - app - 1));
	*ret_version = xstrdup(version + 1);
	return TELL_DONE;
}

/* Programs that app.conf names must be there: a job would find out too late. */
static int check_programs(int dir, const struct appfile *app, const char *shown)
{
	int result = TELL_DONE;

	for (size_t i = 0; i < app->program_count; i++) {
		_cleanup_free_ char *path = escape_text(app->programs[i].path, ESCAPE_TEXT);
		_cleanup_close_ int fd = safefs_open(dir, app->programs[i].path, O_RDONLY, 0);
		struct stat st;

		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
			continue;
		result = tell_failed(
			"%s: the program for %s is not there: %s; put it there or correct app.conf",
			shown, app->programs[i].platform, path);
	}
	return result;
}

static int check_version(int dir, const char *real, const char *shown)
{
	_cleanup_free_ char *name = NULL, *version = NULL, *text = NULL;
	struct complaint c = { 0 };
	struct appfile app;
	size_t len;
	int r;

	r = split_path(real, shown, &name, &version);
	if (r != TELL_DONE)
		return r;
	r = safefs_read(dir, APP_CONF, CFGFILE_MAX_BYTES, &text, &len, NULL);
	if (r < 0)
		return tell_failed(
			"%s: app.conf cannot be read (%s); expected a text file as in app.conf(5)",
			shown, strerror(-r));
	if (appfile_parse(APP_CONF, name, version, text, len, &app, &c) != 0) {
		_cleanup_free_ char *line = complaint_line(&c);

		complaint_free(&c);
		return tell_failed("%s: %s", shown, line);
	}
	r = check_programs(dir, &app, shown);
	if (r == TELL_DONE)
		printf("%s: %s/%s is in order: %s\n", shown, app.app, app.version,
		       *app.summary ? app.summary : "(no summary)");
	appfile_free(&app);
	return r;
}

/* The folder of an application: goes on to the version that its file "current" names. */
static int check_current(int dir, const char *real, const char *shown)
{
	_cleanup_free_ char *text = NULL, *below = NULL, *below_shown = NULL;
	_cleanup_close_ int fd = -1;
	size_t len;
	const char *version;
	int r = safefs_read(dir, CURRENT, CURRENT_MAX, &text, &len, NULL);

	if (r < 0)
		return tell_failed("%s: neither app.conf nor current is there; expected the folder "
				   "of a version "
				   "(apps/octave/1) or of an application (apps/octave)",
				   shown);
	version = text + strspn(text, " \t\r\n");
	text[(size_t)(version - text) + strcspn(version, " \t\r\n")] = '\0';
	fd = *version && !strchr(version, '/') ? safefs_open_dir(dir, version) : -ENOENT;
	if (fd < 0)
		return tell_failed("%s/current: it names a version that is not there; write the "
				   "name of one of the "
				   "folders beside it into the file",
				   shown);
	below = xasprintf("%s/%s", real, version);
	below_shown = escape_text(below, ESCAPE_TEXT);
	return check_version(fd, below, below_shown);
}

int cmd_app(int argc, char **argv)
{
	_cleanup_free_ char *real = NULL, *shown = NULL;
	_cleanup_close_ int dir = -1;
	struct options o = { 0 };

	if (argp_parse(&argp, argc, argv, 0, NULL, &o))
		return TELL_USAGE;
	shown = escape_text(o.dir, ESCAPE_TEXT);
	real = realpath(o.dir, NULL);
	dir = real ? open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (dir < 0)
		return tell_failed("%s: %s", shown, strerror(errno));
	if (faccessat(dir, APP_CONF, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return check_version(dir, real, shown);
	return check_current(dir, real, shown);
}
