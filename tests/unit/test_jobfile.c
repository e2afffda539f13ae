/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_jobfile - job.conf and Warwick submission files: every key, every refusal, and the fuzzers'
 * corpus. Reads tests/fuzz/corpus.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "complaint.h"
#include "corpus.h"
#include "jobfile.h"

static void parse(const char *text, struct jobfile *job)
{
	struct complaint c = { 0 };
	int r = jobfile_parse("job.conf", text, strlen(text), job, &c);
	char *line = complaint_line(&c);

	if (r)
		fail_msg("\"%s\" gives: %s", text, line);
	free(line);
	complaint_free(&c);
}

static void every_key_is_taken(void **state)
{
	struct jobfile job;

	(void)state;
	parse("app = \"octave/7\"\n"
	      "arguments = {\"--n\", \"20\"}\n"
	      "input = \"./damper.m\"\n"
	      "data = \"in/data.csv\"\n"
	      "ttl = \"2h\"\n"
	      "memory = \"512M\"\n"
	      "cores = 2\n"
	      "platform = {\"linux-x86_64\", linux-aarch64, linux-x86_64}\n"
	      "requires = {\"octave\", gcc}\n"
	      "runner = \"lab-07\"\n"
	      "group = brick\n"
	      "email = \"me@example.org\"\n"
	      "env = {\"N=20\", \"EMPTY=\", \"X=a=b\"}\n"
	      "inputs = {a.dat, \"in/b.dat\"}\n"
	      "success_codes = {0, 3, 3}\n",
	      &job);
	assert_string_equal(job.app, "octave/7");
	assert_null(job.executable);
	assert_int_equal(job.arguments.count, 2);
	assert_string_equal(job.arguments.items[1], "20");
	assert_string_equal(job.input, "damper.m");
	assert_string_equal(job.data, "in/data.csv");
	assert_int_equal(job.ttl_ms, 7200000);
	assert_int_equal(job.memory, 512 << 20);
	assert_int_equal(job.cores, 2);
	assert_int_equal(job.platforms.count, 2);
	assert_string_equal(job.platforms.items[1], "linux-aarch64");
	assert_int_equal(job.requires.count, 2);
	assert_string_equal(job.runner, "lab-07");
	assert_string_equal(job.group, "brick");
	assert_string_equal(job.email, "me@example.org");
	assert_int_equal(job.env.count, 3);
	assert_string_equal(job.env.items[2], "X=a=b");
	assert_int_equal(job.inputs.count, 2);
	assert_string_equal(job.inputs.items[1], "in/b.dat");
	assert_int_equal(job.success_count, 2);
	assert_int_equal(job.success_codes[1], 3);
	assert_int_equal(job.line_app, 1);
	assert_int_equal(job.line_arguments, 2);
	assert_int_equal(job.line_input, 3);
	assert_int_equal(job.line_data, 4);
	assert_int_equal(job.line_ttl, 5);
	assert_int_equal(job.line_memory, 6);
	assert_int_equal(job.line_cores, 7);
	assert_int_equal(job.line_platform, 8);
	assert_int_equal(job.line_requires, 9);
	assert_int_equal(job.line_inputs, 14);
	assert_int_equal(job.line_executable, 0);
	jobfile_free(&job);
}

static void nothing_said_is_a_job_too(void **state)
{
	struct jobfile job, initial;

	(void)state;
	jobfile_init(&initial);
	parse("# nothing\n", &job);
	assert_memory_equal(&job, &initial, sizeof(job));
	assert_int_equal(job.success_count, 1);
	assert_int_equal(job.success_codes[0], 0);
	jobfile_free(&job);
}

static void a_lost_job_runs_again_unless_it_says_otherwise(void **state)
{
	struct jobfile job;

	(void)state;
	parse("on_lost = retry\n", &job);
	assert_false(job.fail_if_lost);
	jobfile_free(&job);
	parse("on_lost = fail\n", &job);
	assert_true(job.fail_if_lost);
	jobfile_free(&job);
}

static void a_submission_file_is_a_job(void **state)
{
	static const char text[] = "Executable = x.py\r\nDATA = d.csv\r\nemail = "
				   "me@example.org\r\nclient = lab-03\r\n";
	struct jobfile job;

	(void)state;
	parse(text, &job);
	assert_string_equal(job.executable, "x.py");
	assert_string_equal(job.data, "d.csv");
	assert_string_equal(job.email, "me@example.org");
	assert_string_equal(job.runner, "lab-03");
	jobfile_free(&job);
	assert_true(jobfile_is_submission(text, strlen(text)));
	assert_false(jobfile_is_submission("data = d.csv", 12));
	assert_false(jobfile_is_submission("#!/bin/sh\necho executable = x\n", 30));
	assert_false(jobfile_is_submission("", 0));
}

static void paths_and_words_are_taken_as_written(void **state)
{
	static const struct {
		const char *text, *executable;
	} cases[] = {
		{ "executable = sim", "sim" },
		{ "executable = ./sim", "sim" },
		{ "executable = ././bin/sim", "bin/sim" },
		{ "executable = \"my sim.py\"", "my sim.py" },
		{ "executable = -sim", "-sim" },
		{ "executable = ..sim", "..sim" },
		{ "executable = M\xc3\xbcller.py", "M\xc3\xbcller.py" },
		{ "executable = /usr/bin/make", "/usr/bin/make" },
		{ "executable = 'a\\b'", "a\\b" },
		{ "executable = $HOME", "$HOME" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct jobfile job;

		parse(cases[i].text, &job);
		assert_string_equal(job.executable, cases[i].executable);
		jobfile_free(&job);
	}
}

struct bad {
	const char *text;
	int line;
	const char *says;
};

static const struct bad bad_programs[] = {
	{ "app = octave\n\nexecutable = x.m", 3, "both \"app\" and \"executable\"" },
	{ "app = \"\"", 1, "the name of an application" },
	{ "app = octave/", 1, "the name of an application" },
	{ "app = /octave", 1, "the name of an application" },
	{ "app = octave/7/8", 1, "the name of an application" },
	{ "app = ..", 1, "the name of an application" },
	{ "app = \"../x\"", 1, "the name of an application" },
	{ "app = \"my app\"", 1, "spoolctl apps" },
	{ "executable = \"\"", 1, "within the job's folder" },
	{ "executable = ../x", 1, "no \"..\"" },
	{ "executable = a/../x", 1, "no \"..\"" },
	{ "executable = a/"
	  "/x",
	  1, "no \"//\"" },
	{ "executable = a/", 1, "no / at the end" },
	{ "executable = a/./x", 1, "within the job's folder" },
	{ "executable = .", 1, "within the job's folder" },
	{ "executable = ./", 1, "within the job's folder" },
	{ "executable = /", 1, "absolute path" },
	{ "executable = /usr/../bin/x", 1, "absolute path" },
	{ "executable = ~/x", 1, "outside of the job" },
	{ "arguments = {\"--n={task}\"}", 1, "{task}, which is not supported" },
	{ "arguments = {\"{out}\"}", 1, "{out}, which is not supported" },
	{ "tasks = 0-99", 1, "\"tasks\", which is not supported by this version" },
	{ "each = \"in/*.dat\"", 1, "\"each\", which is not supported by this version" },
	{ "gpus = 1", 1, "\"gpus\", which is not supported by this version" },
	{ "library = \"task.so\"", 1, "\"library\", which is not supported by this version" },
};

static const struct bad bad_values[] = {
	{ "data = /etc/passwd", 1, "which lies outside of the job" },
	{ "input = \"\"", 1, "within the job's folder" },
	{ "inputs = {a, ../b}", 1, "\"../b\" for \"inputs\"" },
	{ "ttl = soon", 1, "D-HH:MM:SS" },
	{ "ttl = \"2 h\"", 1, "without blanks" },
	{ "ttl = 0", 1, "from 100ms to 365d" },
	{ "ttl = 366d", 1, "from 100ms to 365d" },
	{ "ttl = 99999999999999999999d", 1, "from 100ms to 365d" },
	{ "ttl = \"\"", 1, "a time" },
	{ "memory = lots", 1, "512M, 2G" },
	{ "memory = 512", 1, "a number without a letter counts bytes" },
	{ "memory = 2000T", 1, "from 1M to 1024T" },
	{ "cores = 0", 1, "from 1 to 4096" },
	{ "cores = 5000", 1, "\"5000\" for \"cores\"" },
	{ "cores = two", 1, "a whole number from 1 to 4096" },
	{ "platform = linux", 1, "as linux-x86_64" },
	{ "platform = {linux-x86_64, \"a b-c\"}", 1, "\"a b-c\" in \"platform\"" },
	{ "requires = {\"gcc >= 12\"}", 1, "versions is not supported" },
	{ "requires = {\"gcc>=12\"}", 1, "versions is not supported" },
	{ "requires = {\"gcc 12\"}", 1, "versions is not supported" },
	{ "requires = {\"\"}", 1, "names of programs" },
	{ "runner = \"Lab 7\"", 1, "the name of a runner" },
	{ "client = ../x", 1, "for \"client\"" },
	{ "runner = a\nclient = b", 2, "both \"runner\" and \"client\"" },
	{ "group = \"a b\"", 1, "without blanks" },
	{ "group = @brick", 1, "@ in front" },
	{ "email = me", 1, "me@example.org" },
	{ "email = @", 1, "me@example.org" },
	{ "email = a@b@c", 1, "me@example.org" },
	{ "email = \"a@b, c@d\"", 1, "one address" },
	{ "env = N", 1, "NAME=value" },
	{ "env = {\"=x\"}", 1, "NAME=value" },
	{ "env = {\"1A=x\"}", 1, "NAME=value" },
	{ "env = {\"A-B=x\"}", 1, "NAME=value" },
	{ "env = {\"PATH=/x\"}", 1, "a name other than PATH" },
	{ "env = {\"HOME=/x\"}", 1, "a name other than PATH" },
	{ "env = {\"LD_PRELOAD=/x\"}", 1, "a name other than PATH" },
	{ "env = {\"SPOOL_JOB_ID=1\"}", 1, "a name other than PATH" },
	{ "success_codes = {}", 1, "an empty list" },
	{ "success_codes = {0, 256}", 1, "\"256\" in \"success_codes\"" },
	{ "success_codes = {-1}", 1, "from 0 to 255" },
	{ "success_codes = {x}", 1, "from 0 to 255" },
	{ "on_lost = again", 1, "retry or fail" },
	{ "on_lost = hold", 1, "not supported by this version" },
};

static void check_bad(const struct bad *b)
{
	struct complaint c = { 0 };
	struct jobfile job, initial;
	char *line;

	jobfile_init(&initial);
	assert_int_equal(jobfile_parse("job.conf", b->text, strlen(b->text), &job, &c), COMPLAINT);
	assert_memory_equal(&job, &initial, sizeof(job));
	line = complaint_line(&c);
	if (!strstr(line, b->says) || c.line != b->line)
		fail_msg("\"%s\" gives: %s", b->text, line);
	assert_true(*c.found && *c.expected && *c.remedy);
	free(line);
	complaint_free(&c);
}

static void bad_jobs_are_explained(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_programs) / sizeof(*bad_programs); i++)
		check_bad(&bad_programs[i]);
	for (size_t i = 0; i < sizeof(bad_values) / sizeof(*bad_values); i++)
		check_bad(&bad_values[i]);
}

/* Everything that a ticket takes over must fit into it. */
static void big_jobs_are_refused(void **state)
{
	struct bad many_codes = { NULL, 1, "at most 32" },
		   much_env = { NULL, 1, "about 12000 bytes" };
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	for (int i = 0; i < 33; i++)
		fprintf(out, "%s%d", i ? "," : "success_codes = {", i);
	fprintf(out, "}\n");
	fclose(out);
	many_codes.text = text;
	check_bad(&many_codes);
	free(text);
	out = open_memstream(&text, &len);
	for (int i = 0; i < 4; i++)
		fprintf(out, "%s\"A%d=%04000d\"", i ? "," : "env = {", i, 0);
	fprintf(out, "}\n");
	fclose(out);
	much_env.text = text;
	check_bad(&much_env);
	free(text);
}

static void replay(const char *name, const char *text, size_t len)
{
	struct complaint c = { 0 };
	struct jobfile job;
	int r = jobfile_parse("job.conf", text, len, &job, &c);
	char *line = complaint_line(&c);

	assert_true(r == 0 || r == COMPLAINT);
	assert_int_equal(complaint_any(&c), r);
	assert_null(strchr(line, '\n'));
	if (!strncmp(name, "good-", 5) && r)
		fail_msg("%s is good, but gives: %s", name, line);
	free(line);
	jobfile_free(&job);
	complaint_free(&c);
}

static void the_corpus_does_no_harm(void **state)
{
	(void)state;
	corpus_replay("fuzz_jobfile", replay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_taken),
		cmocka_unit_test(nothing_said_is_a_job_too),
		cmocka_unit_test(a_lost_job_runs_again_unless_it_says_otherwise),
		cmocka_unit_test(a_submission_file_is_a_job),
		cmocka_unit_test(paths_and_words_are_taken_as_written),
		cmocka_unit_test(bad_jobs_are_explained),
		cmocka_unit_test(big_jobs_are_refused),
		cmocka_unit_test(the_corpus_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
