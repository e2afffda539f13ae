/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_conf - a table of options: defaults, file, command line, sample and print. Writes in a
 * folder of its own, which it removes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "complaint.h"
#include "conf.h"
#include "scratch.h"

static struct {
	char *share, *text;
	int64_t slots, number, beat, cache;
	bool quiet;
	struct strlist programs;
} values;

static const struct conf_option table[] = {
	{ "share", CONF_STRING, "/srv/spool", 0, 0, "The share", &values.share },
	{ "text", CONF_STRING, "", 0, 0, "A text", &values.text },
	{ "slots", CONF_INT, "4", 1, 1024, "Jobs at a time", &values.slots },
	{ "number", CONF_INT, "0", 0, 0, "Any number that is not negative", &values.number },
	{ "beat", CONF_TIME, "5s", 1000, 3600000, "Time between two beats", &values.beat },
	{ "cache", CONF_SIZE, "64M", 0, INT64_C(1) << 40, "Size of the cache", &values.cache },
	{ "quiet", CONF_BOOL, "no", 0, 0, "Say little", &values.quiet },
	{ "programs", CONF_LIST, "sh  python3", 0, 0, "Programs to look for", &values.programs },
	{ NULL, CONF_STRING, NULL, 0, 0, NULL, NULL },
};

static int setup(void **state)
{
	(void)state;
	conf_defaults(table);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	conf_release(table);
	assert_null(values.share);
	assert_int_equal(values.programs.count, 0);
	return 0;
}

static int load(const char *text, struct complaint *c)
{
	struct scratch s = scratch_new();
	char *path = xasprintf("%s/x.conf", s.path);
	int r;

	scratch_write(&s, "x.conf", text);
	r = conf_load(path, table, c);
	free(path);
	scratch_free(&s);
	return r;
}

static void defaults_are_set_and_set_again(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_string_equal(values.share, "/srv/spool");
		assert_string_equal(values.text, "");
		assert_int_equal(values.slots, 4);
		assert_int_equal(values.beat, 5000);
		assert_int_equal(values.cache, 64 << 20);
		assert_false(values.quiet);
		assert_int_equal(values.programs.count, 2);
		assert_string_equal(values.programs.items[1], "python3");
		values.slots = 77;
		values.quiet = true;
		conf_defaults(table);
	}
}

static void a_file_changes_what_it_names(void **state)
{
	struct complaint c = { 0 };

	(void)state;
	assert_int_equal(load("number = 99\nshare = \"/a b\"\nslots = 2\nBeat = 1:30\ncache = "
			      "2G\nquiet = Yes\n"
			      "programs = {\"octave-cli\"}\n",
			      &c),
			 0);
	assert_string_equal(values.share, "/a b");
	assert_int_equal(values.slots, 2);
	assert_int_equal(values.number, 99);
	assert_int_equal(values.beat, 90000);
	assert_int_equal(values.cache, INT64_C(2) << 30);
	assert_true(values.quiet);
	assert_int_equal(values.programs.count, 1);
	assert_string_equal(values.programs.items[0], "octave-cli");
	assert_string_equal(values.text, "");
	assert_int_equal(load("programs = {}\n", &c), 0);
	assert_int_equal(values.programs.count, 0);
}

static void bad_files_are_explained(void **state)
{
	static const struct {
		const char *text, *says;
		int line;
	} cases[] = {
		{ "slot = 2", "did you mean \"slots\"?", 1 },
		{ "\nslots = 0",
		  "\"0\" for \"slots\", which is out of range; expected a whole number from 1 to "
		  "1024",
		  2 },
		{ "slots = many", "\"many\" for \"slots\"; expected a whole number from 1 to 1024",
		  1 },
		{ "number = -1", "out of range", 1 },
		{ "beat = 2h", "from 1s to 1h", 1 },
		{ "beat = fast", "a time (", 1 },
		{ "cache = 2T", "from 0 to 1T", 1 },
		{ "quiet = perhaps", "yes or no", 1 },
		{ "slots = {2}", "a list as the value", 1 },
		{ "slots = 2\nslots = 3", "for the second time", 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct complaint c = { 0 };
		char *line;

		assert_int_equal(load(cases[i].text, &c), COMPLAINT);
		line = complaint_line(&c);
		if (!strstr(line, cases[i].says))
			fail_msg("\"%s\" gives: %s", cases[i].text, line);
		assert_non_null(strstr(line, "x.conf:"));
		assert_int_equal(c.line, cases[i].line);
		free(line);
		complaint_free(&c);
	}
}

static void only_regular_files_are_read(void **state)
{
	struct scratch s = scratch_new();
	char *fifo = xasprintf("%s/fifo", s.path), *none = xasprintf("%s/none", s.path);
	char *link = xasprintf("%s/link", s.path), *big = xcalloc(70001, 1);
	struct complaint c = { 0 };

	(void)state;
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(conf_load(fifo, table, &c), -EINVAL);
	assert_int_equal(conf_load(none, table, &c), -ENOENT);
	assert_int_equal(conf_load(s.path, table, &c), -EISDIR);
	scratch_write(&s, "real", "slots = 9\n");
	assert_int_equal(symlink("real", link), 0);
	assert_int_equal(conf_load(link, table, &c), 0);
	assert_int_equal(values.slots, 9);
	memset(big, '\n', 70000);
	scratch_write(&s, "real", big);
	assert_int_equal(conf_load(link, table, &c), COMPLAINT);
	complaint_free(&c);
	free(big);
	free(fifo);
	free(none);
	free(link);
	scratch_free(&s);
}

static void the_command_line_sets_one(void **state)
{
	static const char *const bad[] = { "slots", "slots=", "slots=0", "slot=2",
					   "=",	    "",	      "beat=x",	 "quiet=x" };
	struct complaint c = { 0 };

	(void)state;
	assert_int_equal(conf_set("slots=8", table, &c), 0);
	assert_int_equal(values.slots, 8);
	assert_int_equal(conf_set("text=a = b", table, &c), 0);
	assert_string_equal(values.text, "a = b");
	assert_int_equal(conf_set("programs= a b ", table, &c), 0);
	assert_int_equal(values.programs.count, 2);
	assert_int_equal(conf_set("text=", table, &c), 0);
	assert_string_equal(values.text, "");
	assert_false(complaint_any(&c));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(conf_set(bad[i], table, &c), COMPLAINT);
		assert_string_equal(c.file, "command line");
		complaint_free(&c);
	}
	assert_int_equal(values.slots, 8);
}

static char *printed(void (*print)(FILE *))
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	print(out);
	fclose(out);
	return text;
}

static void print_sample(FILE *out)
{
	conf_print_sample(out, "spoold", table);
}

static void print_values(FILE *out)
{
	conf_print(out, table);
}

static void what_is_printed_can_be_loaded(void **state)
{
	struct complaint c = { 0 };
	char *first, *second;

	(void)state;
	assert_int_equal(conf_set("text=a \"b\" \\c $d ~ M\xc3\xbcller", table, &c), 0);
	assert_int_equal(conf_set("beat=90500ms", table, &c), 0);
	first = printed(print_values);
	assert_non_null(strstr(first, "beat = \"90500ms\"\n"));
	assert_non_null(strstr(first, "cache = \"64M\"\n"));
	assert_non_null(strstr(first, "quiet = \"no\"\n"));
	assert_non_null(strstr(first, "programs = {\"sh\", \"python3\"}\n"));
	conf_defaults(table);
	assert_int_equal(load(first, &c), 0);
	second = printed(print_values);
	assert_string_equal(first, second);
	free(first);
	free(second);
}

/* As it is, the sample changes nothing; with the # before its assignments removed it gives the
 * defaults. */
static void the_sample_has_the_defaults(void **state)
{
	struct complaint c = { 0 };
	char *sample = printed(print_sample), *before = printed(print_values), *after;

	(void)state;
	assert_non_null(
		strstr(sample,
		       "\n# Time between two beats.\n# It is a time (500ms, 90s, 15m, 2h, 1d, "
		       "HH:MM:SS) from 1s to 1h.\n#beat = \"5s\"\n"));
	assert_int_equal(load(sample, &c), 0);
	after = printed(print_values);
	assert_string_equal(before, after);
	free(after);
	for (char *p = sample; *p; p++)
		if (p[0] == '#' && p[1] >= 'a' && p[1] <= 'z')
			*p = ' ';
	values.slots = 9;
	values.cache = 1;
	strlist_add(&values.programs, "x");
	assert_int_equal(load(sample, &c), 0);
	after = printed(print_values);
	assert_string_equal(before, after);
	free(after);
	free(before);
	free(sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(defaults_are_set_and_set_again, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_changes_what_it_names, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_files_are_explained, setup, teardown),
		cmocka_unit_test_setup_teardown(only_regular_files_are_read, setup, teardown),
		cmocka_unit_test_setup_teardown(the_command_line_sets_one, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_printed_can_be_loaded, setup, teardown),
		cmocka_unit_test_setup_teardown(the_sample_has_the_defaults, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
