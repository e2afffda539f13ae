/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_complaint - the five parts, the first one that wins, the line and the page. Touches nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "complaint.h"
#include "xalloc.h"

static void fill(struct complaint *c, int line)
{
	assert_int_equal(complain(c, "job.conf", line, xstrdup("unknown key \"tll\""),
				  xstrdup("a known key"), xstrdup("did you mean \"ttl\"?")),
			 COMPLAINT);
}

static void the_first_complaint_wins(void **state)
{
	struct complaint c = { 0 };

	(void)state;
	assert_false(complaint_any(&c));
	fill(&c, 3);
	assert_true(complaint_any(&c));
	assert_int_equal(complain(&c, "other", 9, xstrdup("a"), xstrdup("b"), xstrdup("c")),
			 COMPLAINT);
	assert_string_equal(c.file, "job.conf");
	assert_int_equal(c.line, 3);
	assert_string_equal(c.found, "unknown key \"tll\"");
	complaint_free(&c);
	assert_false(complaint_any(&c));
	complaint_free(&c);
	fill(&c, 4);
	assert_int_equal(c.line, 4);
	complaint_free(&c);
}

static void a_line_says_all(void **state)
{
	struct complaint c = { 0 };
	char *line;

	(void)state;
	fill(&c, 3);
	line = complaint_line(&c);
	assert_string_equal(
		line,
		"job.conf:3: unknown key \"tll\"; expected a known key; did you mean \"ttl\"?");
	free(line);
	complaint_free(&c);
	fill(&c, 0);
	line = complaint_line(&c);
	assert_string_equal(
		line, "job.conf: unknown key \"tll\"; expected a known key; did you mean \"ttl\"?");
	free(line);
	complaint_free(&c);
	line = complaint_line(&c);
	assert_string_equal(line, "");
	free(line);
}

static void a_page_has_the_five_parts(void **state)
{
	static const char *const parts[] = {
		"\"my sim\"",
		"\nFile: job.conf\n",
		"\nLine: 3\n",
		"\nFound: unknown key \"tll\"\n",
		"\nExpected: a known key\n",
		"\nWhat to do: did you mean \"ttl\"?\n",
		"nothing was deleted",
	};
	struct complaint c = { 0 };
	char *page;

	(void)state;
	fill(&c, 3);
	page = complaint_page(&c, "my sim");
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (!strstr(page, parts[i]))
			fail_msg("the page lacks: %s", parts[i]);
	free(page);
	complaint_free(&c);
}

static void control_characters_do_no_harm(void **state)
{
	struct complaint c = { 0 };
	char *line, *page;

	(void)state;
	complain(&c, "a\nb", 1, xstrdup("x\033[2Jy"), xstrdup("\r\n"), NULL);
	line = complaint_line(&c);
	assert_null(strpbrk(line, "\n\r\033"));
	page = complaint_page(&c, "n\n\007");
	assert_null(strpbrk(page, "\r\033\007"));
	free(line);
	free(page);
	complaint_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_complaint_wins),
		cmocka_unit_test(a_line_says_all),
		cmocka_unit_test(a_page_has_the_five_parts),
		cmocka_unit_test(control_characters_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
