/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_cfgfile - what is read, by the screen and libconfuse behind it, and what a record gives
 * back; what is refused: test_screen. Touches the environment (one variable that must not show up)
 * and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cfgfile.h"
#include "complaint.h"
#include "xalloc.h"

static const struct cfgfile_key inner[] = {
	{ "path", CFGFILE_WORD, NULL },
	{ "list", CFGFILE_LIST, NULL },
	{ NULL, CFGFILE_WORD, NULL },
};

static const struct cfgfile_key keys[] = {
	{ "ttl", CFGFILE_WORD, NULL },	      { "data", CFGFILE_WORD, NULL },
	{ "arguments", CFGFILE_LIST, NULL },  { "block", CFGFILE_SECTION, inner },
	{ "program", CFGFILE_TITLED, inner }, { "tasks", CFGFILE_LATER, NULL },
	{ NULL, CFGFILE_WORD, NULL },
};

static struct cfgfile *parse(const char *text, size_t len, enum cfgfile_source source)
{
	struct complaint c = { 0 };
	struct cfgfile *f = cfgfile_parse("test.conf", text, len, keys, source, &c);

	if (!f) {
		char *line = complaint_line(&c);

		print_error("%s\n", line);
		free(line);
	}
	complaint_free(&c);
	assert_non_null(f);
	return f;
}

static struct cfgfile *person(const char *text)
{
	return parse(text, strlen(text), CFGFILE_PERSON);
}

static void values_are_read_with_their_lines(void **state)
{
	struct cfgfile *f = person("# a comment\n"
				   "ttl = 2h   data = \"a b\"	# another\n"
				   "\n"
				   "/* over\n"
				   "   two lines */ arguments = {--n, # behind an item\n"
				   "  \"2 0\", 'it\\'s', "
				   "// no more\n"
				   "}\n");

	(void)state;
	assert_string_equal(cfgfile_word(f, "ttl"), "2h");
	assert_string_equal(cfgfile_word(f, "data"), "a b");
	assert_int_equal(cfgfile_line(f, "ttl"), 2);
	assert_int_equal(cfgfile_line(f, "data"), 2);
	assert_int_equal(cfgfile_line(f, "arguments"), 5);
	assert_int_equal(cfgfile_count(f, "arguments"), 3);
	assert_string_equal(cfgfile_item(f, "arguments", 0), "--n");
	assert_string_equal(cfgfile_item(f, "arguments", 1), "2 0");
	assert_string_equal(cfgfile_item(f, "arguments", 2), "it's");
	assert_null(cfgfile_item(f, "arguments", 3));
	assert_false(cfgfile_has(f, "tasks"));
	assert_int_equal(cfgfile_line(f, "tasks"), 0);
	assert_null(cfgfile_word(f, "nothing"));
	assert_int_equal(cfgfile_count(f, "block"), 0);
	cfgfile_free(f);
}

static void values_keep_every_byte(void **state)
{
	static const struct {
		const char *text, *value;
	} cases[] = {
		{ "data = d.csv", "d.csv" },
		{ "data=d.csv", "d.csv" },
		{ "Data = d.csv", "d.csv" },
		{ "DATA = d.csv\r\n", "d.csv" },
		{ "\xef\xbb\xbf"
		  "data = d.csv\r\n",
		  "d.csv" },
		{ "data = a+b*c.csv", "a+b*c.csv" },
		{ "data = http://host/x", "http://host/x" },
		{ "data = sub\\new.csv", "sub\\new.csv" },
		{ "data = me@example.org", "me@example.org" },
		{ "data = \"\"", "" },
		{ "data = ''", "" },
		{ "data = \"a#b "
		  "// c /* d\"",
		  "a#b "
		  "// c /* d" },
		{ "data = \"say \\\"hi\\\" \\\\ there\"", "say \"hi\" \\ there" },
		{ "data = 'C:\\new\\x'", "C:\\new\\x" },
		{ "data = '\"'", "\"" },
		{ "data = \"$HOME\"", "$HOME" },
		{ "data = $HOME", "$HOME" },
		{ "data = ~", "~" },
		{ "data = \"M\xc3\xbcller\"", "M\xc3\xbcller" },
		{ "data = M\xc3\xbcller", "M\xc3\xbcller" },
		{ "data = {x", NULL },
	};

	(void)state;
	setenv("HOME", "/must/not/appear", 1);
	for (size_t i = 0; cases[i].value; i++) {
		struct cfgfile *f = person(cases[i].text);

		assert_string_equal(cfgfile_word(f, "data"), cases[i].value);
		cfgfile_free(f);
	}
}

static void lists_take_one_or_many(void **state)
{
	static const struct {
		const char *text;
		size_t count;
	} cases[] = {
		{ "arguments = {}", 0 },    { "arguments = { }\n", 0 },
		{ "arguments = a", 1 },	    { "arguments = \"a b\"", 1 },
		{ "arguments = {a}", 1 },   { "arguments = {a,}", 1 },
		{ "arguments = {a,b}", 2 }, { "arguments = {\n\"a\"\n,\n\"b\"\n,\n}\nttl = 1", 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cfgfile *f = person(cases[i].text);

		assert_true(cfgfile_has(f, "arguments"));
		assert_int_equal(cfgfile_count(f, "arguments"), cases[i].count);
		cfgfile_free(f);
	}
}

static void nothing_is_a_good_text(void **state)
{
	static const char *const texts[] = { "", "\n", "# only this", "\xef\xbb\xbf",
					     "/* */ /* */" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct cfgfile *f = person(texts[i]);

		assert_false(cfgfile_has(f, "ttl"));
		cfgfile_free(f);
	}
}

static void sections_come_with_titles_and_lines(void **state)
{
	struct cfgfile *f = person("block { path = a }\n"
				   "program linux-x86_64 {\n"
				   "  path = \"bin/x\" list = {1, 2}\n"
				   "}\n"
				   "block\n"
				   "{ }\n"
				   "program \"b c\" { list = 3\n"
				   "path = y }\n");
	const struct cfgfile *s;

	(void)state;
	assert_int_equal(cfgfile_sections(f, "block"), 2);
	assert_int_equal(cfgfile_sections(f, "program"), 2);
	assert_int_equal(cfgfile_sections(f, "ttl"), 0);
	s = cfgfile_section(f, "block", 0);
	assert_string_equal(cfgfile_word(s, "path"), "a");
	assert_null(cfgfile_title(s));
	s = cfgfile_section(f, "block", 1);
	assert_false(cfgfile_has(s, "path"));
	assert_int_equal(cfgfile_start(s), 5);
	s = cfgfile_section(f, "program", 0);
	assert_string_equal(cfgfile_title(s), "linux-x86_64");
	assert_int_equal(cfgfile_start(s), 2);
	assert_int_equal(cfgfile_line(s, "list"), 3);
	assert_string_equal(cfgfile_item(s, "list", 1), "2");
	s = cfgfile_section(f, "program", 1);
	assert_string_equal(cfgfile_title(s), "b c");
	assert_int_equal(cfgfile_line(s, "path"), 8);
	assert_string_equal(cfgfile_word(s, "path"), "y");
	assert_null(cfgfile_section(f, "program", 2));
	assert_null(cfgfile_section(f, "ttl", 0));
	cfgfile_free(f);
}

/* libconfuse keeps the state of its reader from one text to the next: nothing of it may show. */
static void a_bad_text_does_not_spoil_the_next(void **state)
{
	static const char *const bad[] = { "data = \"abc", "program x {}\nprogram x {}", "/* x",
					   "arguments = {" };

	(void)state;
	for (size_t i = 0; i < 4 * sizeof(bad) / sizeof(*bad); i++) {
		struct complaint c = { 0 };
		const char *text = bad[i % 4];
		struct cfgfile *f = person("data = first"), *g;

		assert_null(cfgfile_parse("x", text, strlen(text), keys, CFGFILE_PERSON, &c));
		complaint_free(&c);
		g = person("data = \"second one\"");
		assert_string_equal(cfgfile_word(g, "data"), "second one");
		assert_string_equal(cfgfile_word(f, "data"), "first");
		cfgfile_free(f);
		assert_string_equal(cfgfile_word(g, "data"), "second one");
		cfgfile_free(g);
	}
	cfgfile_free(NULL);
}

/* -- records ------------------------------------------------------------------------------------
 */

static void records_give_back_every_byte(void **state)
{
	char every[256], *items[] = { every, (char *)"", (char *)"${HOME}", (char *)"a\"b\\c'd",
				      (char *)"x y, {z}" };
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct cfgfile *f;

	(void)state;
	for (int i = 0; i < 255; i++)
		every[i] = (char)(i + 1);
	every[255] = '\0';
	fputs("block {\n", out);
	cfgfile_write_list(out, "  ", "list", items, 5);
	cfgfile_write_word(out, "  ", "path", every);
	fputs("}\n", out);
	cfgfile_write_word(out, "", "data", "M\xc3\xbcller\n");
	cfgfile_write_list(out, "", "arguments", NULL, 0);
	fclose(out);
	assert_non_null(strstr(text, "data = \"M\xc3\xbcller\\x0a\"\n"));
	f = parse(text, len, CFGFILE_RECORD);
	assert_string_equal(cfgfile_word(f, "data"), "M\xc3\xbcller\n");
	assert_true(cfgfile_has(f, "arguments"));
	assert_int_equal(cfgfile_count(f, "arguments"), 0);
	assert_string_equal(cfgfile_word(cfgfile_section(f, "block", 0), "path"), every);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(cfgfile_item(cfgfile_section(f, "block", 0), "list", i),
				    items[i]);
	cfgfile_free(f);
	free(text);
}

static void records_of_a_newer_version_are_read(void **state)
{
	static const char text[] = "new = \"1\"\n"
				   "ttl = \"5\"\n"
				   "newer = {\"a\", \"b\"}\n"
				   "newest {\n  x = \"}\"\n  y = {\"{\"}\n}\n"
				   "named \"x\" { z = \"1\" }\n"
				   "tasks = \"9\"\n"
				   "block {\n  other = {}\n  path = \"p\"\n  Path = \"q\"\n}\n"
				   "# sum 00\n";
	struct cfgfile *f = parse(text, strlen(text), CFGFILE_RECORD);

	(void)state;
	assert_string_equal(cfgfile_word(f, "ttl"), "5");
	assert_int_equal(cfgfile_line(f, "ttl"), 2);
	assert_false(cfgfile_has(f, "tasks"));
	assert_string_equal(cfgfile_word(cfgfile_section(f, "block", 0), "path"), "p");
	assert_int_equal(cfgfile_line(cfgfile_section(f, "block", 0), "path"), 12);
	cfgfile_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read_with_their_lines),
		cmocka_unit_test(values_keep_every_byte),
		cmocka_unit_test(lists_take_one_or_many),
		cmocka_unit_test(nothing_is_a_good_text),
		cmocka_unit_test(sections_come_with_titles_and_lines),
		cmocka_unit_test(a_bad_text_does_not_spoil_the_next),
		cmocka_unit_test(records_give_back_every_byte),
		cmocka_unit_test(records_of_a_newer_version_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
