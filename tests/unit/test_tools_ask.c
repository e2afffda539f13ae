/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of tools/ask: answers that come late, and names that are not asked for too early. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../tools/ask.h"
#include "newshare.h"
#include "stumbles.h"

static struct newshare s;

static void answer(const char *name, const char *text)
{
	char *path = xasprintf("spool/replies/%s", name);

	scratch_write(&s.root, path, text);
	free(path);
	strlist_free(&opened); /* that was not the ask */
}

/* On a network a name that is opened too early is taken for missing for half a minute. */
static void only_what_is_listed_is_opened(void **state)
{
	static const char *const names[] = { "rm-7.aa", "admit.bb", "cancel-3.cc", "rm-8.dd" };
	struct ask asks[4];

	(void)state;
	s.sp.kind = SAFEFS_NFS;
	for (int i = 0; i < 4; i++)
		ask_expect(&asks[i], names[i]);
	assert_int_equal(ask_look(&s.sp, asks, 4), 4);
	answer("admit.bb", "ok 12 twelve\n");
	answer("rm-8.dd", "failed 0 no such job\n");
	answer("of-another.ee", "ok 1 one\n");
	assert_int_equal(ask_look(&s.sp, asks, 4), 2);
	assert_int_equal(times_in(&opened, "admit.bb"), 1);
	assert_int_equal(times_in(&opened, "rm-7.aa"), 0);
	assert_int_equal(times_in(&opened, "of-another.ee"), 0);
	assert_true(asks[1].answered && asks[1].ok && asks[1].number == 12);
	assert_string_equal(asks[1].text, "twelve");
	assert_true(asks[3].answered && !asks[3].ok);
	assert_false(asks[0].answered || asks[2].answered);
	answer("rm-7.aa", "ok 7 removed\n");
	answer("cancel-3.cc", "ok 3 cancelled\n");
	assert_int_equal(ask_look(&s.sp, asks, 4), 0);
	assert_int_equal(times_in(&opened, "admit.bb"), 0);
	for (int i = 0; i < 4; i++)
		ask_free(&asks[i]);
}

static void answer_after_three_seconds(void)
{
	static bool answered;

	if (slept > 3000 && !answered) {
		answered = true;
		answer("admit.ff", "ok 5 five\n");
	}
}

static void an_answer_is_waited_for(void **state)
{
	struct ask a;

	(void)state;
	s.sp.kind = SAFEFS_SMB;
	slept = 0;
	scratch_write(&s.root, "spool/coordinator", "");
	ask_expect(&a, "admit.ff");
	while_asleep = answer_after_three_seconds;
	assert_int_equal(ask_wait(&s.sp, &a, 1), 0);
	assert_true(a.number == 5 && slept < 4000);
	ask_free(&a);
}

static int is_closed(const char *name)
{
	return strcmp(name, "requests") == 0 ? EACCES : 0;
}

static void closed_requests_are_an_error(void **state)
{
	char *why = NULL;
	struct ask a;

	(void)state;
	spool_close(&s.sp);
	assert_int_equal(spool_open_lazily(s.root.path, &s.sp, &why), 0);
	open_answer = is_closed;
	assert_int_equal(ask_send(&s.sp, "cancel", "1", NULL, &a), -EACCES);
	open_answer = NULL;
	assert_int_equal(ask_send(&s.sp, "cancel", "1", "enough", &a), 0);
	ask_free(&a);
}

static int new_share(void **state)
{
	(void)state;
	s = newshare_new();
	strlist_free(&opened);
	return 0;
}

static int end_share(void **state)
{
	(void)state;
	stumbles_end();
	newshare_free(&s);
	stumbles_end();
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_share, end_share)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_what_is_listed_is_opened),
		TEST(an_answer_is_waited_for),
		TEST(closed_requests_are_an_error),
	};

	alarm(60); /* what blocks fails */
	return cmocka_run_group_tests_name("tools_ask", tests, NULL, NULL);
}
