/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * share - finds the share to work on.
 *
 * Reads at most one configuration file: the user's, and only if there is none the system's, so that
 * a person who writes one is not surprised by lines of another. Touches nothing else and changes
 * nothing.
 */
#include "share.h"

#include "cleanup.h"
#include "complaint.h"
#include "conf.h"
#include "spool.h"
#include "tell.h"
#include "xalloc.h"

#include <stdlib.h>

#define SYSTEM_CONF "/etc/spool/spoolctl.conf"

enum { KEY_SHARE = 0x100 }; /* long only */

static char *given; /* --share; a later one wins */
static char *configured;
static const struct conf_option options[] = {
	{ "share", CONF_STRING, "", 0, 0, "folder of the share, where it is mounted on this host",
	  &configured },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)state;
	if (key != KEY_SHARE)
		return ARGP_ERR_UNKNOWN;
	free(given);
	given = xstrdup(arg);
	return 0;
}

static const struct argp_option argp_options[] = {
	{ "share", KEY_SHARE, "DIR", 0, "The share (else $SPOOL_SHARE, else the configuration)",
	  0 },
	{ 0 }
};

const struct argp share_argp = { argp_options, parse, NULL, NULL, NULL, NULL, NULL };

/* The user's own configuration file; NULL if there is no home. */
static char *user_conf(void)
{
	const char *base = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");

	if (base && base[0] == '/')
		return xasprintf("%s/spool/spoolctl.conf", base);
	if (home && home[0] == '/')
		return xasprintf("%s/.config/spool/spoolctl.conf", home);
	return NULL;
}

/* Loads one file. 0 read, 1 not there, 2 told that it is wrong. */
static int load(const char *file)
{
	_cleanup_free_ char *line = NULL;
	struct complaint c = { 0 };
	int r = conf_load(file, options, &c);

	if (r == 0)
		return 0;
	if (r == COMPLAINT) {
		line = complaint_line(&c);
		tell_failed("%s", line);
		complaint_free(&c);
		return 2;
	}
	if (r == -ENOENT || r == -ENOTDIR)
		return 1;
	tell_errno(file, r);
	return 2;
}

/* Reads the configuration; *ret_file is the file that was read, or NULL. 0, or 2 if it has been
 * told to be wrong. */
static int configure(char **ret_file)
{
	_cleanup_free_ char *user = user_conf();
	int r = 1;

	*ret_file = NULL;
	conf_defaults(options);
	if (user)
		r = load(user);
	if (r == 0)
		*ret_file = xstrdup(user);
	if (r != 1)
		return r;
	r = load(SYSTEM_CONF);
	if (r == 0)
		*ret_file = xstrdup(SYSTEM_CONF);
	return r == 2 ? 2 : 0;
}

char *share_path(void)
{
	_cleanup_free_ char *file = NULL;
	const char *env = getenv("SPOOL_SHARE");
	char *path = NULL;

	if (given)
		return xstrdup(given);
	if (env && env[0])
		return xstrdup(env);
	if (configure(&file) == 0 && configured && configured[0])
		path = xstrdup(configured);
	conf_release(options);
	return path;
}

int share_open(struct spool *ret)
{
	_cleanup_free_ char *path = share_path(), *why = NULL;

	if (!path)
		return tell_usage(
			"no share given: name it with --share DIR, set SPOOL_SHARE, or write "
			"share = \"DIR\" into ~/.config/spool/spoolctl.conf");
	if (spool_open_lazily(path, ret, &why) < 0)
		return tell_failed("%s", why ? why : path);
	return TELL_DONE;
}

int share_config_check(FILE *out)
{
	_cleanup_free_ char *file = NULL, *path = NULL;

	if (configure(&file))
		return TELL_FAILED;
	fprintf(out, "# configuration file: %s\n", file ? file : "none found");
	conf_print(out, options);
	path = share_path();
	fprintf(out, "# share in force: %s\n", path ? path : "none");
	return TELL_DONE;
}
