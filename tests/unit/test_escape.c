/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of lib/escape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "escape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct example {
	const char *raw, *text, *field;
};

static const struct example examples[] = {
	{ "", "", "-" },
	{ "-", "-", "\\x2d" },
	{ "--", "--", "--" },
	{ "sim", "sim", "sim" },
	{ "a b=c", "a b=c", "a\\x20b\\x3dc" },
	{ "C:\\new", "C:\\\\new", "C:\\\\new" },
	{ "\x1b[2J", "\\x1b[2J", "\\x1b[2J" },
	{ "a\nb\r\t", "a\\x0ab\\x0d\\x09", "a\\x0ab\\x0d\\x09" },
	{ "\x7f", "\\x7f", "\\x7f" },
	{ "Gr\xc3\xb6\xc3\x9f"
	  "e",
	  "Gr\xc3\xb6\xc3\x9f"
	  "e",
	  "Gr\xc3\xb6\xc3\x9f"
	  "e" },
	{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
	{ "\xc2\x85", "\\xc2\\x85", "\\xc2\\x85" }, /* C1: next line */
	{ "\xd8\x9c", "\\xd8\\x9c", "\\xd8\\x9c" }, /* U+061C */
	{ "\xe2\x80\xae"
	  "fdp.exe",
	  "\\xe2\\x80\\xaefdp.exe", "\\xe2\\x80\\xaefdp.exe" },
	{ "\xe2\x81\xa9", "\\xe2\\x81\\xa9", "\\xe2\\x81\\xa9" }, /* U+2069 */
	{ "\xe2\x80\xa8", "\\xe2\\x80\\xa8", "\\xe2\\x80\\xa8" }, /* U+2028 */
	{ "\xe2\x80\xa7", "\xe2\x80\xa7", "\xe2\x80\xa7" },	  /* U+2027 is harmless */
	{ "\xef\xbb\xbf", "\\xef\\xbb\\xbf", "\\xef\\xbb\\xbf" },
	{ "\xff", "\\xff", "\\xff" },
	{ "\xc3", "\\xc3", "\\xc3" },		    /* cut off */
	{ "\xc0\xaf", "\\xc0\\xaf", "\\xc0\\xaf" }, /* overlong */
	{ "\xe0\x80\x80", "\\xe0\\x80\\x80", "\\xe0\\x80\\x80" },
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80" }, /* surrogate */
	{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\xf4\\x90\\x80\\x80" },
	{ "\xe2\x28\xa1", "\\xe2(\\xa1", "\\xe2(\\xa1" },
};

static void harmful_bytes_are_escaped(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		char *text = escape_text(examples[i].raw, ESCAPE_TEXT);
		char *field = escape_text(examples[i].raw, ESCAPE_FIELD);

		assert_string_equal(text, examples[i].text);
		assert_string_equal(field, examples[i].field);
		free(text);
		free(field);
	}
}

static void fields_come_back_as_they_were(void **state)
{
	char raw[4], *field, *back;

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		back = unescape_text(examples[i].field);
		assert_non_null(back);
		assert_string_equal(back, examples[i].raw);
		free(back);
	}
	for (unsigned a = 1; a < 256; a++) {
		for (unsigned b = 1; b < 256; b += 3) {
			snprintf(raw, sizeof(raw), "%c%c", (int)a, (int)b);
			field = escape_text(raw, ESCAPE_FIELD);
			assert_null(strpbrk(field, " =\n\t"));
			back = unescape_text(field);
			assert_string_equal(back, raw);
			free(field);
			free(back);
		}
	}
}

static void bad_escapes_are_refused(void **state)
{
	static const char *const wrong[] = { "\\",    "a\\",   "\\n",	"\\x",	  "\\x1",
					     "\\xg0", "\\x0g", "\\x00", "ab\\x0", "\\X41" };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_null(unescape_text(wrong[i]));
}

static void unescape_works_where_it_stands(void **state)
{
	char text[] = "a\\x20b\\\\", dash[] = "-", wrong[] = "\\q";

	(void)state;
	assert_true(unescape_in_place(text));
	assert_string_equal(text, "a b\\");
	assert_true(unescape_in_place(dash));
	assert_string_equal(dash, "");
	assert_false(unescape_in_place(wrong));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(harmful_bytes_are_escaped),
		cmocka_unit_test(fields_come_back_as_they_were),
		cmocka_unit_test(bad_escapes_are_refused),
		cmocka_unit_test(unescape_works_where_it_stands),
	};

	return cmocka_run_group_tests_name("escape", tests, NULL, NULL);
}
