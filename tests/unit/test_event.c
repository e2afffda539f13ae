/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of lib/event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "event.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void a_line_reads_well(void **state)
{
	struct event e = { .at = INT64_C(1795168800123),
			   .verb = "offer",
			   .id = 12,
			   .attempt = 1,
			   .from = "queued",
			   .to = "active",
			   .user = "eva",
			   .runner = "lab-07",
			   .by = "spoold",
			   .why = "first in line" };
	char *line = event_format(&e);

	(void)state;
	assert_string_equal(line, "2026-11-20T10:00:00.123Z offer id=12 attempt=1 from=queued "
				  "to=active user=eva runner=lab-07 by=spoold "
				  "why=first\\x20in\\x20line\n");
	free(line);
}

static void everything_comes_back(void **state)
{
	struct event e = {
		.at = 1, .verb = "file", .id = INT64_MAX, .attempt = UINT32_MAX, .from = "active",
		.to = "done", .state = "DONE", .folder = "12-a", .name = "a =\n\\\xff", .user = "",
		.app = "-", .group = "brick", .runner = "r", .by = "b", .why = "exit code 0",
		.ttl_ms = 1500, .cores = 4, .memory = 1, .has_exit = 1, .exit_code = 0,
		.term_signal = 9, .started_at = 2, .finished_at = 3, .queued_at = 4, .wall_ms = 5,
		.cpu_ms = 6, .peak_memory = 7,
	}, back;
	char *line = event_format(&e), *store, *again;

	(void)state;
	assert_int_equal(event_parse(line, &back, &store), 0);
	assert_string_equal(back.verb, "file");
	assert_string_equal(back.name, e.name);
	assert_string_equal(back.user, "");
	assert_string_equal(back.app, "-");
	assert_int_equal(back.has_exit, 1);
	assert_int_equal(back.exit_code, 0);
	assert_int_equal(back.term_signal, 9);
	assert_int_equal(back.id, INT64_MAX);
	assert_int_equal(back.attempt, UINT32_MAX);
	assert_int_equal(back.ttl_ms, 1500);
	assert_int_equal(back.peak_memory, 7);
	again = event_format(&back);
	assert_string_equal(again, line);
	free(again);
	free(line);
	free(store);
}

static void what_is_not_told_is_nothing(void **state)
{
	struct event e;
	char *store;

	(void)state;
	assert_int_equal(event_parse("2026-11-20T10:00:00Z start", &e, &store), 0);
	assert_string_equal(e.verb, "start");
	assert_int_equal(e.id, 0);
	assert_null(e.from);
	assert_null(e.why);
	assert_int_equal(e.has_exit, 0);
	free(store);
}

static void unknown_keys_are_passed_over(void **state)
{
	struct event e;
	char *store;

	(void)state;
	assert_int_equal(event_parse("- gone colour=red id=3 colour=\\q\n", &e, &store), 0);
	assert_int_equal(e.id, 3);
	assert_int_equal(e.at, 0);
	free(store);
}

static void bad_lines_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		"x",
		"-",
		"- ",
		"- Offer",
		"- offer2",
		"-  offer",
		"yesterday offer",
		"- averyveryverylongverb",
		"- offer id",
		"- offer =3",
		"- offer id=",
		"- offer id=-1",
		"- offer id=9223372036854775808",
		"- offer id=3 id=3",
		"- offer id=3 ",
		"- offer id=3  to=a",
		"- offer to=\\q",
		"- offer attempt=4294967296",
		"- offer exit=256",
		"- offer signal=x",
		"- offer started=now",
		"- offer wall=1h",
		"- offer id=3\n\n",
		"- offer id=3\nx",
		"- of\tfer",
	};
	struct event e = { .id = 77 };
	char *store = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (event_parse(bad[i], &e, &store) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
	}
	assert_int_equal(e.id, 77);
	assert_null(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_reads_well),
		cmocka_unit_test(everything_comes_back),
		cmocka_unit_test(what_is_not_told_is_nothing),
		cmocka_unit_test(unknown_keys_are_passed_over),
		cmocka_unit_test(bad_lines_are_refused),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
