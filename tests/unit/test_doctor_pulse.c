/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_doctor_pulse - a heartbeat, looked at every half second through caches of several kinds.
 * Only arithmetic; touches nothing and waits for nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../tools/doctor_pulse.h"

#define BEAT 5000
#define LOOK 500

/* Looks from time 0 on; the n-th beat comes at n * BEAT + 1. Content is seen late by lag (or never,
 * if it is negative), stamps by stamp_lag. Stops when it is clear; returns when that was. */
static int64_t watch(struct pulse *p, int64_t until, int64_t lag, int64_t stamp_lag)
{
	int64_t now;

	pulse_begin(p, BEAT, 0, "0", 0);
	for (now = LOOK; now <= until && !pulse_is_clear(p, now); now += LOOK) {
		char content[32];
		int64_t seen = now - lag - 1, listed = now - stamp_lag - 1;

		snprintf(content, sizeof(content), "%d", lag < 0 ? 0 : (int)(seen / BEAT));
		pulse_see(p, now, content, listed / BEAT);
	}
	return now;
}

static void what_is_seen_at_once_is_fresh(void **state)
{
	struct pulse p;
	int64_t now = watch(&p, 20000, 0, 0);

	(void)state;
	assert_int_equal(pulse_judge(&p, now), PULSE_FRESH);
	assert_true(pulse_is_clear(&p, now));
	assert_int_equal(p.changes, 2);
	assert_int_equal(p.longest_gap, 5500);
	assert_int_equal(p.longest_lag, 0);
	assert_true(now <= 11000); /* two beats are enough */
	pulse_free(&p);
}

static void a_listing_that_lags_proves_nothing(void **state)
{
	struct pulse p;
	int64_t now = watch(&p, 15000, 0, 1500);

	(void)state;
	assert_int_equal(pulse_judge(&p, now), PULSE_FRESH);
	pulse_free(&p);
}

static void a_second_is_no_delay(void **state)
{
	struct pulse p;
	int64_t now = watch(&p, 20000, 1000, 0);

	(void)state;
	assert_int_equal(pulse_judge(&p, now), PULSE_FRESH);
	assert_int_equal(p.longest_lag, 1000);
	pulse_free(&p);
}

static void three_seconds_are_late(void **state)
{
	struct pulse p;
	int64_t now = watch(&p, 20000, 3000, 0);

	(void)state;
	assert_int_equal(pulse_judge(&p, now), PULSE_LATE);
	assert_int_equal(p.longest_lag, 3000);
	pulse_free(&p);
}

static void what_is_never_seen_is_stale(void **state)
{
	struct pulse p;
	int64_t now = watch(&p, 30000, -1, 0);

	(void)state;
	assert_int_equal(pulse_judge(&p, now), PULSE_STALE);
	assert_int_equal(p.changes, 0);
	assert_true(now <=
		    18500); /* 5.5 s to the beat, 12.5 s of patience, and the look after it */
	pulse_free(&p);
}

static void what_came_after_three_beats_was_stale(void **state)
{
	struct pulse p;

	(void)state;
	pulse_begin(&p, BEAT, 0, "0", 0);
	pulse_see(&p, 1000, "0", 1);
	assert_int_equal(pulse_judge(&p, 1000), PULSE_LATE); /* not yet seen */
	pulse_see(&p, 14000, "1", 1);
	assert_int_equal(pulse_judge(&p, 14000), PULSE_STALE);
	assert_true(pulse_is_clear(&p, 14000));
	pulse_free(&p);
}

static void what_does_not_beat_is_silent(void **state)
{
	struct pulse p;

	(void)state;
	pulse_begin(&p, BEAT, 0, "", 0);
	for (int64_t now = LOOK; now <= 15000; now += LOOK)
		pulse_see(&p, now, "", 0);
	assert_int_equal(pulse_judge(&p, 15000), PULSE_SILENT);
	assert_false(pulse_is_clear(&p, 15000));
	pulse_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_seen_at_once_is_fresh),
		cmocka_unit_test(a_listing_that_lags_proves_nothing),
		cmocka_unit_test(a_second_is_no_delay),
		cmocka_unit_test(three_seconds_are_late),
		cmocka_unit_test(what_is_never_seen_is_stale),
		cmocka_unit_test(what_came_after_three_beats_was_stale),
		cmocka_unit_test(what_does_not_beat_is_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
