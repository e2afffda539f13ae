/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * appfile - app.conf, what an application offers.
 *
 * Touches memory only: a text in, a struct or a complaint out. The rules are those of job.conf
 * where the two share a key (value.h); an application is handed out only when all of its file is
 * good, so that no job meets half of one. The catalogue of all applications is in catalogue.c.
 */
#include "appfile.h"

#include "cfgfile.h"
#include "cleanup.h"
#include "complaint.h"
#include "token.h"
#include "value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define SUMMARY_MAX 200
#define EXTENSION_MAX 16

static const struct cfgfile_key program_keys[] = {
	{ "path", CFGFILE_WORD, NULL },
	{ NULL, CFGFILE_WORD, NULL },
};

static const struct cfgfile_key app_keys[] = {
	{ "summary", CFGFILE_WORD, NULL },     { "extensions", CFGFILE_LIST, NULL },
	{ "interpreter", CFGFILE_WORD, NULL }, { "program", CFGFILE_TITLED, program_keys },
	{ "arguments", CFGFILE_LIST, NULL },   { "ttl", CFGFILE_WORD, NULL },
	{ "max_ttl", CFGFILE_WORD, NULL },     { "memory", CFGFILE_WORD, NULL },
	{ "cores", CFGFILE_WORD, NULL },       { "requires", CFGFILE_LIST, NULL },
	{ "licenses", CFGFILE_LATER, NULL },   { "prepare", CFGFILE_LATER, NULL },
	{ "cleanup", CFGFILE_LATER, NULL },    { NULL, CFGFILE_WORD, NULL },
};

static int take_summary(const struct value_source *v, struct appfile *app)
{
	const char *text = cfgfile_word(v->f, "summary");

	if (text && strlen(text) > SUMMARY_MAX)
		return value_refuse(v, "summary", NULL, "at most 200 bytes",
				    "shorten it: it is one line of a table");
	app->summary = xstrdup(text ? text : "");
	return 0;
}

static int take_extensions(const struct value_source *v, struct appfile *app)
{
	for (size_t i = 0; i < cfgfile_count(v->f, "extensions"); i++) {
		const char *item = cfgfile_item(v->f, "extensions", i);
		_cleanup_free_ char *shown = token_show(item, strlen(item)), *lower = xstrdup(item);

		if (item[0] != '.' || !item[1] || strlen(item) > EXTENSION_MAX ||
		    strpbrk(item, "/ \t"))
			return value_refuse(v, "extensions",
					    xasprintf("%s in \"extensions\"", shown),
					    "the end of a file's name with its dot, as .m",
					    "write extensions = {\".m\"}");
		for (char *p = lower; *p; p++)
			*p = (char)tolower((unsigned char)*p);
		if (!strlist_has(&app->extensions, lower))
			strlist_add(&app->extensions, lower);
	}
	return 0;
}

/* -- what is executed -------------------------------------------------------------------------- */

static int take_interpreter(const struct value_source *v, struct appfile *app)
{
	const char *name = cfgfile_word(v->f, "interpreter");

	if (!name)
		return 0;
	if (!value_is_name(name, strlen(name)))
		return value_refuse(v, "interpreter", NULL,
				    "the name of a program that the machines have, as octave-cli",
				    "write it without a folder; a program of your own goes into "
				    "program NAME { path = ... }");
	app->interpreter = xstrdup(name);
	return 0;
}

static int take_program(const struct value_source *v, const struct cfgfile *section,
			struct appfile *app)
{
	struct value_source in = { v->file, section, v->c };
	const char *platform = cfgfile_title(section);
	_cleanup_free_ char *shown = token_show(platform, strlen(platform)), *path = NULL;

	if (!value_is_platform(platform))
		return complain(v->c, v->file, cfgfile_start(section),
				xasprintf("%s as the name of a program", shown),
				xstrdup("the platform that it is for, as linux-x86_64"),
				xstrdup("write program linux-x86_64 { path = \"...\" }"));
	if (!cfgfile_has(section, "path"))
		return complain(v->c, v->file, cfgfile_start(section),
				xasprintf("no path in program %s", platform),
				xstrdup("the program's file, named from the version's folder on"),
				xstrdup("write path = \"...\" between the braces"));
	if (value_path(&in, "path", &path))
		return COMPLAINT;
	app->programs = xrealloc(app->programs, app->program_count + 1, sizeof(*app->programs));
	app->programs[app->program_count++] = (struct appfile_program){ xstrdup(platform), path };
	path = NULL;
	return 0;
}

static int take_programs(const struct value_source *v, struct appfile *app)
{
	size_t count = cfgfile_sections(v->f, "program");

	for (size_t i = 0; i < count; i++)
		if (take_program(v, cfgfile_section(v->f, "program", i), app))
			return COMPLAINT;
	if (count && app->interpreter)
		return value_refuse(v, "interpreter",
				    xstrdup("both \"interpreter\" and \"program\""),
				    "one of the two",
				    "keep interpreter for a program of the machines, program for "
				    "one that lies in this folder");
	if (!count && !app->interpreter)
		return complain(v->c, v->file, 0,
				xstrdup("neither \"interpreter\" nor \"program\""),
				xstrdup("one of the two"),
				xstrdup("write interpreter = \"python3\" or program linux-x86_64 { "
					"path = \"bin/x\" }"));
	return 0;
}

/* {word} is taken for a wish to have it replaced; {arguments} may become several words, so it
 * stands alone. */
static int check_template(const struct value_source *v, const char *item)
{
	_cleanup_free_ char *shown = token_show(item, strlen(item));

	for (const char *p = strchr(item, '{'); p; p = strchr(p + 1, '{')) {
		size_t len = strspn(p + 1, "abcdefghijklmnopqrstuvwxyz_");

		if (!len || p[len + 1] != '}')
			continue;
		if (len == 9 && !strncmp(p, "{arguments}", 11)) {
			if (strcmp(item, "{arguments}") == 0)
				continue;
			return value_refuse(v, "arguments", xasprintf("%s in \"arguments\"", shown),
					    "{arguments} as an item of its own",
					    "write {\"--\", \"{arguments}\"}");
		}
		if (strncmp(p, "{input}", 7) != 0 && strncmp(p, "{dir}", 5) != 0)
			return value_refuse(v, "arguments", xasprintf("%s in \"arguments\"", shown),
					    "{input}, {dir}, {arguments} or no word in braces",
					    "correct the word in braces");
	}
	return 0;
}

static int take_arguments(const struct value_source *v, struct appfile *app)
{
	if (!cfgfile_has(v->f, "arguments")) {
		strlist_add(&app->arguments, "{input}");
		strlist_add(&app->arguments, "{arguments}");
		return 0;
	}
	for (size_t i = 0; i < cfgfile_count(v->f, "arguments"); i++)
		if (check_template(v, cfgfile_item(v->f, "arguments", i)))
			return COMPLAINT;
	return value_list(v, "arguments", &app->arguments);
}

/* -- the whole --------------------------------------------------------------------------------- */

static int check_ttl(const struct value_source *v, const struct appfile *app)
{
	if (!app->max_ttl_ms || app->ttl_ms <= app->max_ttl_ms)
		return 0;
	return value_refuse(v, "ttl", xstrdup("a \"ttl\" that is longer than \"max_ttl\""),
			    "ttl at most as long as max_ttl", "correct one of the two");
}

static int take_all(const struct value_source *v, struct appfile *app)
{
	if (take_summary(v, app) || take_extensions(v, app) || take_interpreter(v, app) ||
	    take_programs(v, app) || take_arguments(v, app) || value_ttl(v, "ttl", &app->ttl_ms) ||
	    value_ttl(v, "max_ttl", &app->max_ttl_ms) || check_ttl(v, app) ||
	    value_memory(v, "memory", &app->memory) || value_cores(v, "cores", &app->cores) ||
	    value_names(v, "requires", &app->requires))
		return COMPLAINT;
	return 0;
}

int appfile_parse(const char *file, const char *name, const char *version, const char *text,
		  size_t len, struct appfile *app, struct complaint *c)
{
	struct cfgfile *f = cfgfile_parse(file, text, len, app_keys, CFGFILE_PERSON, c);
	struct value_source v = { file, f, c };
	int r;

	*app = (struct appfile){ 0 };
	if (!f)
		return COMPLAINT;
	app->app = xstrdup(name);
	app->version = xstrdup(version);
	r = take_all(&v, app);
	if (r)
		appfile_free(app);
	cfgfile_free(f);
	return r;
}

void appfile_free(struct appfile *app)
{
	free(app->app);
	free(app->version);
	free(app->summary);
	strlist_free(&app->extensions);
	free(app->interpreter);
	for (size_t i = 0; i < app->program_count; i++) {
		free(app->programs[i].platform);
		free(app->programs[i].path);
	}
	free(app->programs);
	strlist_free(&app->arguments);
	strlist_free(&app->requires);
	*app = (struct appfile){ 0 };
}
