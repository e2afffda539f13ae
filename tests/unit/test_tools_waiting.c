/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of tools/waiting, as spoolctl wait uses it on a network: a name that is missed, a list
 * that is old, a share that does not answer; and results that are asked for before it ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../tools/waiting.h"
#include "newshare.h"
#include "published.h"
#include "stumbles.h"

static struct newshare s;
static int64_t began;

static void make(const char *folder)
{
	char *path = xasprintf("spool/%s/stdout.txt", folder);

	scratch_write(&s.root, path, "1\n");
	free(path);
}

static void move(const char *from, const char *to)
{
	char *old = xasprintf("spool/%s", from), *new = xasprintf("spool/%s", to);

	assert_int_equal(renameat(s.root.fd, old, s.root.fd, new), 0);
	free(old);
	free(new);
}

static int wait_for(uint64_t id)
{
	return waiting_run(&s.sp, &id, 1, 0);
}

static bool is_about(int64_t from, int64_t to)
{
	return slept - began >= from && slept - began < to;
}

/* -- what must not end it ------------------------------------------------------------------------ */

static int misses_it(const char *name)
{
	return strcmp(name, "7-sim") == 0 ? ENOENT : 0;
}

static void end_it(void)
{
	static bool ended;

	if (!ended && slept - began > 2000) {
		ended = true;
		move("active/7.1-sim", "done/7-sim");
	}
}

static void a_look_that_misses_the_name_is_made_good_by_a_list(void **state)
{
	(void)state;
	make("active/7.1-sim");
	look_answer = misses_it;
	while_asleep = end_it;
	assert_int_equal(wait_for(7), 0);
	assert_true(is_about(2000, 15000));
}

/* Nowhere to be seen for 12 s: as if this client's lists were old. */
static void hide_it(void)
{
	static int step;

	if (step == 0 && slept - began > 1000) {
		step = 1;
		move("active/7.1-sim", "hidden");
	} else if (step == 1 && slept - began > 13000) {
		step = 2;
		move("hidden", "failed/7-sim");
	}
}

static void old_lists_do_not_say_that_it_is_gone(void **state)
{
	(void)state;
	make("active/7.1-sim");
	while_asleep = hide_it;
	assert_int_equal(wait_for(7), 1);
	assert_true(is_about(13000, 15000));
}

/* Nowhere for 40 s: it is not gone if the coordinator says where it is. */
static void hide_it_for_long(void)
{
	static int step;

	if (step == 0 && slept - began > 1000) {
		step = 1;
		move("active/7.1-sim", "hidden");
	} else if (step == 1 && slept - began > 41000) {
		step = 2;
		move("hidden", "done/7-sim");
	}
}

static void nor_do_they_against_the_word_of_the_coordinator(void **state)
{
	(void)state;
	make("active/7.1-sim");
	publish_line(&s.root, "2026-11-20T10:00:00Z file id=7 attempt=1 from=active to=done "
			      "state=DONE folder=7-sim name=sim user=eva runner=r1 exit=0");
	while_asleep = hide_it_for_long;
	assert_int_equal(wait_for(7), 0);
	assert_true(is_about(41000, 48000));
}

static bool down;
static int share_is_down(const char *name)
{
	static const int errors[] = { EHOSTDOWN, EAGAIN, ESTALE, EIO };
	static unsigned n;

	(void)name;
	return down ? errors[n++ % 4] : 0;
}

static void come_back(void)
{
	static bool ended;

	if (slept - began < 1000)
		return;
	down = slept - began < 200000;
	if (!down && !ended) {
		ended = true;
		move("active/7.1-sim", "done/7-sim");
	}
}

static void a_share_that_does_not_answer_is_waited_for(void **state)
{
	(void)state;
	make("active/7.1-sim");
	open_answer = share_is_down;
	while_asleep = come_back;
	assert_int_equal(wait_for(7), 0);
	assert_true(is_about(200000, 203000));
}

static void come_up(void)
{
	down = slept - began < 5000;
}

static void down_from_the_beginning_it_waits_likewise(void **state)
{
	(void)state;
	make("done/7-sim");
	down = true;
	open_answer = share_is_down;
	while_asleep = come_up;
	assert_int_equal(wait_for(7), 0);
	assert_true(is_about(5000, 8000));
}

/* -- what must ----------------------------------------------------------------------------------- */

static void remove_it(void)
{
	static bool removed;

	if (!removed && slept - began > 1000) {
		removed = true;
		scratch_clear(&s.root, "spool/queued");
		mkdirat(s.root.fd, "spool/queued", 0700);
	}
}

static void a_job_that_is_removed_ends_it(void **state)
{
	(void)state;
	make("queued/7-sim");
	while_asleep = remove_it;
	assert_int_equal(wait_for(7), 1);
	assert_true(is_about(10000, 25000));
}

static int is_closed(const char *name)
{
	return strcmp(name, "failed") == 0 ? EACCES : 0;
}

static void a_closed_place_ends_it(void **state)
{
	(void)state;
	make("queued/7-sim");
	open_answer = is_closed;
	assert_int_equal(wait_for(7), 1);
	assert_true(is_about(0, 2000));
}

static void many_jobs_are_listed(void **state)
{
	uint64_t ids[40];

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		char *folder = xasprintf("%s/%u-sim", i % 2 ? "done" : "failed", i + 1);

		make(folder);
		free(folder);
		ids[i] = 40 - i;
	}
	assert_int_equal(waiting_run(&s.sp, ids, 40, 0), 1);
	assert_true(is_about(0, 1000));
	assert_int_equal(times_in(&looked_at, "3-sim"), 1); /* whose is it? */
}

/* -- results ------------------------------------------------------------------------------------- */

static void results_are_asked_for_before_it_ends(void **state)
{
	(void)state;
	make("done/7-sim");
	scratch_write(&s.root, "spool/done/7-sim/out/deep/er/result.csv", "1,2\n");
	scratch_write(&s.root, "spool/elsewhere/secret", "");
	assert_int_equal(symlinkat("../../elsewhere", s.root.fd, "spool/done/7-sim/link"), 0);
	strlist_free(&looked_at);
	strlist_free(&opened);
	assert_int_equal(wait_for(7), 0);
	assert_int_equal(times_in(&looked_at, "stdout.txt"), 1);
	assert_int_equal(times_in(&looked_at, "result.csv"), 1);
	assert_true(times_in(&opened, "deep") > 0 && times_in(&opened, "er") > 0);
	assert_int_equal(times_in(&looked_at, "secret"), 0);
}

static int new_share(void **state)
{
	(void)state;
	s = newshare_new();
	s.sp.kind = SAFEFS_NFS;
	began = slept;
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
		TEST(a_look_that_misses_the_name_is_made_good_by_a_list),
		TEST(old_lists_do_not_say_that_it_is_gone),
		TEST(nor_do_they_against_the_word_of_the_coordinator),
		TEST(a_share_that_does_not_answer_is_waited_for),
		TEST(down_from_the_beginning_it_waits_likewise),
		TEST(a_job_that_is_removed_ends_it),
		TEST(a_closed_place_ends_it),
		TEST(many_jobs_are_listed),
		TEST(results_are_asked_for_before_it_ends),
	};

	alarm(60); /* what blocks fails */
	return cmocka_run_group_tests_name("tools_waiting", tests, NULL, NULL);
}
