/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_appfile - app.conf, and the catalogue of a share. Reads tests/fuzz/corpus, writes in a
 * folder of its own, which it removes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "appfile.h"
#include "complaint.h"
#include "corpus.h"
#include "scratch.h"

#include <sys/syscall.h>

static int reads_left = -1; /* that succeed; then EIO; -1: all */

ssize_t read(int fd, void *data, size_t len)
{
	if (reads_left == 0) {
		errno = EIO;
		return -1;
	}
	if (reads_left > 0)
		reads_left--;
	return syscall(SYS_read, fd, data, len);
}

static void parse(const char *text, struct appfile *app)
{
	struct complaint c = { 0 };
	int r = appfile_parse("app.conf", "octave", "7", text, strlen(text), app, &c);
	char *line = complaint_line(&c);

	if (r)
		fail_msg("\"%s\" gives: %s", text, line);
	free(line);
	complaint_free(&c);
}

static void every_key_is_taken(void **state)
{
	struct appfile app;

	(void)state;
	parse("summary = \"GNU Octave\"  extensions = {\".m\", \".M\", \".oct\"}\n"
	      "interpreter = \"octave-cli\"\n"
	      "arguments = {\"--no-gui\", \"--path={dir}\", \"{input}\", \"--\", \"{arguments}\"}\n"
	      "ttl = \"1h\"  memory = \"512M\"  cores = 2  max_ttl = \"1d\"\n"
	      "requires = {\"octave\"}\n",
	      &app);
	assert_string_equal(app.app, "octave");
	assert_string_equal(app.version, "7");
	assert_string_equal(app.summary, "GNU Octave");
	assert_int_equal(app.extensions.count, 2);
	assert_string_equal(app.extensions.items[0], ".m");
	assert_string_equal(app.interpreter, "octave-cli");
	assert_int_equal(app.arguments.count, 5);
	assert_int_equal(app.ttl_ms, 3600000);
	assert_int_equal(app.max_ttl_ms, 86400000);
	assert_int_equal(app.memory, 512 << 20);
	assert_int_equal(app.cores, 2);
	assert_int_equal(app.requires.count, 1);
	appfile_free(&app);
}

static void programs_are_by_platform(void **state)
{
	struct appfile app;

	(void)state;
	parse("program linux-x86_64 { path = \"bin/damper\" }\n"
	      "program windows-x86_64\n{\n\tpath = \"./bin/damper.exe\"\n}\n",
	      &app);
	assert_null(app.interpreter);
	assert_string_equal(app.summary, "");
	assert_int_equal(app.program_count, 2);
	assert_string_equal(app.programs[0].platform, "linux-x86_64");
	assert_string_equal(app.programs[0].path, "bin/damper");
	assert_string_equal(app.programs[1].path, "bin/damper.exe");
	assert_int_equal(app.arguments.count, 2);
	assert_string_equal(app.arguments.items[0], "{input}");
	assert_string_equal(app.arguments.items[1], "{arguments}");
	appfile_free(&app);
}

static void braces_that_mean_nothing_are_kept(void **state)
{
	struct appfile app;

	(void)state;
	parse("interpreter = awk\narguments = {\"{print $1}\", \"{\", \"{}\", \"{X}\", \"a{2,3}\", "
	      "\"{{input}}\"}",
	      &app);
	assert_int_equal(app.arguments.count, 6);
	appfile_free(&app);
	parse("interpreter = x\narguments = {}", &app);
	assert_int_equal(app.arguments.count, 0);
	appfile_free(&app);
}

static void bad_applications_are_explained(void **state)
{
	static const struct {
		const char *text;
		int line;
		const char *says;
	} cases[] = {
		{ "summary = x", 0, "neither \"interpreter\" nor \"program\"" },
		{ "interpreter = x\nprogram linux-x86_64 { path = y }", 1,
		  "both \"interpreter\" and \"program\"" },
		{ "interpreter = /bin/sh", 1, "without a folder" },
		{ "interpreter = \"\"", 1, "the name of a program" },
		{ "\nprogram linux { path = x }", 2, "\"linux\" as the name of a program" },
		{ "program linux-x86_64 { }", 1, "no path in program linux-x86_64" },
		{ "program linux-x86_64 {\n path = ../x }", 2, "\"../x\" for \"path\"" },
		{ "program linux-x86_64 { path = /x }", 1, "outside" },
		{ "program a-b { path = x }\nprogram a-b { path = x }", 2,
		  "two sections of one name" },
		{ "program linux-x86_64 {\n pth = x }", 2, "did you mean \"path\"?" },
		{ "interpreter = x\nextensions = {m}", 2, "\"m\" in \"extensions\"" },
		{ "interpreter = x\nextensions = {.}", 2, "\".\" in \"extensions\"" },
		{ "interpreter = x\nextensions = {\"./m\"}", 2, "in \"extensions\"" },
		{ "interpreter = x\narguments = {\"{inputs}\"}", 2, "correct the word in braces" },
		{ "interpreter = x\narguments = {\"{task}\"}", 2, "correct the word in braces" },
		{ "interpreter = x\narguments = {\"-a={arguments}\"}", 2, "an item of its own" },
		{ "interpreter = x\nttl = 2h\nmax_ttl = 1h", 2, "longer than \"max_ttl\"" },
		{ "interpreter = x\ncores = 0", 2, "from 1 to 4096" },
		{ "interpreter = x\nlicenses = 5", 2,
		  "\"licenses\", which is not supported by this version" },
		{ "interpreter = x\nrequires = {\"gcc >= 12\"}", 2,
		  "not supported by this version" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct complaint c = { 0 };
		struct appfile app, none = { 0 };
		const char *text = cases[i].text;
		char *line;

		assert_int_equal(appfile_parse("app.conf", "a", "1", text, strlen(text), &app, &c),
				 COMPLAINT);
		assert_memory_equal(&app, &none, sizeof(app));
		line = complaint_line(&c);
		if (!strstr(line, cases[i].says) || c.line != cases[i].line)
			fail_msg("\"%s\" gives: %s", text, line);
		free(line);
		complaint_free(&c);
	}
}

static void replay(const char *name, const char *text, size_t len)
{
	struct complaint c = { 0 };
	struct appfile app;
	int r = appfile_parse("app.conf", "a", "1", text, len, &app, &c);
	char *line = complaint_line(&c);

	assert_true(r == 0 || r == COMPLAINT);
	assert_int_equal(complaint_any(&c), r);
	assert_null(strchr(line, '\n'));
	if (!strncmp(name, "good-", 5) && r)
		fail_msg("%s is good, but gives: %s", name, line);
	free(line);
	appfile_free(&app);
	complaint_free(&c);
}

static void the_corpus_does_no_harm(void **state)
{
	(void)state;
	corpus_replay("fuzz_appfile", replay);
}

/* -- catalogue ----------------------------------------------------------------------------------
 */

static struct scratch share_new(void)
{
	struct scratch s = scratch_new();

	scratch_write(&s, "apps/README", "applications\n");
	scratch_write(&s, "apps/octave/current", "7\r\n# the stable one\n");
	scratch_write(&s, "apps/octave/7/app.conf",
		      "interpreter = octave-cli\nextensions = {\".m\"}\n");
	scratch_write(&s, "apps/octave/6/app.conf",
		      "interpreter = octave-old\nextensions = {\".m\"}\n");
	scratch_write(&s, "apps/octave/5/app.conf", "bogus = 1\n");
	scratch_write(&s, "apps/matlab/current", "1");
	scratch_write(&s, "apps/matlab/1/app.conf",
		      "interpreter = matlab\nextensions = {\".m\", \".tar.gz\"}\n");
	scratch_write(&s, "apps/python3/current", "  1\n");
	scratch_write(&s, "apps/python3/1/app.conf",
		      "interpreter = python3\nextensions = {\".py\"}\n");
	scratch_write(&s, "apps/broken/current", "1\n");
	scratch_write(&s, "apps/broken/1/app.conf", "interpretr = x\n");
	return s;
}

static bool has_fault(const struct catalogue *cat, const char *part)
{
	for (size_t i = 0; i < cat->faults.count; i++)
		if (strstr(cat->faults.items[i], part))
			return true;
	return false;
}

static void a_catalogue_has_the_current_versions(void **state)
{
	struct scratch s = share_new();
	struct catalogue cat = { 0 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(catalogue_load(s.fd, &cat), 0);
		assert_int_equal(cat.count, 3);
		assert_string_equal(cat.apps[0].app, "matlab");
		assert_string_equal(cat.apps[1].app, "octave");
		assert_string_equal(cat.apps[1].version, "7");
		assert_string_equal(cat.apps[2].app, "python3");
		assert_ptr_equal(catalogue_find(&cat, "octave"), &cat.apps[1]);
		assert_null(catalogue_find(&cat, "Octave"));
		assert_null(catalogue_find(&cat, "broken"));
		assert_int_equal(cat.faults.count, 1);
		assert_true(
			has_fault(&cat, "apps/broken/1/app.conf:1: unknown key \"interpretr\""));
	}
	catalogue_free(&cat);
	assert_null(catalogue_find(&cat, "octave"));
	scratch_free(&s);
}

static void faults_name_what_is_wrong(void **state)
{
	struct scratch s = share_new();
	struct catalogue cat = { 0 };

	(void)state;
	scratch_write(&s, "apps/nocurrent/1/app.conf", "interpreter = x");
	scratch_write(&s, "apps/badcurrent/current", "../../etc");
	scratch_write(&s, "apps/novers/current", "3");
	scratch_write(&s, "apps/a b/current", "1");
	scratch_write(&s, "apps/.hidden/current", "1");
	scratch_write(&s, "apps/dir/1/app.conf/x", "");
	scratch_write(&s, "apps/dir/current", "1");
	assert_int_equal(symlinkat("octave", s.fd, "apps/link"), 0);
	assert_int_equal(catalogue_load(s.fd, &cat), 0);
	assert_int_equal(cat.count, 3);
	assert_int_equal(cat.faults.count, 7);
	assert_true(has_fault(&cat, "apps/nocurrent/current: cannot be read: it is not there"));
	assert_true(has_fault(&cat, "apps/badcurrent/current: should hold the name of a version"));
	assert_true(has_fault(&cat, "apps/novers/3/app.conf"));
	assert_true(has_fault(&cat, "apps/a b: is no name"));
	assert_true(has_fault(&cat,
			      "apps/dir/1/app.conf: a file that cannot be read: it is not a file"));
	assert_true(has_fault(&cat, "apps/link/current: cannot be read: it is a symbolic link"));
	scratch_clear(&s, "apps");
	assert_int_equal(catalogue_load(s.fd, &cat), -ENOENT);
	assert_int_equal(cat.count, 3);
	catalogue_free(&cat);
	scratch_free(&s);
}

static void versions_are_found(void **state)
{
	struct scratch s = share_new();
	struct catalogue cat = { 0 };
	struct complaint c = { 0 };
	struct appfile other;

	(void)state;
	assert_int_equal(catalogue_load(s.fd, &cat), 0);
	assert_ptr_equal(catalogue_resolve(s.fd, &cat, "octave", "job.conf", 1, &other, &c),
			 &cat.apps[1]);
	assert_ptr_equal(catalogue_resolve(s.fd, &cat, "octave/7", "job.conf", 1, &other, &c),
			 &cat.apps[1]);
	assert_ptr_equal(catalogue_resolve(s.fd, &cat, "octave/6", "job.conf", 1, &other, &c),
			 &other);
	assert_string_equal(other.interpreter, "octave-old");
	assert_string_equal(other.version, "6");
	appfile_free(&other);
	assert_false(complaint_any(&c));
	catalogue_free(&cat);
	scratch_free(&s);
}

/* The server does not answer well just now: nothing is concluded from that. */
static void trouble_is_no_fault_of_an_application(void **state)
{
	struct scratch s = share_new();
	struct catalogue cat = { 0 };
	struct complaint c = { 0 };
	struct appfile other;
	size_t apps, faults;

	(void)state;
	assert_int_equal(catalogue_load(s.fd, &cat), 0);
	apps = cat.count;
	faults = cat.faults.count;
	for (int after = 0; after < 4; after++) {
		reads_left = after;
		assert_int_equal(catalogue_load(s.fd, &cat), -EIO);
		assert_int_equal(cat.count, apps);
		assert_int_equal(cat.faults.count, faults);
	}
	reads_left = 0;
	errno = 0;
	assert_null(catalogue_resolve(s.fd, &cat, "octave/6", "job.conf", 1, &other, &c));
	assert_int_equal(errno, EIO);
	assert_false(complaint_any(&c));
	reads_left = -1;
	catalogue_free(&cat);
	scratch_free(&s);
}

static void unknown_applications_are_explained(void **state)
{
	static const struct {
		const char *spec, *says;
	} cases[] = {
		{ "octav", "job.conf:4: unknown application \"octav\"; expected one of matlab, "
			   "octave, python3; "
			   "did you mean \"octave\"?" },
		{ "Octave", "did you mean \"octave\"?" },
		{ "stata", "spoolctl apps" },
		{ "octave/9", "a version that is installed; the current one is 7" },
		{ "octave/../7", "unknown application" },
		{ "octave/", "unknown application" },
		{ "octave/5", "apps/octave/5/app.conf:1: unknown key \"bogus\"" },
		{ "stata/1", "unknown application \"stata\"" },
		{ "broken", "installed but faulty" },
		{ "../octave", "unknown application" },
		{ "", "unknown application" },
	};
	struct scratch s = share_new();
	struct catalogue cat = { 0 };

	(void)state;
	assert_int_equal(catalogue_load(s.fd, &cat), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct complaint c = { 0 };
		struct appfile other;
		char *line;

		assert_null(
			catalogue_resolve(s.fd, &cat, cases[i].spec, "job.conf", 4, &other, &c));
		line = complaint_line(&c);
		if (!strstr(line, cases[i].says))
			fail_msg("\"%s\" gives: %s", cases[i].spec, line);
		free(line);
		complaint_free(&c);
		appfile_free(&other);
	}
	catalogue_free(&cat);
	scratch_free(&s);
}

static void endings_find_applications(void **state)
{
	const struct appfile *a = NULL, *b = NULL;
	struct scratch s = share_new();
	struct catalogue cat = { 0 };

	(void)state;
	assert_int_equal(catalogue_by_extension(&cat, "x.py", &a, &b), 0);
	assert_int_equal(catalogue_load(s.fd, &cat), 0);
	assert_int_equal(catalogue_by_extension(&cat, "x.csv", &a, &b), 0);
	assert_int_equal(catalogue_by_extension(&cat, ".py", &a, &b), 0);
	assert_int_equal(catalogue_by_extension(&cat, "xpy", &a, &b), 0);
	assert_int_equal(catalogue_by_extension(&cat, "x.PY", &a, &b), 1);
	assert_string_equal(a->app, "python3");
	assert_null(b);
	assert_int_equal(catalogue_by_extension(&cat, "x.tar.gz", &a, &b), 1);
	assert_string_equal(a->app, "matlab");
	assert_int_equal(catalogue_by_extension(&cat, "x.m", &a, &b), 2);
	assert_string_equal(a->app, "matlab");
	assert_string_equal(b->app, "octave");
	catalogue_free(&cat);
	scratch_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_taken),
		cmocka_unit_test(programs_are_by_platform),
		cmocka_unit_test(braces_that_mean_nothing_are_kept),
		cmocka_unit_test(bad_applications_are_explained),
		cmocka_unit_test(the_corpus_does_no_harm),
		cmocka_unit_test(a_catalogue_has_the_current_versions),
		cmocka_unit_test(faults_name_what_is_wrong),
		cmocka_unit_test(versions_are_found),
		cmocka_unit_test(trouble_is_no_fault_of_an_application),
		cmocka_unit_test(unknown_applications_are_explained),
		cmocka_unit_test(endings_find_applications),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
