/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of tools/machines: on a network a beat is not opened, because that may keep the runner
 * waiting for its next one. What it would say is put together from elsewhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../tools/machines.h"
#include "clock.h"
#include "newshare.h"
#include "published.h"
#include "stumbles.h"

static struct newshare s;

/* What r1 has written, long ago: 2 jobs, 3 slots free. */
static struct registration registration;
static struct beat beat;

static void write_records(void)
{
	size_t len;
	char *text;

	registration = (struct registration){
		.runner = xstrdup("r1"),
		.instance = xstrdup("r1-01234567-89abcdef"),
		.machine = xstrdup("0123456789abcdef0123456789abcdef"),
		.host = xstrdup("lab-07"),
		.platform = xstrdup("linux-x86_64"),
		.kernel = xstrdup("6.1"),
		.cpu = xstrdup("a cpu"),
		.cores = 8,
		.slots = 2,
		.memory = 1 << 30,
		.version = xstrdup("0.1"),
		.started_at = 1700000000000,
	};
	strlist_add(&registration.software, "python3 3.11.2");
	strlist_add(&registration.software, "octave ?");
	beat = (struct beat){
		.instance = xstrdup("r1-01234567-89abcdef"),
		.counter = 7,
		.at = 1700000000000,
		.load = 1.5,
		.free_memory = 1 << 20,
		.free_slots = 1,
		.state = xstrdup("MIXED"),
	};
	strlist_add(&beat.running, "4.1");
	text = registration_write(&registration, &len);
	scratch_bytes(&s.root, "spool/runners/r1.conf", text, len);
	free(text);
	text = beat_write(&beat, &len);
	scratch_bytes(&s.root, "spool/runners/r1.beat", text, len);
	free(text);
	scratch_write(&s.root, "spool/claims/r1/12.1.claim.r1-01234567-89abcdef", "");
	scratch_write(&s.root, "spool/claims/r1/13.2.claim.r1-01234567-89abcdef", "");
	scratch_write(&s.root, "spool/claims/r1/14.1.offer", "");
	strlist_free(&opened);
}

static struct machine *read_one(struct machines *m)
{
	assert_int_equal(machines_read(&s.sp, m), 0);
	assert_int_equal(m->count, 1);
	assert_string_equal(m->items[0].name, "r1");
	assert_true(m->items[0].has_registration && m->items[0].has_beat);
	assert_true(registration_has(&m->items[0].registration, "python3"));
	assert_true(registration_has(&m->items[0].registration, "octave"));
	return &m->items[0];
}

static void on_a_local_disk_the_beat_is_read(void **state)
{
	struct machines all;
	struct machine *m;

	(void)state;
	publish_runner(&s.root, &registration, &beat, "IDLE", 1700000000000);
	m = read_one(&all);
	assert_string_equal(m->state, "MIXED");
	assert_true(m->fresh && m->beat.free_slots == 1 && m->beat.at == 1700000000000);
	assert_int_equal(m->beat.running.count, 1);
	machines_free(&all);
}

static void on_a_network_it_is_not(void **state)
{
	struct machines all;
	struct machine *m;

	(void)state;
	s.sp.kind = SAFEFS_NFS;
	publish_runner(&s.root, &registration, &beat, "IDLE", clock_wall_ms());
	strlist_free(&opened);
	m = read_one(&all);
	assert_int_equal(times_in(&opened, "r1.beat"), 0);
	assert_int_equal(times_in(&opened, "r1.conf"), 1);
	/* Two claims on two slots; when it beat last, by the file. */
	assert_string_equal(m->state, "BUSY");
	assert_int_equal(m->beat.running.count, 2);
	assert_string_equal(m->beat.running.items[0], "12.1");
	assert_string_equal(m->beat.running.items[1], "13.2");
	assert_in_range(clock_wall_ms() - m->beat.at, 0, 10000);
	assert_true(m->fresh && m->beat.free_memory == 1 << 20);
	assert_string_equal(m->registration.version, "0.1");
	machines_free(&all);
}

static void old_news_are_told_apart(void **state)
{
	struct machines all;
	struct machine *m;

	(void)state;
	s.sp.kind = SAFEFS_SMB;
	publish_runner(&s.root, &registration, &beat, "IDLE", clock_wall_ms() - 3600000);
	m = read_one(&all);
	assert_false(m->fresh);
	assert_string_equal(m->state, "BUSY");
	assert_int_equal(m->beat.running.count, 2);
	machines_free(&all);
}

static void the_absent_stay_absent(void **state)
{
	struct machines all;
	struct machine *m;

	(void)state;
	s.sp.kind = SAFEFS_NFS;
	publish_runner(&s.root, &registration, &beat, "ABSENT", clock_wall_ms());
	m = read_one(&all);
	assert_string_equal(m->state, "ABSENT");
	assert_false(machine_is_current(m));
	machines_free(&all);
}

static void without_a_snapshot_it_is_read_all_the_same(void **state)
{
	struct machines all;
	struct machine *m;

	(void)state;
	s.sp.kind = SAFEFS_NFS;
	m = read_one(&all);
	assert_int_equal(times_in(&opened, "r1.beat"), 1);
	assert_true(m->fresh && m->beat.free_slots == 1);
	assert_string_equal(m->state, "?");
	machines_free(&all);
}

static int are_closed(const char *name)
{
	return strcmp(name, "runners") == 0 || strcmp(name, "claims") == 0 ? EACCES : 0;
}

static void where_runners_is_closed_the_snapshot_tells(void **state)
{
	struct machines all;
	struct machine *m;

	(void)state;
	open_answer = are_closed;
	assert_int_equal(machines_read(&s.sp, &all), -EACCES);
	open_answer = NULL;
	publish_runner(&s.root, &registration, &beat, "MIXED", clock_wall_ms());
	open_answer = are_closed;
	m = read_one(&all);
	assert_string_equal(m->state, "MIXED");
	assert_int_equal(m->registration.slots, 2);
	assert_string_equal(m->registration.host, "lab-07");
	assert_int_equal(m->beat.running.count, 1);
	assert_string_equal(m->beat.running.items[0], "4.1");
	machines_free(&all);
}

static int new_share(void **state)
{
	(void)state;
	s = newshare_new();
	write_records();
	return 0;
}

static int end_share(void **state)
{
	(void)state;
	registration_free(&registration);
	beat_free(&beat);
	stumbles_end();
	newshare_free(&s);
	stumbles_end();
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_share, end_share)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(on_a_local_disk_the_beat_is_read),
		TEST(on_a_network_it_is_not),
		TEST(old_news_are_told_apart),
		TEST(the_absent_stay_absent),
		TEST(without_a_snapshot_it_is_read_all_the_same),
		TEST(where_runners_is_closed_the_snapshot_tells),
	};

	alarm(60); /* what blocks fails */
	return cmocka_run_group_tests_name("tools_machines", tests, NULL, NULL);
}
