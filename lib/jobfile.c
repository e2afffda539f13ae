/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jobfile - job.conf, what a person asks for.
 *
 * Touches memory only: a text in, a struct or a complaint out. Each key has one line in the table
 * below and, where more than a copy is wanted, one function that checks it; a job is handed out
 * only when all of them were content. What is specified and not built yet stands in the same table,
 * so that nobody's wish is passed over in silence.
 */
#include "jobfile.h"

#include "cfgfile.h"
#include "cleanup.h"
#include "complaint.h"
#include "human.h"
#include "spool.h"
#include "token.h"
#include "value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_MAX 64
#define EMAIL_MAX 254	     /* RFC 5321, 4.5.3.1.3: a path of 256 with its brackets */
#define ENV_RECORD_MAX 12288 /* of the 64 KiB that a block of a ticket has */

static const struct cfgfile_key job_keys[] = {
	{ "app", CFGFILE_WORD, NULL },
	{ "executable", CFGFILE_WORD, NULL },
	{ "arguments", CFGFILE_LIST, NULL },
	{ "input", CFGFILE_WORD, NULL },
	{ "data", CFGFILE_WORD, NULL },
	{ "ttl", CFGFILE_WORD, NULL },
	{ "memory", CFGFILE_WORD, NULL },
	{ "cores", CFGFILE_WORD, NULL },
	{ "platform", CFGFILE_LIST, NULL },
	{ "requires", CFGFILE_LIST, NULL },
	{ "runner", CFGFILE_WORD, NULL },
	{ "client", CFGFILE_WORD, NULL },
	{ "group", CFGFILE_WORD, NULL },
	{ "email", CFGFILE_WORD, NULL },
	{ "env", CFGFILE_LIST, NULL },
	{ "inputs", CFGFILE_LIST, NULL },
	{ "success_codes", CFGFILE_LIST, NULL },
	{ "on_lost", CFGFILE_WORD, NULL },
	{ "disk", CFGFILE_LATER, NULL },
	{ "gpus", CFGFILE_LATER, NULL },
	{ "min_gflops", CFGFILE_LATER, NULL },
	{ "exclude", CFGFILE_LATER, NULL },
	{ "priority", CFGFILE_LATER, NULL },
	{ "tasks", CFGFILE_LATER, NULL },
	{ "each", CFGFILE_LATER, NULL },
	{ "each_line", CFGFILE_LATER, NULL },
	{ "output", CFGFILE_LATER, NULL },
	{ "after", CFGFILE_LATER, NULL },
	{ "after_any", CFGFILE_LATER, NULL },
	{ "start_after", CFGFILE_LATER, NULL },
	{ "hold", CFGFILE_LATER, NULL },
	{ "retries", CFGFILE_LATER, NULL },
	{ "checkpoint", CFGFILE_LATER, NULL },
	{ "on_owner", CFGFILE_LATER, NULL },
	{ "max_fails", CFGFILE_LATER, NULL },
	{ "outputs", CFGFILE_LATER, NULL },
	{ "keep", CFGFILE_LATER, NULL },
	{ "library", CFGFILE_LATER, NULL },
	{ "serve", CFGFILE_LATER, NULL },
	{ "speculate", CFGFILE_LATER, NULL },
	{ "cache", CFGFILE_LATER, NULL },
	{ "open", CFGFILE_LATER, NULL },
	{ "chunk_time", CFGFILE_LATER, NULL },
	{ "notify", CFGFILE_LATER, NULL },
	{ NULL, CFGFILE_WORD, NULL },
};

/* -- what is run ------------------------------------------------------------------------------- */

static int take_app(const struct value_source *v, struct jobfile *job)
{
	const char *app = cfgfile_word(v->f, "app");
	size_t name_len;

	if (!app)
		return 0;
	name_len = strcspn(app, "/");
	if (!value_is_name(app, name_len) ||
	    (app[name_len] && !value_is_name(app + name_len + 1, strlen(app + name_len + 1))))
		return value_refuse(
			v, "app", NULL,
			"the name of an application, as octave, or with a version, as octave/7",
			"\"spoolctl apps\" lists the names; a program of your own goes into "
			"executable");
	job->app = xstrdup(app);
	return 0;
}

static int take_executable(const struct value_source *v, struct jobfile *job)
{
	const char *path = cfgfile_word(v->f, "executable");

	if (!path)
		return 0;
	if (*path != '/')
		return value_path(v, "executable", &job->executable);
	if (!value_is_inside(path + 1))
		return value_refuse(v, "executable", NULL,
				    "a file of the job, or an absolute path as /usr/bin/make",
				    "name it so: no \"..\", no \"//\", no / at the end");
	job->executable = xstrdup(path);
	return 0;
}

static int check_one_of_two(const struct value_source *v, const struct jobfile *job)
{
	if (!job->app || !job->executable)
		return 0;
	return complain(v->c, v->file,
			job->line_app > job->line_executable ? job->line_app : job->line_executable,
			xstrdup("both \"app\" and \"executable\""), xstrdup("one of the two"),
			xstrdup("keep app and name the script with input = \"...\", or keep "
				"executable alone"));
}

/* {task} and {out} belong to arrays, which come later; run as they stand they would surprise. */
static int take_arguments(const struct value_source *v, struct jobfile *job)
{
	static const char *const later[] = { "{task}", "{out}" };

	for (size_t i = 0; i < cfgfile_count(v->f, "arguments"); i++)
		for (size_t j = 0; j < sizeof(later) / sizeof(*later); j++)
			if (strstr(cfgfile_item(v->f, "arguments", i), later[j]))
				return value_refuse(
					v, "arguments",
					xasprintf("%s, which is not supported by this version",
						  later[j]),
					"{input} or {dir}, or no word in braces",
					"write the value itself; one folder is one task");
	return value_list(v, "arguments", &job->arguments);
}

/* -- where it runs ----------------------------------------------------------------------------- */

static int take_platforms(const struct value_source *v, struct jobfile *job)
{
	for (size_t i = 0; i < cfgfile_count(v->f, "platform"); i++) {
		const char *item = cfgfile_item(v->f, "platform", i);
		_cleanup_free_ char *shown = token_show(item, strlen(item));

		if (!value_is_platform(item))
			return value_refuse(
				v, "platform", xasprintf("%s in \"platform\"", shown),
				"system-machine, as linux-x86_64",
				"\"spoolctl nodes\" shows the platforms of your machines");
		if (!strlist_has(&job->platforms, item))
			strlist_add(&job->platforms, item);
	}
	return 0;
}

static int take_runner(const struct value_source *v, struct jobfile *job)
{
	const char *key = cfgfile_has(v->f, "runner") ? "runner" : "client";
	const char *name = cfgfile_word(v->f, key);

	if (cfgfile_has(v->f, "runner") && cfgfile_has(v->f, "client"))
		return value_refuse(v, "client", xstrdup("both \"runner\" and \"client\""),
				    "one of the two, they mean the same",
				    "remove one of the two lines");
	if (!name)
		return 0;
	if (!spool_is_runner_name(name))
		return value_refuse(v, key, NULL, "the name of a runner: a-z, 0-9 and . _ -",
				    "\"spoolctl nodes\" lists the names; without this line any "
				    "machine may run the job");
	job->runner = xstrdup(name);
	return 0;
}

/* -- labels ------------------------------------------------------------------------------------ */

static int take_group(const struct value_source *v, struct jobfile *job)
{
	const char *group = cfgfile_word(v->f, "group");

	if (!group)
		return 0;
	if (!*group || strlen(group) > GROUP_MAX || strpbrk(group, " \t,") || *group == '@')
		return value_refuse(v, "group", NULL,
				    "a short name without blanks, commas or @ in front",
				    "choose another one, as brick or run-7");
	job->group = xstrdup(group);
	return 0;
}

static int take_email(const struct value_source *v, struct jobfile *job)
{
	const char *email = cfgfile_word(v->f, "email"), *at;

	if (!email)
		return 0;
	at = strchr(email, '@');
	if (!at || at == email || !at[1] || strchr(at + 1, '@') || strpbrk(email, " \t,;<>") ||
	    strlen(email) > EMAIL_MAX)
		return value_refuse(v, "email", NULL, "one address, as me@example.org",
				    "correct it, or remove the line");
	job->email = xstrdup(email);
	return 0;
}

/* -- how it runs ------------------------------------------------------------------------------- */

static size_t variable_name(const char *text)
{
	size_t len = 0;

	if (isdigit((unsigned char)*text))
		return 0;
	while (isalnum((unsigned char)text[len]) || text[len] == '_')
		len++;
	return len;
}

static bool is_reserved(const char *text, size_t len)
{
	return !strncmp(text, "SPOOL_", 6) || !strncmp(text, "LD_", 3) ||
	       (len == 4 && !strncmp(text, "PATH", 4)) || (len == 4 && !strncmp(text, "HOME", 4));
}

static int take_env(const struct value_source *v, struct jobfile *job)
{
	size_t bytes = 0;

	for (size_t i = 0; i < cfgfile_count(v->f, "env"); i++) {
		const char *item = cfgfile_item(v->f, "env", i);
		size_t len = variable_name(item);
		_cleanup_free_ char *shown = token_show(item, strlen(item));

		if (!len || item[len] != '=')
			return value_refuse(v, "env", xasprintf("%s in \"env\"", shown),
					    "NAME=value, as N=20",
					    "write env = {\"N=20\", \"MODE=fast\"}");
		if (is_reserved(item, len))
			return value_refuse(
				v, "env", xasprintf("%s in \"env\"", shown),
				"a name other than PATH, HOME, LD_... and SPOOL_..., which the "
				"spool sets itself",
				"choose another name, or set it in a script of the job");
		bytes += value_record_bytes(item);
		if (bytes > ENV_RECORD_MAX)
			return value_refuse(v, "env", xstrdup("very many or very long variables"),
					    "about 12000 bytes in all",
					    "put long values into a file of the job");
		strlist_add(&job->env, item);
	}
	return 0;
}

static bool has_code(const struct jobfile *job, int code)
{
	for (unsigned i = 0; i < job->success_count; i++)
		if (job->success_codes[i] == code)
			return true;
	return false;
}

static int take_codes(const struct value_source *v, struct jobfile *job)
{
	size_t count = cfgfile_count(v->f, "success_codes");

	if (!cfgfile_has(v->f, "success_codes"))
		return 0;
	if (!count)
		return value_refuse(v, "success_codes",
				    xstrdup("an empty list of \"success_codes\""),
				    "at least one exit code",
				    "write success_codes = {0}, or remove the line");
	job->success_count = 0;
	for (size_t i = 0; i < count; i++) {
		const char *item = cfgfile_item(v->f, "success_codes", i);
		_cleanup_free_ char *shown = token_show(item, strlen(item));
		int64_t code;

		if (human_parse_int(item, 0, 255, &code))
			return value_refuse(v, "success_codes",
					    xasprintf("%s in \"success_codes\"", shown),
					    "exit codes, whole numbers from 0 to 255",
					    "write them as {0, 3}");
		if (has_code(job, (int)code))
			continue;
		if (job->success_count == JOBFILE_MAX_EXIT_CODES)
			return value_refuse(v, "success_codes",
					    xasprintf("%zu codes in \"success_codes\"", count),
					    "at most 32 of them", "remove some");
		job->success_codes[job->success_count++] = (int)code;
	}
	return 0;
}

static int take_on_lost(const struct value_source *v, struct jobfile *job)
{
	const char *word = cfgfile_word(v->f, "on_lost");

	if (!word || strcmp(word, "retry") == 0)
		return 0;
	if (strcmp(word, "hold") == 0)
		return value_refuse(v, "on_lost",
				    xstrdup("\"hold\" for \"on_lost\", which is not supported by "
					    "this version"),
				    "retry or fail", "a later version will know it");
	if (strcmp(word, "fail") != 0)
		return value_refuse(v, "on_lost", NULL, "retry or fail",
				    "write on_lost = fail for a job that must not run twice, or "
				    "remove the line");
	job->fail_if_lost = true;
	return 0;
}

/* -- the whole --------------------------------------------------------------------------------- */

static void take_lines(const struct cfgfile *f, struct jobfile *job)
{
	job->line_app = cfgfile_line(f, "app");
	job->line_executable = cfgfile_line(f, "executable");
	job->line_arguments = cfgfile_line(f, "arguments");
	job->line_platform = cfgfile_line(f, "platform");
	job->line_input = cfgfile_line(f, "input");
	job->line_data = cfgfile_line(f, "data");
	job->line_requires = cfgfile_line(f, "requires");
	job->line_inputs = cfgfile_line(f, "inputs");
	job->line_ttl = cfgfile_line(f, "ttl");
	job->line_cores = cfgfile_line(f, "cores");
	job->line_memory = cfgfile_line(f, "memory");
}

static int take_all(const struct value_source *v, struct jobfile *job)
{
	take_lines(v->f, job);
	if (take_app(v, job) || take_executable(v, job) || check_one_of_two(v, job) ||
	    take_arguments(v, job) || value_path(v, "input", &job->input) ||
	    value_path(v, "data", &job->data) || value_ttl(v, "ttl", &job->ttl_ms) ||
	    value_memory(v, "memory", &job->memory) || value_cores(v, "cores", &job->cores) ||
	    take_platforms(v, job) || value_names(v, "requires", &job->requires) ||
	    take_runner(v, job) || take_group(v, job) || take_email(v, job) || take_env(v, job) ||
	    value_paths(v, "inputs", &job->inputs) || take_codes(v, job) || take_on_lost(v, job))
		return COMPLAINT;
	return 0;
}

int jobfile_parse(const char *file, const char *text, size_t len, struct jobfile *job,
		  struct complaint *c)
{
	struct cfgfile *f = cfgfile_parse(file, text, len, job_keys, CFGFILE_PERSON, c);
	struct value_source v = { file, f, c };
	int r;

	jobfile_init(job);
	if (!f)
		return COMPLAINT;
	r = take_all(&v, job);
	if (r)
		jobfile_free(job);
	cfgfile_free(f);
	return r;
}

bool jobfile_is_submission(const char *text, size_t len)
{
	struct complaint c = { 0 };
	struct jobfile job;
	bool r = jobfile_parse("submission", text, len, &job, &c) == 0 && job.executable;

	jobfile_free(&job);
	complaint_free(&c);
	return r;
}

void jobfile_init(struct jobfile *job)
{
	*job = (struct jobfile){ .success_count = 1 };
}

void jobfile_free(struct jobfile *job)
{
	free(job->app);
	free(job->executable);
	strlist_free(&job->arguments);
	free(job->input);
	free(job->data);
	strlist_free(&job->platforms);
	strlist_free(&job->requires);
	free(job->runner);
	free(job->group);
	free(job->email);
	strlist_free(&job->env);
	strlist_free(&job->inputs);
	jobfile_init(job);
}
