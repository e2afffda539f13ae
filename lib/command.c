/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * command - from what a person asked (job.conf) and what an application offers (app.conf) to the
 * words that are executed.
 *
 * Reads the job's folder and apps/, writes nothing. The same few functions answer twice:
 * command_settle asks them at admission, so that a person hears at once of what cannot work, and
 * command_build asks them again for the one runner that was chosen, since the folder may have
 * changed. No shell is involved anywhere: a word stays a word.
 *
 * Which file is the application's input: executable where it is one of the application's kind, else
 * input, else the only file with one of the application's endings, else the only file at all. What
 * becomes of {arguments}: arguments, else data, else input if it is not the application's input
 * already.
 */
#include "command.h"

#include "appfile.h"
#include "cleanup.h"
#include "complaint.h"
#include "jobdir.h"
#include "jobfile.h"
#include "script.h"
#include "spool.h"
#include "token.h"
#include "value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COMMAND_RECORD_MAX 40960 /* of the 64 KiB that a block of a ticket has */

static int refuse(struct complaint *c, int line, char *found, char *expected, char *remedy)
{
	return complain(c, line ? SPOOL_JOB_CONF : "the folder", line, found, expected, remedy);
}

/* -- the file that is meant -------------------------------------------------------------------- */

static bool has_ending(const char *name, const struct strlist *endings)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < endings->count; i++) {
		size_t end = strlen(endings->items[i]);

		if (len > end && strcasecmp(name + len - end, endings->items[i]) == 0)
			return true;
	}
	return false;
}

static bool wants_input(const struct appfile *app)
{
	for (size_t i = 0; i < app->arguments.count; i++)
		if (strstr(app->arguments.items[i], "{input}"))
			return true;
	return false;
}

static int refuse_choice(const struct appfile *app, const struct strlist *files, bool any,
			 struct complaint *c)
{
	_cleanup_free_ char *names = jobdir_names(files), *endings = jobdir_names(&app->extensions);
	char *expected = app->extensions.count
				 ? xasprintf("exactly one file that ends in %s", endings)
				 : xstrdup("exactly one file");

	if (!any)
		return refuse(c, 0, xasprintf("no file for the application %s", app->app), expected,
			      xasprintf("copy it into the folder, or name it in job.conf: app = "
					"\"%s\", input = \"...\"",
					app->app));
	return refuse(c, 0, xasprintf("several files that %s could mean: %s", app->app, names),
		      expected,
		      xasprintf("say in job.conf which one: app = \"%s\", input = \"...\"",
				app->app));
}

/* The only file with one of the application's endings, else the only file. */
static int pick_input(int dir_fd, const struct appfile *app, char **ret, struct complaint *c)
{
	struct strlist files = { 0 }, fit = { 0 };
	const struct strlist *choice;
	int r = jobdir_files(dir_fd, &files);

	if (r)
		return r;
	for (size_t i = 0; i < files.count; i++)
		if (has_ending(files.items[i], &app->extensions))
			strlist_add(&fit, files.items[i]);
	choice = fit.count ? &fit : &files;
	if (choice->count == 1)
		*ret = xstrdup(choice->items[0]);
	else
		r = refuse_choice(app, choice, choice->count, c);
	strlist_free(&files);
	strlist_free(&fit);
	return r;
}

static bool is_of_job(const char *executable)
{
	return executable && *executable != '/';
}

/* The application's input as a name in the folder; *ret stays NULL if it wants none. */
static int find_input(int dir_fd, const struct jobfile *job, const struct appfile *app, char **ret,
		      struct complaint *c)
{
	if (job->executable && !is_of_job(job->executable))
		return refuse(c, job->line_executable,
			      xasprintf("an absolute path for \"executable\" in the drop box of %s",
					app->app),
			      xstrdup("a file of the job"),
			      xstrdup("drop the folder into incoming/ itself"));
	if (job->executable) {
		*ret = xstrdup(job->executable);
		return 0;
	}
	if (!wants_input(app))
		return 0;
	if (job->input) {
		*ret = xstrdup(job->input);
		return 0;
	}
	return pick_input(dir_fd, app, ret, c);
}

/* Everything that job.conf names must be there. 0, COMPLAINT or negative errno. */
static int check_files(int dir_fd, const struct jobfile *job, struct complaint *c)
{
	int r = 0;

	if (is_of_job(job->executable))
		r = jobdir_check(dir_fd, job->executable, "executable", job->line_executable, NULL,
				 c);
	if (!r && job->input)
		r = jobdir_check(dir_fd, job->input, "input", job->line_input, NULL, c);
	if (!r && job->data)
		r = jobdir_check(dir_fd, job->data, "data", job->line_data, NULL, c);
	for (size_t i = 0; !r && i < job->inputs.count; i++)
		r = jobdir_check(dir_fd, job->inputs.items[i], "inputs", job->line_inputs, NULL, c);
	return r;
}

/* -- words ------------------------------------------------------------------------------------- */

struct words {
	struct strlist *list;
	size_t bytes; /* in the ticket */
	struct complaint *c;
};

static int add_word(struct words *w, const char *word)
{
	w->bytes += value_record_bytes(word);
	if (w->bytes > COMMAND_RECORD_MAX)
		return complain(
			w->c, SPOOL_JOB_CONF, 0, xstrdup("a very long command line"),
			xstrdup("about 40000 bytes in all"),
			xstrdup("put the arguments into a file of the job and pass its name"));
	strlist_add(w->list, word);
	return 0;
}

/* A file's name as a word: one that begins with a dash must not be taken for an option. */
static char *file_word(const char *name)
{
	return xasprintf("%s%s", *name == '-' ? "./" : "", name);
}

/* {input} and {dir} of one item, replaced in one pass: what is put in is not looked at again. The
 * job's folder is where the job runs, on every machine, so its name is "." there. */
static char *replace(const char *item, const char *input)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort(); /* out of memory, as in xalloc */
	for (const char *p = item; *p;) {
		if (input && !strncmp(p, "{input}", 7)) {
			fprintf(out, "%s%s", p == item && *input == '-' ? "./" : "", input);
			p += 7;
		} else if (!strncmp(p, "{dir}", 5)) {
			fputc('.', out);
			p += 5;
		} else {
			fputc(*p++, out);
		}
	}
	fclose(out);
	return text;
}

/* arguments, else data, else input. used: the application's input, or NULL. */
static int add_arguments(struct words *w, const struct jobfile *job, const char *used)
{
	const char *input = job->input ? job->input : used;
	const char *file = job->data ? job->data : job->input;

	for (size_t i = 0; i < job->arguments.count; i++) {
		const char *item = job->arguments.items[i];
		_cleanup_free_ char *word = replace(item, input);

		if (!input && strstr(item, "{input}"))
			return complain(w->c, SPOOL_JOB_CONF, job->line_arguments,
					xstrdup("{input} in \"arguments\", but no \"input\""),
					xstrdup("the file's name"),
					xstrdup("add a line input = \"...\""));
		if (add_word(w, word))
			return COMPLAINT;
	}
	if (!job->arguments.count && file && (job->data || !used || strcmp(file, used) != 0)) {
		_cleanup_free_ char *word = file_word(file);

		return add_word(w, word);
	}
	return 0;
}

static int add_template(struct words *w, const struct jobfile *job, const struct appfile *app,
			const char *input)
{
	bool taken = false;

	for (size_t i = 0; i < app->arguments.count; i++) {
		_cleanup_free_ char *word = replace(app->arguments.items[i], input);
		bool is_list = strcmp(app->arguments.items[i], "{arguments}") == 0;

		taken |= is_list;
		if (is_list ? add_arguments(w, job, input) : add_word(w, word))
			return COMPLAINT;
	}
	if (taken || (!job->arguments.count && !job->data))
		return 0;
	return complain(w->c, SPOOL_JOB_CONF,
			job->arguments.count ? job->line_arguments : job->line_data,
			xasprintf("\"%s\" for %s, which takes none",
				  job->arguments.count ? "arguments" : "data", app->app),
			xasprintf("what %s takes: its input alone", app->app),
			xstrdup("remove the line"));
}

/* -- programs ---------------------------------------------------------------------------------- */

static char *platforms_of(const struct appfile *app)
{
	struct strlist names = { 0 };
	char *text;

	for (size_t i = 0; i < app->program_count; i++)
		strlist_add(&names, app->programs[i].platform);
	text = jobdir_names(&names);
	strlist_free(&names);
	return text;
}

/* platform NULL: any will do. */
static int app_program(const struct appfile *app, const char *platform, struct command *cmd,
		       struct complaint *c)
{
	if (app->interpreter) {
		cmd->kind = COMMAND_HOST;
		cmd->program = xstrdup(app->interpreter);
		return 0;
	}
	for (size_t i = 0; i < app->program_count; i++) {
		if (platform && strcmp(platform, app->programs[i].platform) != 0)
			continue;
		cmd->kind = COMMAND_SHARE;
		cmd->program = xasprintf("apps/%s/%s/%s", app->app, app->version,
					 app->programs[i].path);
		return 0;
	}
	return refuse(c, 0,
		      xasprintf("the application %s for the platform %s", app->app,
				platform ? platform : "-"),
		      platforms_of(app),
		      xstrdup("ask for one of these platforms, or for another application"));
}

static int build_app(int dir_fd, const struct jobfile *job, const struct appfile *app,
		     const char *platform, struct command *cmd, struct complaint *c)
{
	_cleanup_free_ char *input = NULL;
	struct words w = { &cmd->arguments, 0, c };
	int r = find_input(dir_fd, job, app, &input, c);

	if (!r)
		r = app_program(app, platform, cmd, c);
	return r ? r : add_template(&w, job, app, input);
}

static int build_script(const struct script *s, const struct jobfile *job, struct command *cmd,
			struct words *w)
{
	_cleanup_free_ char *word = file_word(job->executable);

	if (!s->interpreter) {
		cmd->kind = COMMAND_JOB;
		cmd->program = xstrdup(job->executable);
		return 0;
	}
	cmd->kind = COMMAND_HOST;
	cmd->program = xstrdup(s->interpreter);
	for (size_t i = 0; i < s->arguments.count; i++)
		if (add_word(w, s->arguments.items[i]))
			return COMPLAINT;
	return add_word(w, word);
}

static int build_plain(int dir_fd, const struct jobfile *job, struct command *cmd,
		       struct complaint *c)
{
	struct words w = { &cmd->arguments, 0, c };
	_cleanup_close_ int fd = -1;
	struct script script = { 0 };
	int r = 0;

	if (!job->executable)
		return refuse(
			c, 0, xstrdup("no program"),
			xstrdup("a file that an application runs, or job.conf with executable"),
			xstrdup("drop the folder again"));
	if (!is_of_job(job->executable)) {
		cmd->kind = COMMAND_HOST;
		cmd->program = xstrdup(job->executable);
	} else {
		r = jobdir_check(dir_fd, job->executable, "executable", job->line_executable, &fd,
				 c);
		if (!r)
			r = script_read(fd, job->executable, job->line_executable, &script, c);
		if (!r)
			r = build_script(&script, job, cmd, &w);
	}
	script_free(&script);
	return r ? r : add_arguments(&w, job, NULL);
}

int command_build(int dir_fd, const struct jobfile *job, const struct appfile *app,
		  const char *platform, struct command *ret, struct complaint *c)
{
	struct command cmd = { 0 };
	int r = check_files(dir_fd, job, c);

	if (!r)
		r = app ? build_app(dir_fd, job, app, platform, &cmd, c)
			: build_plain(dir_fd, job, &cmd, c);
	if (r)
		command_free(&cmd);
	else
		*ret = cmd;
	return r;
}

void command_free(struct command *cmd)
{
	free(cmd->program);
	strlist_free(&cmd->arguments);
	*cmd = (struct command){ 0 };
}
