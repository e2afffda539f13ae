/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of tools/alive: does a coordinator look after the share? What is in spool/coordinator
 * here no parser would take: on a network that must not matter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../tools/alive.h"
#include "newshare.h"
#include "stumbles.h"

#include "record.h"

static struct newshare s;

/* As the coordinator replaces it every 5 s, at the time that it is in this test. */
static void replace(const char *text, size_t len)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };

	clock_gettime(CLOCK_REALTIME, &times[1]);
	assert_int_equal(safefs_replace(s.sp.fd, SPOOL_COORDINATOR, text, len, 0644, false), 0);
	assert_int_equal(utimensat(s.sp.fd, SPOOL_COORDINATOR, times, 0), 0);
}

static void beat(void)
{
	replace("no record", 9);
}

/* A record of a process of this host that is no more. */
static void beat_of_the_dead(void)
{
	char host[256] = "";
	char *block, *text;
	size_t len;

	gethostname(host, sizeof(host) - 1);
	block = xasprintf("coordinator {\n  host = \"%s\"\n  pid = \"%d\"\n  counter = \"1\"\n}\n",
			  host, INT32_MAX);
	text = record_append("", 0, "spool-coordinator 1", block, &len);
	replace(text, len);
	free(text);
	free(block);
}

/* Asks every 100 ms until it is gone or the time is over. Returns ms. */
static int64_t gone_after(enum safefs_kind kind, int64_t most)
{
	int64_t began = slept;
	struct alive a;

	s.sp.kind = kind;
	alive_begin(&s.sp, &a);
	while (slept - began < most && !alive_is_gone(&s.sp, &a))
		pass(100);
	return slept - began;
}

static void the_beat_is_not_opened(void **state)
{
	static const enum safefs_kind kinds[] = { SAFEFS_NFS, SAFEFS_SMB };

	(void)state;
	for (int i = 0; i < 2; i++) {
		beat();
		while_asleep = beat;
		assert_int_equal(gone_after(kinds[i], 60000), 60000);
		assert_int_equal(times_in(&opened, SPOOL_COORDINATOR), 0);
		stumbles_end();
	}
}

static void a_living_one_is_found_alive(void **state)
{
	struct alive a;

	(void)state;
	for (int kind = SAFEFS_LOCAL; kind <= SAFEFS_SMB; kind++) {
		s.sp.kind = (enum safefs_kind)kind;
		beat();
		alive_begin(&s.sp, &a);
		assert_true(a.there);
		assert_false(alive_is_gone(&s.sp, &a) || a.moved);
		pass(5000);
		beat();
		assert_false(alive_is_gone(&s.sp, &a));
		assert_true(a.moved);
	}
}

static void it_is_asked_for_once_a_second(void **state)
{
	size_t looks;

	(void)state;
	beat();
	strlist_free(&opened);
	gone_after(SAFEFS_NFS, 5000);
	looks = times_in(&opened, "spool");
	assert_in_range(looks, 3, 6);
}

static void standing_still_it_is_gone(void **state)
{
	(void)state;
	beat();
	assert_in_range(gone_after(SAFEFS_LOCAL, 60000), 8000, 9200);
	assert_in_range(gone_after(SAFEFS_NFS, 60000), 9500, 10700);
	assert_in_range(gone_after(SAFEFS_SMB, 60000), 9500, 10700);
	assert_int_equal(unlinkat(s.sp.fd, SPOOL_COORDINATOR, 0), 0);
	assert_in_range(gone_after(SAFEFS_LOCAL, 60000), 1000, 1300);
	assert_in_range(gone_after(SAFEFS_NFS, 60000), 1000, 1300);
}

static void a_process_that_is_no_more_shortens_the_wait(void **state)
{
	(void)state;
	beat_of_the_dead();
	assert_in_range(gone_after(SAFEFS_LOCAL, 60000), 1000, 1300);
	/* On a network it is read when nothing has moved for a while, or if it looks old already;
	 * on SMB never.
	 */
	assert_in_range(gone_after(SAFEFS_NFS, 60000), 6000, 7800);
	pass(600000);
	assert_in_range(gone_after(SAFEFS_NFS, 60000), 1000, 1300);
	assert_in_range(gone_after(SAFEFS_SMB, 60000), 9500, 10700);
}

static int share_is_down(const char *name)
{
	return strcmp(name, "spool") == 0 ? EHOSTDOWN : 0;
}

static void a_share_that_does_not_answer_says_nothing(void **state)
{
	struct alive a;

	(void)state;
	beat();
	open_answer = share_is_down;
	assert_int_equal(gone_after(SAFEFS_SMB, 60000), 60000);
	/* Nor is its return taken for a sign of life. */
	alive_begin(&s.sp, &a);
	pass(2000);
	open_answer = NULL;
	assert_false(alive_is_gone(&s.sp, &a));
	assert_false(a.moved);
}

static int new_share(void **state)
{
	(void)state;
	s = newshare_new();
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
		TEST(the_beat_is_not_opened),
		TEST(a_living_one_is_found_alive),
		TEST(it_is_asked_for_once_a_second),
		TEST(standing_still_it_is_gone),
		TEST(a_process_that_is_no_more_shortens_the_wait),
		TEST(a_share_that_does_not_answer_says_nothing),
	};

	alarm(60); /* what blocks fails */
	return cmocka_run_group_tests_name("tools_alive", tests, NULL, NULL);
}
