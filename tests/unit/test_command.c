/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_command - which program a job folder means, with which words, and what it needs of a
 * machine. Writes in a folder of its own, which it removes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "jobshare.h"

/* The words with | between, kind first: "host|python3|sim.py". Heap. */
static char *words(const struct command *cmd)
{
	static const char *const kinds[] = { "host", "share", "job" };
	char *text = xasprintf("%s|%s", kinds[cmd->kind], cmd->program);

	for (size_t i = 0; i < cmd->arguments.count; i++) {
		char *longer = xasprintf("%s|%s", text, cmd->arguments.items[i]);

		free(text);
		text = longer;
	}
	return text;
}

/* As spoold does it: settled at admission, built for a runner. Returns the words, or the complaint;
 * heap. */
static char *run(struct jobshare *s, const char *conf, const char *box, struct needs *needs)
{
	struct complaint c = { 0 };
	struct jobfile job;
	struct command cmd = { 0 };
	struct appfile other = { 0 };
	const struct appfile *app;
	char *spec = NULL, *text;
	int r = jobfile_parse("job.conf", conf, strlen(conf), &job, &c);

	assert_int_equal(r, 0);
	*needs = (struct needs){ 0 };
	r = command_settle(s->root.fd, &s->cat, s->job_fd, &job, box, &jobshare_site, needs, &spec,
			   &c);
	if (r == 0) {
		app = spec ? catalogue_resolve(s->root.fd, &s->cat, spec, "ticket", 0, &other, &c)
			   : NULL;
		assert_true(!spec == !app);
		r = command_build(s->job_fd, &job, app, "linux-x86_64", &cmd, &c);
	}
	assert_true(r == 0 || r == COMPLAINT);
	assert_int_equal(complaint_any(&c), r);
	text = r ? complaint_line(&c) : words(&cmd);
	if (r) {
		assert_true(*c.found && *c.expected && *c.remedy);
		assert_null(spec);
	}
	command_free(&cmd);
	appfile_free(&other);
	jobfile_free(&job);
	complaint_free(&c);
	free(spec);
	return text;
}

struct good {
	const char *files, *conf, *box, *words, *app;
};

static const struct good good_applications[] = {
	/* the only file with an ending that is known */
	{ "sim.py", "", NULL, "host|python3|sim.py", "python3/1" },
	{ "sim.py data.csv more.txt", "", NULL, "host|python3|sim.py", "python3/1" },
	{ "SIM.PY", "", NULL, "host|python3|SIM.PY", "python3/1" },
	{ "-x.py", "", NULL, "host|python3|./-x.py", "python3/1" },
	{ "sim.py .hidden.py ._sim.py stdout.txt lib/mod.py job.conf", "", NULL,
	  "host|python3|sim.py", "python3/1" },
	{ "sim.py", "arguments = {a, \"b c\"}", NULL, "host|python3|sim.py|a|b c", "python3/1" },
	{ "sim.py d.csv", "data = d.csv", NULL, "host|python3|sim.py|d.csv", "python3/1" },
	{ "sim.py d.csv", "input = d.csv", NULL, "host|python3|d.csv", "python3/1" },
	/* app */
	{ "x.m", "app = octave", NULL, "host|octave-cli|--no-gui|x.m|--", "octave/1" },
	{ "x.m", "app = octave/1", NULL, "host|octave-cli|--no-gui|x.m|--", "octave/1" },
	{ "x.m y.m", "app = octave\ninput = y.m", NULL, "host|octave-cli|--no-gui|y.m|--",
	  "octave/1" },
	{ "x.m d.csv", "app = octave\ndata = d.csv", NULL, "host|octave-cli|--no-gui|x.m|--|d.csv",
	  "octave/1" },
	{ "chain.txt", "app = octave", NULL, "host|octave-cli|--no-gui|chain.txt|--", "octave/1" },
	{ "x.m", "app = octave\narguments = {\"{input}\", \"{dir}/o\", \"{x}\"}", NULL,
	  "host|octave-cli|--no-gui|x.m|--|x.m|./o|{x}", "octave/1" },
	{ "in/-y.m", "app = octave\ninput = in/-y.m", NULL, "host|octave-cli|--no-gui|in/-y.m|--",
	  "octave/1" },
	{ "chain", "app = damper", NULL, "share|apps/damper/1/linux/damper|--in=chain",
	  "damper/1" },
	{ "-chain", "app = damper", NULL, "share|apps/damper/1/linux/damper|--in=-chain",
	  "damper/1" },
	{ "", "app = noinput\narguments = {a}", NULL, "host|noinput|a", "noinput/1" },
	{ "a b c", "app = noinput", NULL, "host|noinput", "noinput/1" },
	{ "a b", "app = noinput\ninput = a", NULL, "host|noinput|a", "noinput/1" },
	/* drop boxes */
	{ "chain.txt", "", "octave", "host|octave-cli|--no-gui|chain.txt|--", "octave/1" },
	{ "x.m d.csv", "", "octave", "host|octave-cli|--no-gui|x.m|--", "octave/1" },
	{ "x.m y.m", "executable = y.m", "octave", "host|octave-cli|--no-gui|y.m|--", "octave/1" },
	{ "x.py", "app = python3", "octave", "host|python3|x.py", "python3/1" },
	/* executable with an ending that is known */
	{ "x.py d.csv", "executable = x.py\ndata = d.csv", NULL, "host|python3|x.py|d.csv",
	  "python3/1" },
	{ "x.py d.csv", "executable = x.py\ninput = d.csv", NULL, "host|python3|x.py|d.csv",
	  "python3/1" },
	{ "x.py d.csv", "executable = x.py\ninput = d.csv\narguments = {\"-i\", \"{input}\"}", NULL,
	  "host|python3|x.py|-i|d.csv", "python3/1" },
	{ "x.py d e", "executable = x.py\ninput = d\ndata = e", NULL, "host|python3|x.py|e",
	  "python3/1" },
	{ "bin/x.py y.py", "executable = bin/x.py", NULL, "host|python3|bin/x.py", "python3/1" },
};

static const struct good good_programs[] = {
	{ "run=#!/bin/sh", "executable = run", NULL, "host|/bin/sh|run", NULL },
	{ "run=#!/bin/sh\nexit", "executable = run\narguments = {a}", NULL, "host|/bin/sh|run|a",
	  NULL },
	{ "run=#!/bin/sh\r\nexit", "executable = run", NULL, "host|/bin/sh|run", NULL },
	{ "run=#!_/bin/awk_-f_x_", "executable = run", NULL, "host|/bin/awk|-f x|run", NULL },
	{ "run=#!/usr/bin/env_python3", "executable = run", NULL, "host|python3|run", NULL },
	{ "run=#!/usr/bin/env_-S_perl_-w_-T\n", "executable = run", NULL, "host|perl|-w|-T|run",
	  NULL },
	{ "-run=#!/bin/sh -d", "executable = -run\ndata = -d", NULL, "host|/bin/sh|./-run|./-d",
	  NULL },
	{ "run.xyz=#!/bin/sh", "executable = run.xyz", NULL, "host|/bin/sh|run.xyz", NULL },
	{ "sim*", "executable = sim", NULL, "job|sim", NULL },
	{ "-sim*", "executable = -sim\narguments = -x", NULL, "job|-sim|-x", NULL },
	{ "bin/sim* d", "executable = ./bin/sim\ndata = d", NULL, "job|bin/sim|d", NULL },
	{ "sim* d", "executable = sim\ninput = d", NULL, "job|sim|d", NULL },
	{ "sim* d", "executable = sim\ninput = d\narguments = {\"<{input}>\"}", NULL, "job|sim|<d>",
	  NULL },
	{ "Makefile", "executable = /usr/bin/make\narguments = {all}", NULL,
	  "host|/usr/bin/make|all", NULL },
};

static void check_good(const struct good *g)
{
	struct jobshare s = jobshare_new();
	struct needs needs;
	char *text;

	jobshare_files(&s, g->files);
	text = run(&s, g->conf, g->box, &needs);
	if (strcmp(text, g->words) != 0)
		fail_msg("%s with \"%s\" gives: %s", g->files, g->conf, text);
	if (g->app)
		assert_string_equal(needs.app, g->app);
	else
		assert_null(needs.app);
	free(text);
	needs_free(&needs);
	jobshare_free(&s);
}

static void the_program_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good_applications) / sizeof(*good_applications); i++)
		check_good(&good_applications[i]);
	for (size_t i = 0; i < sizeof(good_programs) / sizeof(*good_programs); i++)
		check_good(&good_programs[i]);
}

struct bad {
	const char *files, *conf, *box, *says;
};

static const struct bad bad_folders[] = {
	{ "", "", NULL, "the folder: no file that could be run: the folder is empty" },
	{ "stdout.txt ._x.py .x.py", "", NULL, "the folder is empty" },
	{ "a.csv", "", NULL, "no file that an application knows, only \"a.csv\"" },
	{ "a.csv", "", NULL, ".py (python3)" },
	{ "sub/x.py", "", NULL, "no file that could be run" },
	{ "a.py b.py", "", NULL, "several files that could be the program: \"a.py\", \"b.py\"" },
	{ "a.py b.py c.m d.m e.m", "", NULL, "\"a.py\", \"b.py\", \"c.m\" and 2 more" },
	{ "x.both", "", NULL, "\"x.both\", which both matlab and other would run" },
	{ "x.both", "executable = x.both", NULL,
	  "job.conf:1: \"x.both\", which both matlab and other would run" },
};

static const struct bad bad_applications[] = {
	{ "x.m", "\napp = octav", NULL, "job.conf:2: unknown application \"octav\"" },
	{ "x.m", "app = octave/2", NULL, "the current one is 1" },
	{ "x.m", "", "octav", "incoming/@octav: unknown application" },
	{ "", "app = octave", NULL,
	  "no file for the application octave; expected exactly one file that ends in \".m\"" },
	{ "x.m y.m", "app = octave", NULL,
	  "several files that octave could mean: \"x.m\", \"y.m\"" },
	{ "x y", "", "octave", "several files that octave could mean" },
	{ "x y", "app = damper", NULL, "exactly one file;" },
	{ "x.m", "executable = /bin/sh", "octave", "drop the folder into incoming/ itself" },
	{ "x.py", "app = other\narguments = a", NULL,
	  "job.conf:2: \"arguments\" for other, which takes none" },
	{ "x.py d", "app = other\ninput = x.py\ndata = d", NULL,
	  "job.conf:3: \"data\" for other, which takes none" },
	{ "x.m", "\nttl = 3h", NULL, "job.conf:2: 3:00:00 for \"ttl\"" },
	{ "x.m", "ttl = 3h", NULL, "at most 2:00:00, which is the limit of octave" },
	{ "c", "app = damper\nplatform = windows-x86_64", NULL,
	  "job.conf:2: \"windows-x86_64\" for \"platform\"" },
	{ "c", "app = damper\nplatform = windows-x86_64", NULL,
	  "\"linux-x86_64\", \"linux-aarch64\"" },
};

static const struct bad bad_files[] = {
	{ "sim.py", "\nexecutable = sin.py", NULL,
	  "job.conf:2: \"sin.py\" for \"executable\", but there is no such file" },
	{ "sim.py", "executable = sin.py", NULL, "did you mean \"sim.py\"?" },
	{ "sim.py", "executable = Sim.py", NULL, "did you mean \"sim.py\"?" },
	{ "sim.py in/data.csv", "data = in/dat.csv", NULL,
	  "did you mean \"data.csv\" in the folder in?" },
	{ "sim.py data.csv", "data = in/data.csv", NULL, "no such file" },
	{ "sim.py", "data = 'in\\data.csv'", NULL, "write / between folders" },
	{ "sim.py", "input = nowhere", NULL,
	  "\"nowhere\" for \"input\", but there is no such file" },
	{ "sim.py", "inputs = {a.dat}", NULL,
	  "\"a.dat\" for \"inputs\", but there is no such file" },
	{ "sim.py in/x", "data = in", NULL, "\"in\" for \"data\", which is not a file" },
	{ "sim.py in/x", "data = sim.py/x", NULL, "no such file" },
	{ "sim.py stdout.txt", "data = stdout.txt", NULL,
	  "the spool itself writes files of this name" },
};

static const struct bad bad_programs[] = {
	{ "run=echo", "executable = run", NULL,
	  "\"run\", which is neither a script with a #! line nor a compiled" },
	{ "run", "executable = run", NULL, "which is empty" },
	{ "run=#!", "executable = run", NULL, "run:1: a #! line without the whole path" },
	{ "run=#!sh", "executable = run", NULL, "without the whole path" },
	{ "run=#!/bin/../sh", "executable = run", NULL, "without the whole path" },
	{ "run=#!/usr/bin/env", "executable = run", NULL, "a #! line with \"\" behind env" },
	{ "run=#!/usr/bin/env_-i_sh", "executable = run", NULL,
	  "a #! line with \"-i\" behind env" },
	{ "run=#!/usr/bin/env_A=b_sh", "executable = run", NULL, "behind env" },
	{ "run=#!/bin/\033sh", "executable = run", NULL, "a #! line with a control character" },
	{ "sim*", "executable = sim\narguments = {\"{input}\"}", NULL,
	  "job.conf:2: {input} in \"arguments\"" },
	{ "", "executable = /bin/ls\narguments = {\"{input}\"}", NULL,
	  "{input} in \"arguments\", but no \"input\"" },
};

static void check_bad(const struct bad *b, size_t count)
{
	struct jobshare s = jobshare_new();

	for (; count--; b++) {
		struct needs needs, zero = { 0 };
		char *text;

		jobshare_renew(&s);
		jobshare_files(&s, b->files);
		text = run(&s, b->conf, b->box, &needs);
		if (!strstr(text, b->says))
			fail_msg("%s with \"%s\" gives: %s", b->files, b->conf, text);
		assert_memory_equal(&needs, &zero, sizeof(needs));
		free(text);
	}
	jobshare_free(&s);
}

static void what_cannot_run_is_explained(void **state)
{
	(void)state;
	check_bad(bad_folders, sizeof(bad_folders) / sizeof(*bad_folders));
	check_bad(bad_applications, sizeof(bad_applications) / sizeof(*bad_applications));
	check_bad(bad_files, sizeof(bad_files) / sizeof(*bad_files));
	check_bad(bad_programs, sizeof(bad_programs) / sizeof(*bad_programs));
}

static void links_and_marks_are_looked_at(void **state)
{
	struct jobshare s = jobshare_new();
	struct needs needs;
	char *text;

	(void)state;
	jobshare_files(&s, "sim* real.py");
	assert_int_equal(symlinkat("real.py", s.job_fd, "link.py"), 0);
	text = run(&s, "executable = link.py", NULL, &needs);
	assert_non_null(strstr(text, "which is a symbolic link"));
	free(text);
	assert_int_equal(fchmodat(s.job_fd, "sim", 0600, 0), 0);
	text = run(&s, "executable = sim", NULL, &needs);
	assert_non_null(strstr(text, "chmod +x"));
	free(text);
	assert_int_equal(mkfifoat(s.job_fd, "pipe.py", 0600), 0);
	text = run(&s, "executable = pipe.py", NULL, &needs);
	assert_non_null(strstr(text, "which is not a file"));
	free(text);
	/* Neither link nor pipe count as files to choose from. */
	text = run(&s, "", NULL, &needs);
	assert_string_equal(text, "host|python3|real.py");
	free(text);
	needs_free(&needs);
	jobshare_free(&s);
}

static void a_script_line_has_its_limit(void **state)
{
	struct jobshare s = jobshare_new();
	struct needs needs;
	char line[300];
	char *text;

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "#!/bin/", 7);
	line[255] = '\n';
	scratch_bytes(&s.root, "job/run", line, 256);
	text = run(&s, "executable = run", NULL, &needs);
	assert_int_equal(strlen(text), strlen("host|") + 253 + strlen("|run"));
	free(text);
	needs_free(&needs);
	line[255] = 'x';
	scratch_bytes(&s.root, "job/run", line, 300);
	text = run(&s, "executable = run", NULL, &needs);
	assert_non_null(strstr(text, "more than 255 bytes"));
	free(text);
	scratch_bytes(&s.root, "job/run", "#!/bin/s\0h\n", 11);
	text = run(&s, "executable = run", NULL, &needs);
	assert_non_null(strstr(text, "a zero byte"));
	free(text);
	jobshare_free(&s);
}

/* A few bytes of job.conf must not become a command line that no ticket can hold. */
static void a_command_line_has_its_limit(void **state)
{
	struct jobshare s = jobshare_new();
	struct needs needs;
	char *conf = NULL, *text;
	size_t len;
	FILE *out = open_memstream(&conf, &len);

	(void)state;
	fputs("executable = sim\ninput = "
	      "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\n"
	      "arguments = {",
	      out);
	for (int i = 0; i < 15; i++) {
		fputc('"', out);
		for (int j = 0; j < 500; j++)
			fputs("{input}", out);
		fputs("\",", out);
	}
	fputs("}\n", out);
	fclose(out);
	jobshare_files(
		&s,
		"sim* yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy");
	text = run(&s, conf, NULL, &needs);
	assert_non_null(strstr(text, "a very long command line"));
	free(text);
	free(conf);
	jobshare_free(&s);
}

static char *needs_text(struct jobshare *s, const char *files, const char *conf, int64_t *ret_ttl)
{
	struct needs needs;
	char *key;

	jobshare_renew(s);
	jobshare_files(s, files);
	key = run(s, conf, NULL, &needs);
	free(key);
	key = needs_key(&needs);
	*ret_ttl = needs.ttl_ms;
	needs_free(&needs);
	return key;
}

static void needs_come_from_job_application_and_site(void **state)
{
	static const struct {
		const char *files, *conf, *key;
		int64_t ttl;
	} cases[] = {
		{ "x.py", "",
		  "cores=1 memory=536870912 app=python3/1 platforms=- software=python3 runner=-",
		  3600000 },
		{ "x.m", "",
		  "cores=2 memory=268435456 app=octave/1 platforms=- software=octave,octave-cli "
		  "runner=-",
		  600000 },
		{ "x.m",
		  "cores = 4\nmemory = 1G\nttl = 2h\nrequires = {gcc, octave}\nrunner = "
		  "lab-07\nplatform = a-b",
		  "cores=4 memory=1073741824 app=octave/1 platforms=a-b "
		  "software=gcc,octave,octave-cli runner=lab-07",
		  7200000 },
		{ "c", "app = damper",
		  "cores=1 memory=536870912 app=damper/1 platforms=linux-aarch64,linux-x86_64 "
		  "software=- runner=-",
		  3600000 },
		{ "c", "app = damper\nplatform = {linux-x86_64, a-b}",
		  "cores=1 memory=536870912 app=damper/1 platforms=linux-x86_64 software=- "
		  "runner=-",
		  3600000 },
		{ "run=#!/usr/bin/env_python3", "executable = run",
		  "cores=1 memory=536870912 app=- platforms=- software=python3 runner=-", 3600000 },
		{ "run=#!/usr/bin/python3", "executable = run",
		  "cores=1 memory=536870912 app=- platforms=- software=python3 runner=-", 3600000 },
		{ "run=#!/opt/x/python3", "executable = run",
		  "cores=1 memory=536870912 app=- platforms=- software=- runner=-", 3600000 },
		{ "run=#!/bin/sh", "executable = run",
		  "cores=1 memory=536870912 app=- platforms=- software=- runner=-", 3600000 },
	};
	struct jobshare s = jobshare_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t ttl;
		char *key = needs_text(&s, cases[i].files, cases[i].conf, &ttl);

		assert_string_equal(key, cases[i].key);
		assert_int_equal(ttl, cases[i].ttl);
		free(key);
	}
	jobshare_free(&s);
}

static void what_vanished_is_told_at_the_offer(void **state)
{
	struct jobshare s = jobshare_new();
	struct complaint c = { 0 };
	struct command cmd = { 0 };
	struct jobfile job;

	(void)state;
	assert_int_equal(jobfile_parse("job.conf", "app = damper", 12, &job, &c), 0);
	assert_int_equal(command_build(s.job_fd, &job, catalogue_find(&s.cat, "damper"),
				       "linux-x86_64", &cmd, &c),
			 COMPLAINT);
	assert_non_null(strstr(c.found, "no file for the application damper"));
	complaint_free(&c);
	jobshare_files(&s, "chain");
	assert_int_equal(command_build(s.job_fd, &job, catalogue_find(&s.cat, "damper"),
				       "plan9-mips", &cmd, &c),
			 COMPLAINT);
	assert_non_null(strstr(c.found, "for the platform plan9-mips"));
	assert_null(cmd.program);
	complaint_free(&c);
	assert_int_equal(command_build(s.job_fd, &job, NULL, "linux-x86_64", &cmd, &c), COMPLAINT);
	complaint_free(&c);
	jobfile_free(&job);
	jobshare_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_program_is_found),
		cmocka_unit_test(what_cannot_run_is_explained),
		cmocka_unit_test(links_and_marks_are_looked_at),
		cmocka_unit_test(a_script_line_has_its_limit),
		cmocka_unit_test(a_command_line_has_its_limit),
		cmocka_unit_test(needs_come_from_job_application_and_site),
		cmocka_unit_test(what_vanished_is_told_at_the_offer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
