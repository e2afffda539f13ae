/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_screen - what the screen refuses: at which line, and with words that help. Touches nothing.
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

struct bad {
	const char *text;
	int line;
	const char *says; /* part of the whole complaint */
};

static void check_good(const char *text)
{
	struct complaint c = { 0 };
	struct cfgfile *f = cfgfile_parse("test.conf", text, strlen(text), keys, CFGFILE_PERSON,
					  &c);

	assert_non_null(f);
	assert_false(complaint_any(&c));
	cfgfile_free(f);
}

static void check_bad(const struct bad *b, size_t len, enum cfgfile_source source)
{
	struct complaint c = { 0 };
	struct cfgfile *f = cfgfile_parse("test.conf", b->text, len, keys, source, &c);
	char *line;

	if (f)
		fail_msg("accepted: %s", b->text);
	assert_true(complaint_any(&c));
	line = complaint_line(&c);
	if (!strstr(line, b->says))
		fail_msg("\"%s\" gives: %s", b->text, line);
	if (c.line != b->line)
		fail_msg("\"%s\" is told at line %d: %s", b->text, c.line, line);
	assert_true(*c.found && *c.expected && *c.remedy);
	free(line);
	complaint_free(&c);
}

static const struct bad bad_keys[] = {
	{ "\ntll = 2h", 2, "did you mean \"ttl\"?" },
	{ "bogus = 1", 1, "one of the keys ttl, data, arguments, block, program;" },
	{ "task = 1", 1, "unknown key \"task\"" },
	{ "\n\ntasks = {0-9}", 3, "\"tasks\", which is not supported by this version" },
	{ "ttl = 1\nTTL = 2", 2, "\"ttl\" for the second time" },
	{ "block { path = a path = b }", 1, "\"path\" for the second time" },
	{ "program x { }\nprogram x { }", 2, "two sections of one name" },
	{ "block {\n pth = a }", 2, "in the section block" },
	{ "ttl: 2h", 1, "write \"ttl = ...\" instead of \"ttl: ...\"" },
	{ "ttl : 2h", 1, "no = behind \"ttl\"" },
	{ "[job]\nttl = 1", 1, "no [headings]" },
	{ "\"ttl\" = 1", 1, "write the key without quotes" },
	{ "include(\"x\")", 1, "there are no functions" },
	{ "data = f(\"x\")", 1, "\"(\" behind the value of \"data\"" },
	{ "data = (x)", 1, "\"(\" in the value of \"data\"" },
	{ "= 5", 1, "where a key should be" },
	{ ",", 1, "where a key should be" },
	{ "}", 1, "closes nothing" },
	{ "ttl = 1\n}\n", 2, "closes nothing" },
	{ "a|b = 1", 1, "unknown key" },
};

static const struct bad bad_values[] = {
	{ "ttl = 1\ndata =\nttl2 = 3", 2, "no value of \"data\"" },
	{ "data = # here\n", 1, "no value of \"data\"" },
	{ "data =", 1, "no value of \"data\"" },
	{ "data\n= x", 1, "no = behind \"data\"" },
	{ "data", 1, "no = behind \"data\"" },
	{ "ttl 5", 1, "no = behind \"ttl\"" },
	{ "data += x", 1, "\"data +=\"" },
	{ "arguments += {x}", 1, "\"arguments +=\"" },
	{ "data = a b.csv", 1, "put the whole value in \"quotes\"" },
	{ "data = N=20", 1, "\"=\" behind the value of \"data\"" },
	{ "data = x, y", 1, "\",\" behind the value of \"data\"" },
	{ "data = {x}", 1, "a list as the value of \"data\"" },
	{ "ttl = { path = a }", 1, "a list as the value of \"ttl\"" },
	{ "ttl { }", 1, "no = behind \"ttl\"" },
	{ "ttl = 5;", 1, "semicolon" },
	{ "data = \"x\";", 1, "semicolon" },
	{ "data = a#b", 1, "a # directly behind a word" },
};

static const struct bad bad_lists[] = {
	{ "arguments = --n 20 30", 1, "write arguments = {\"first\", \"second\"}" },
	{ "arguments = a, b", 1, "a list in braces" },
	{ "arguments = gcc >= 12", 1, "a list in braces" },
	{ "arguments = {a b}", 1, "a comma between two values" },
	{ "arguments = {a,,b}", 1, "an empty item" },
	{ "arguments = {,}", 1, "an empty item" },
	{ "arguments = {a, {b}}", 1, "a list inside the list" },
	{ "arguments = {a {b}}", 1, "a list inside the list" },
	{ "\narguments = {a,\nb\n", 2, "the { of \"arguments\" is not closed" },
	{ "arguments = {a,\nb\nttl = 5", 1, "the { of \"arguments\" is not closed" },
	{ "arguments = {a} b\n", 1, "behind the list" },
	{ "arguments = {a (b)}", 1, "in the list" },
};

static const struct bad bad_quotes_comments[] = {
	{ "ttl = 1\ndata = \"abc\nx\"", 2, "not closed on its line" },
	{ "data = \"abc", 1, "not closed on its line" },
	{ "data = 'abc", 1, "not closed on its line" },
	{ "data = 'abc\\'", 1, "not closed on its line" },
	{ "data = \"", 1, "not closed on its line" },
	{ "data = \"abc\\", 1, "not closed on its line" },
	{ "data = \"abc\\\nx\"", 1, "not closed on its line" },
	{ "data = \"say \"hi\"\"", 1, "directly behind a closing quote" },
	{ "data = a\"b\"", 1, "in the middle of a word" },
	{ "data = o'brien", 1, "in the middle of a word" },
	{ "ttl = 1\n\n/* x\n\n", 3, "a comment /* that is never closed" },
	{ "/*", 1, "never closed" },
	{ "/*/", 1, "never closed" },
	{ "data = \"a\\n\"", 1, "the escape \\n" },
	{ "data = \"\\x41\"", 1, "the escape \\x" },
	{ "data = \"\\101\"", 1, "the escape \\1" },
	{ "data = “x”", 1, "straight quotes" },
	{ "data = «x»", 1, "straight quotes" },
	{ "data =\xc2\xa0x", 1, "ordinary blanks" },
};

static const struct bad bad_variables[] = {
	{ "data = \"${HOME}\"", 1, "variables are not replaced" },
	{ "data = '${HOME}'", 1, "variables are not replaced" },
	{ "data = ${HOME}", 1, "variables are not replaced" },
	{ "data = x${HOME}", 1, "variables are not replaced" },
	{ "${HOME} = x", 1, "variables are not replaced" },
	{ "data = \"${", 1, "variables are not replaced" },
};

static const struct bad bad_bytes[] = {
	{ "ttl = 1\ndata = \"f\xfcr\"", 2,
	  "the byte 0xfc, which is no UTF-8 (byte 10 of the line)" },
	{ "ttl = 1\n\n# \x07", 3, "the control character 0x07 (byte 3 of the line)" },
	{ "ttl = 1\rdata = x\r", 1, "a lone carriage return" },
	{ "data = \"a\xe2\x80\xae\"", 1, "an invisible control character" },
	{ "data = \"\xc2\x85\"", 1, "an invisible control character" },
	{ "\xef\xbb\xbf\xef\xbb\xbf", 1, "an invisible control character" },
	{ "\xed\xa0\x80", 1, "no UTF-8" },
	{ "\x7f"
	  "ELF",
	  1, "the control character 0x7f" },
};

static const struct bad bad_sections[] = {
	{ "block { path = a\n", 1, "the { of \"block\" is not closed" },
	{ "block = a", 1, "\"block\" without its {" },
	{ "block x { }", 1, "\"block\" without its {" },
	{ "program { }", 1, "\"program\" without its {" },
	{ "program x y { }", 1, "\"program\" without its {" },
	{ "program", 1, "\"program\" without its {" },
	{ "block { block { } }", 1, "unknown key \"block\"" },
	{ "block { { } }", 1, "where a key should be" },
};

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static void check_table(const struct bad *table, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_bad(&table[i], strlen(table[i].text), CFGFILE_PERSON);
}

static void bad_texts_are_explained(void **state)
{
	(void)state;
	check_table(bad_keys, COUNT(bad_keys));
	check_table(bad_values, COUNT(bad_values));
	check_table(bad_lists, COUNT(bad_lists));
	check_table(bad_quotes_comments, COUNT(bad_quotes_comments));
	check_table(bad_variables, COUNT(bad_variables));
	check_table(bad_bytes, COUNT(bad_bytes));
	check_table(bad_sections, COUNT(bad_sections));
}

static void zero_bytes_are_found(void **state)
{
	static const struct bad binary = { "ttl = 1\nda\0ta = x", 2,
					   "a zero byte (byte 3 of the line)" };
	static const struct bad utf16 = { "\xff\xfe"
					  "t\0t\0l\0",
					  1, "UTF-16" };

	(void)state;
	check_bad(&binary, 18, CFGFILE_PERSON);
	check_bad(&binary, 18, CFGFILE_RECORD);
	check_bad(&utf16, 8, CFGFILE_PERSON);
}

/* A text of head, count times fill, tail. */
static char *long_text(const char *head, char fill, size_t count, const char *tail)
{
	char *text = xcalloc(strlen(head) + count + strlen(tail) + 1, 1);

	memcpy(text, head, strlen(head));
	memset(text + strlen(head), fill, count);
	memcpy(text + strlen(head) + count, tail, strlen(tail));
	return text;
}

static void limits_hold(void **state)
{
	static const struct {
		const char *head;
		char fill;
		size_t count;
		const char *tail, *says; /* NULL: is accepted */
	} cases[] = {
		{ "data = ", 'x', CFGFILE_MAX_TOKEN, "\n", NULL },
		{ "data = ", 'x', CFGFILE_MAX_TOKEN + 1, "\n", "a word of 4097 bytes" },
		{ "data = \"", 'x', CFGFILE_MAX_TOKEN - 2, "\"", NULL },
		{ "data = \"", 'x', CFGFILE_MAX_TOKEN - 1, "\"", "a word of 4097 bytes" },
		{ "# ", '#', CFGFILE_MAX_BYTES - 3, "\n", NULL },
		{ "# ", '#', CFGFILE_MAX_BYTES - 2, "\n", "a file of 65537 bytes" },
		{ "/*", '*', 60000, "/ ttl = 1", NULL },
		{ "ttl = 1", ' ', 60000, "", NULL },
		{ "ttl = 1", '\n', 60000, "", NULL },
		{ "block ", '{', 60000, "", "where a key should be" },
		{ "", '{', 60000, "", "where a key should be" },
		{ "", '}', 60000, "", "closes nothing" },
		{ "arguments = ", '{', 60000, "", "a list inside" },
		{ "data = \"", '\\', 60000, "\"", "a word of" },
		{ "", 'x', 60000, " = 1", "a word of 60000 bytes" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text = long_text(cases[i].head, cases[i].fill, cases[i].count, cases[i].tail);
		struct bad b = { text, strstr(cases[i].head, "# ") ? 0 : 1, cases[i].says };

		if (cases[i].says)
			check_bad(&b, strlen(text), CFGFILE_PERSON);
		else
			check_good(text);
		free(text);
	}
}

static void too_many_sections_are_refused(void **state)
{
	char *text = xcalloc(1000, 10);
	struct bad b = { text, 1, "more than 512 sections" };

	(void)state;
	for (size_t i = 0; i < 600; i++)
		memcpy(text + 8 * i, "block {}", 8);
	check_bad(&b, strlen(text), CFGFILE_PERSON);
	text[512 * 8] = '\0';
	check_good(text);
	free(text);
}

static void damaged_records_are_refused(void **state)
{
	static const struct bad cases[] = {
		{ "data = \"\\x00\"", 1, "escape" },
		{ "data = \"\\x4\"", 1, "escape" },
		{ "data = \"\\n\"", 1, "escape" },
		{ "data = \"${HOME}\"", 1, "variables" },
		{ "block { path = \"a\"", 1, "not closed" },
		{ "new { x = {\"a\"", 1, "an unknown section that does not end" },
		{ "new { {{{{{{{{{{{{ }", 1, "an unknown section that does not end" },
		{ "new = ", 1, "no value" },
		{ "new", 1, "an unknown section that does not end" },
		{ "ttl = \"1\"\nttl = \"1\"", 2, "for the second time" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check_bad(&cases[i], strlen(cases[i].text), CFGFILE_RECORD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_texts_are_explained),
		cmocka_unit_test(zero_bytes_are_found),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(too_many_sections_are_refused),
		cmocka_unit_test(damaged_records_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
