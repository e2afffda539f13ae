/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of lib/fields: a struct with every kind of member, there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cfgfile.h"
#include "fields.h"
#include "xalloc.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct thing {
	char *text;
	struct strlist list;
	int number;
	unsigned size;
	uint64_t count;
	int64_t stamp, seconds;
	double real;
	int own;
};

static int read_own(const struct cfgfile *section, void *record)
{
	struct thing *t = record;
	const char *word = cfgfile_item(section, "own", 0);

	if (!word || strlen(word) != 1)
		return -EBADMSG;
	t->own = (unsigned char)*word;
	return 0;
}

static void write_own(FILE *out, const void *record)
{
	const struct thing *t = record;
	char word[] = { (char)t->own, '\0' };

	cfgfile_write_word(out, "  ", "own", word);
}

static bool short_text(const char *text)
{
	return strlen(text) < 10;
}

#define AT(member) .offset = offsetof(struct thing, member)
static const struct field fields[] = { { "text", FIELD_TEXT, AT(text), .check = short_text },
				       { "list", FIELD_LIST, AT(list), .optional = true },
				       { "number", FIELD_INT, AT(number), .optional = true,
					 .min = -5, .max = 5, .none = -1 },
				       { "size", FIELD_UNSIGNED, AT(size) },
				       { "count", FIELD_COUNT, AT(count), .optional = true },
				       { "stamp", FIELD_STAMP, AT(stamp), .optional = true },
				       { "seconds", FIELD_SECONDS, AT(seconds), .optional = true },
				       { "real", FIELD_REAL, AT(real), .optional = true },
				       { "own", FIELD_OWN, .read = read_own, .write = write_own },
				       { 0 } };

static const struct field other_fields[] = { { "text", FIELD_TEXT, AT(text) }, { 0 } };

static const struct fields_section sections[] = { { "thing", fields },
						  { "other", other_fields },
						  { 0 } };

static void every_kind_comes_back(void **state)
{
	struct thing t = { .text = xstrdup("a \"b\""),
			   .number = -5,
			   .size = UINT32_MAX,
			   .count = INT64_MAX,
			   .stamp = INT64_C(1795168800123),
			   .seconds = 1,
			   .real = 0.4204,
			   .own = 'x' };
	struct thing back = { 0 };
	char *text;

	(void)state;
	strlist_add(&t.list, "one");
	strlist_add(&t.list, "");
	text = fields_write(&sections[0], &t);
	assert_int_equal(fields_read(text, strlen(text), sections, &back), 0);
	assert_string_equal(back.text, t.text);
	assert_int_equal(back.list.count, 2);
	assert_string_equal(back.list.items[1], "");
	assert_int_equal(back.number, -5);
	assert_int_equal(back.size, UINT32_MAX);
	assert_int_equal(back.count, INT64_MAX);
	assert_int_equal(back.stamp, t.stamp);
	assert_int_equal(back.seconds, 1);
	assert_true(fabs(back.real - 0.42) < 1e-9);
	assert_int_equal(back.own, 'x');
	/* Once more into the same struct: nothing is lost, nothing is there twice. */
	assert_int_equal(fields_read(text, strlen(text), sections, &back), 0);
	assert_int_equal(back.list.count, 2);
	free(text);
	fields_free(fields, &t);
	fields_free(fields, &back);
	assert_null(back.text);
	assert_int_equal(back.list.count, 0);
}

static void what_is_absent_is_left_out(void **state)
{
	struct thing t = { .text = xstrdup(""), .number = -1, .own = 'y', .real = NAN };
	struct thing back = { .number = 3, .count = 9 };
	char *text = fields_write(&sections[0], &t);

	(void)state;
	assert_string_equal(text, "thing {\n  text = \"\"\n  size = \"0\"\n  seconds = \"0\"\n"
				  "  real = \"0\"\n  own = \"y\"\n}\n");
	assert_int_equal(fields_read(text, strlen(text), sections, &back), 0);
	assert_string_equal(back.text, "");
	assert_int_equal(back.number, -1);
	assert_int_equal(back.count, 0);
	free(text);
	fields_free(fields, &t);
	fields_free(fields, &back);
}

static int read_text(const char *text)
{
	struct thing back = { 0 };
	int result = fields_read(text, strlen(text), sections, &back);

	fields_free(fields, &back);
	return result;
}

static void sections_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(read_text("thing {\n text = a\n size = 1\n own = x\n}\n"), 0);
	assert_int_equal(read_text("other {\n text = a\n}\n"), 1);
	assert_int_equal(read_text("third {\n text = a\n}\n"), -ENOENT);
	assert_int_equal(read_text(""), -ENOENT);
	assert_int_equal(read_text("other {\n text = a\n}\nother {\n text = a\n}\n"), -EBADMSG);
}

static void what_does_not_fit_is_refused(void **state)
{
	static const char *const bad[] = {
		"size = 1\n own = x",
		"text = a\n own = x",
		"text = a\n size = 1",
		"text = 0123456789\n size = 1\n own = x",
		"text = a\n size = -1\n own = x",
		"text = a\n size = 4294967296\n own = x",
		"text = a\n size = 1\n own = xy",
		"text = a\n size = 1\n own = x\n number = 6",
		"text = a\n size = 1\n own = x\n real = -1",
		"text = a\n size = 1\n own = x\n real = nan",
		"text = a\n size = 1\n own = x\n stamp = now",
		"text = a\n size = 1\n own = x\n seconds = 1h",
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "thing {\n %s\n}\n", bad[i]);
		if (read_text(text) != -EBADMSG)
			fail_msg("accepted: %s", text);
	}
}

static void states_are_capitals(void **state)
{
	(void)state;
	assert_true(fields_state_word("OUT_OF_MEMORY"));
	assert_false(fields_state_word(""));
	assert_false(fields_state_word("Done"));
	assert_false(fields_state_word("ABCDEFGHIJKLMNOPQRSTU"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_comes_back),
		cmocka_unit_test(what_is_absent_is_left_out),
		cmocka_unit_test(sections_are_told_apart),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(states_are_capitals),
	};

	return cmocka_run_group_tests_name("fields", tests, NULL, NULL);
}
