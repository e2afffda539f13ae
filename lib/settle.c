/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settle - how a job folder is run, and what it needs: command_settle, the half of command.h that
 * decides at admission.
 *
 * Reads the job's folder and apps/, writes nothing. First the application is found, or that none is
 * needed; then the command is built once for the look of it, so that whatever would fail at the
 * offer is told now; last come the needs.
 */
#include "command.h"

#include "appfile.h"
#include "cleanup.h"
#include "complaint.h"
#include "human.h"
#include "jobdir.h"
#include "jobfile.h"
#include "needs.h"
#include "spool.h"
#include "token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct settling {
	int root_fd, dir_fd;
	const struct catalogue *cat;
	const struct jobfile *job;
	const char *box_app;
	struct complaint *c;
	struct appfile other;	   /* a version that is not the current one; owned */
	const struct appfile *app; /* borrowed, from cat or other; NULL: none */
};

/* -- which application ------------------------------------------------------------------------- */

/* ".m" (octave), ".py" (python3): what the catalogue knows, for a person who looks for a name. */
static char *known_endings(const struct catalogue *cat)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < cat->count; i++) {
		for (size_t j = 0; j < cat->apps[i].extensions.count; j++) {
			char *longer = xasprintf("%s%s%s (%s)", text, *text ? ", " : "",
						 cat->apps[i].extensions.items[j],
						 cat->apps[i].app);

			free(text);
			text = longer;
		}
	}
	return text;
}

static int refuse_two(const struct settling *s, const char *name, int line, const struct appfile *a,
		      const struct appfile *b)
{
	_cleanup_free_ char *shown = token_show(name, strlen(name));

	return complain(
		s->c, line ? SPOOL_JOB_CONF : "the folder", line,
		xasprintf("%s, which both %s and %s would run", shown, a->app, b->app),
		xstrdup("one of the two, named"),
		xasprintf("write into job.conf: app = \"%s\", input = %s (without executable)",
			  a->app, shown));
}

/* The application for a file by its ending. 0 with s->app set or left alone, or COMPLAINT. */
static int choose_by_ending(struct settling *s, const char *name, int line)
{
	const struct appfile *a = NULL, *b = NULL;
	unsigned count = catalogue_by_extension(s->cat, name, &a, &b);

	if (count > 1)
		return refuse_two(s, name, line, a, b);
	if (count == 1)
		s->app = a;
	return 0;
}

static int refuse_files(const struct settling *s, const struct strlist *files,
			const struct strlist *fit)
{
	_cleanup_free_ char *endings = known_endings(s->cat),
			    *names = jobdir_names(fit->count ? fit : files);
	char *expected = xasprintf(
		"a job.conf that says what to run, or exactly one file with one of the endings %s",
		endings);

	if (!files->count)
		return complain(
			s->c, "the folder", 0,
			xstrdup("no file that could be run: the folder is empty"), expected,
			xstrdup("copy your program and its data into a folder and drop that one"));
	if (!fit->count)
		return complain(s->c, "the folder", 0,
				xasprintf("no file that an application knows, only %s", names),
				expected,
				xstrdup("write into job.conf the line  executable = \"NAME\"  with "
					"the name of your program"));
	return complain(s->c, "the folder", 0,
			xasprintf("several files that could be the program: %s", names), expected,
			xstrdup("write into job.conf the line  executable = \"NAME\"  with the "
				"name of the one to run"));
}

/* job.conf says nothing, or there is none: the only file with an ending that some application
 * claims decides. */
static int choose_by_files(struct settling *s)
{
	const struct appfile *a, *b;
	struct strlist files = { 0 }, fit = { 0 };
	int r = jobdir_files(s->dir_fd, &files);

	if (r)
		return r;
	for (size_t i = 0; i < files.count; i++)
		if (catalogue_by_extension(s->cat, files.items[i], &a, &b))
			strlist_add(&fit, files.items[i]);
	r = fit.count == 1 ? choose_by_ending(s, fit.items[0], 0) : refuse_files(s, &files, &fit);
	strlist_free(&files);
	strlist_free(&fit);
	return r;
}

static int choose_app(struct settling *s)
{
	const struct jobfile *job = s->job;
	_cleanup_free_ char *box = s->box_app ? xasprintf("incoming/@%s", s->box_app) : NULL;

	if (job->app || s->box_app) {
		s->app = job->app ? catalogue_resolve(s->root_fd, s->cat, job->app, SPOOL_JOB_CONF,
						      job->line_app, &s->other, s->c)
				  : catalogue_resolve(s->root_fd, s->cat, s->box_app, box, 0,
						      &s->other, s->c);
		return s->app ? 0 : complaint_any(s->c) ? COMPLAINT : -errno;
	}
	if (!job->executable)
		return choose_by_files(s);
	return *job->executable == '/' ? 0
				       : choose_by_ending(s, job->executable, job->line_executable);
}

/* -- what it needs ----------------------------------------------------------------------------- */

static void add_once(struct strlist *list, const char *word)
{
	if (!strlist_has(list, word))
		strlist_add(list, word);
}

/* Runners look for what applications name; for anything else a job asks by itself, with requires.
 */
static bool is_looked_for(const struct catalogue *cat, const char *name)
{
	for (size_t i = 0; i < cat->count; i++)
		if ((cat->apps[i].interpreter && !strcmp(cat->apps[i].interpreter, name)) ||
		    strlist_has(&cat->apps[i].requires, name))
			return true;
	return false;
}

/* The interpreter of a script's #! line is a need where runners report it: by name, or in one of
 * the usual folders. */
static void need_program(const struct settling *s, const struct command *cmd, struct needs *n)
{
	static const char *const folders[] = { "/bin/", "/usr/bin/", "/usr/local/bin/" };
	const char *name = cmd->program;

	if (cmd->kind != COMMAND_HOST || s->app)
		return;
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		if (!strncmp(cmd->program, folders[i], strlen(folders[i])))
			name = cmd->program + strlen(folders[i]);
	if (!strchr(name, '/') && is_looked_for(s->cat, name))
		add_once(&n->software, name);
}

static void need_software(const struct settling *s, const struct command *cmd, struct needs *n)
{
	need_program(s, cmd, n);
	if (s->app && s->app->interpreter)
		add_once(&n->software, s->app->interpreter);
	for (size_t i = 0; s->app && i < s->app->requires.count; i++)
		add_once(&n->software, s->app->requires.items[i]);
	for (size_t i = 0; i < s->job->requires.count; i++)
		add_once(&n->software, s->job->requires.items[i]);
}

/* Those that both the job and the application can do with. */
static int need_platforms(const struct settling *s, struct needs *n)
{
	const struct strlist *asked = &s->job->platforms;
	struct strlist offered = { 0 };
	_cleanup_free_ char *asked_names = NULL, *offered_names = NULL;
	int r = 0;

	for (size_t i = 0; s->app && i < s->app->program_count; i++) {
		strlist_add(&offered, s->app->programs[i].platform);
		if (!asked->count || strlist_has(asked, s->app->programs[i].platform))
			add_once(&n->platforms, s->app->programs[i].platform);
	}
	for (size_t i = 0; !offered.count && i < asked->count; i++)
		add_once(&n->platforms, asked->items[i]);
	if (offered.count && !n->platforms.count) {
		asked_names = jobdir_names(asked);
		offered_names = jobdir_names(&offered);
		r = complain(s->c, SPOOL_JOB_CONF, s->job->line_platform,
			     xasprintf("%s for \"platform\"", asked_names),
			     xasprintf("a platform that %s has a program for: %s", s->app->app,
				       offered_names),
			     xstrdup("choose one of these, or leave platform out"));
	}
	strlist_free(&offered);
	return r;
}

static int need_time(const struct settling *s, const struct command_defaults *site, struct needs *n)
{
	int64_t most = s->app ? s->app->max_ttl_ms : 0;
	char asked[HUMAN_SIZE], allowed[HUMAN_SIZE];

	if (s->job->ttl_ms && most && s->job->ttl_ms > most)
		return complain(s->c, SPOOL_JOB_CONF, s->job->line_ttl,
				xasprintf("%s for \"ttl\"", human_time(s->job->ttl_ms, asked)),
				xasprintf("at most %s, which is the limit of %s",
					  human_time(most, allowed), s->app->app),
				xstrdup("shorten it, or split the work into several jobs"));
	n->ttl_ms = s->job->ttl_ms;
	if (!n->ttl_ms && s->app)
		n->ttl_ms = s->app->ttl_ms;
	if (!n->ttl_ms)
		n->ttl_ms = most && most < site->ttl_ms ? most : site->ttl_ms;
	return 0;
}

static int settle_needs(const struct settling *s, const struct command *cmd,
			const struct command_defaults *site, struct needs *n)
{
	n->cores = s->job->cores ? s->job->cores : s->app && s->app->cores ? s->app->cores : 1;
	n->memory = s->job->memory	       ? s->job->memory
		    : s->app && s->app->memory ? s->app->memory
					       : site->memory;
	if (s->app)
		n->app = xasprintf("%s/%s", s->app->app, s->app->version);
	if (s->job->runner)
		n->runner = xstrdup(s->job->runner);
	need_software(s, cmd, n);
	return need_time(s, site, n) ? COMPLAINT : need_platforms(s, n);
}

/* -- the whole --------------------------------------------------------------------------------- */

int command_settle(int root_fd, const struct catalogue *cat, int dir_fd, const struct jobfile *job,
		   const char *box_app, const struct command_defaults *site,
		   struct needs *ret_needs, char **ret_app_spec, struct complaint *c)
{
	struct settling s = {
		.root_fd = root_fd,
		.dir_fd = dir_fd,
		.cat = cat,
		.job = job,
		.box_app = box_app,
		.c = c,
	};
	struct command cmd = { 0 };
	struct needs needs = { 0 };
	int r = choose_app(&s);

	if (!r)
		r = command_build(dir_fd, job, s.app, NULL, &cmd, c);
	if (!r)
		r = settle_needs(&s, &cmd, site, &needs);
	if (r) {
		needs_free(&needs);
	} else {
		*ret_needs = needs;
		*ret_app_spec = needs.app ? xstrdup(needs.app) : NULL;
	}
	command_free(&cmd);
	appfile_free(&s.other);
	return r;
}
