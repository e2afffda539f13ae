/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replays the fuzzers' starting inputs of tickets, beats, events and requests (tests/fuzz/). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "corpus.h"

/* Each fuzzer's only function under a name of its own; their assertions are plain assert(). */
#define LLVMFuzzerTestOneInput fuzz_ticket
#include "../fuzz/fuzz_ticket.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_beat
#include "../fuzz/fuzz_beat.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_event
#include "../fuzz/fuzz_event.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_request
#include "../fuzz/fuzz_request.c"
#undef LLVMFuzzerTestOneInput

static void ticket(const char *name, const char *text, size_t len)
{
	(void)name;
	assert_int_equal(fuzz_ticket((const uint8_t *)text, len), 0);
}

static void beat(const char *name, const char *text, size_t len)
{
	(void)name;
	assert_int_equal(fuzz_beat((const uint8_t *)text, len), 0);
}

static void event(const char *name, const char *text, size_t len)
{
	(void)name;
	assert_int_equal(fuzz_event((const uint8_t *)text, len), 0);
}

static void request(const char *name, const char *text, size_t len)
{
	(void)name;
	assert_int_equal(fuzz_request((const uint8_t *)text, len), 0);
}

static void tickets(void **state)
{
	(void)state;
	corpus_replay("fuzz_ticket", ticket);
}

static void beats(void **state)
{
	(void)state;
	corpus_replay("fuzz_beat", beat);
}

static void events(void **state)
{
	(void)state;
	corpus_replay("fuzz_event", event);
}

static void requests(void **state)
{
	(void)state;
	corpus_replay("fuzz_request", request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tickets),
		cmocka_unit_test(beats),
		cmocka_unit_test(events),
		cmocka_unit_test(requests),
	};

	return cmocka_run_group_tests_name("fuzz_records", tests, NULL, NULL);
}
