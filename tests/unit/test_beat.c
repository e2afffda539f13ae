/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of lib/beat. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "beat.h"
#include "record.h"
#include "xalloc.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct registration example(void)
{
	struct registration r = {
		.runner = xstrdup("lab-07"),
		.instance = xstrdup("lab-07-00112233-8899aabb"),
		.machine = xstrdup("0123456789abcdef0123456789abcdef"),
		.host = xstrdup("lab-07.example.org"),
		.platform = xstrdup("linux-x86_64"),
		.kernel = xstrdup("6.1.0-18-amd64"),
		.cpu = xstrdup("A \"fast\" CPU @ 3 GHz"),
		.cores = 8,
		.slots = 6,
		.memory = UINT64_C(16) << 30,
		.version = xstrdup("0.1"),
		.started_at = INT64_C(1795168800000),
		.freeze_ms = 25000,
		.freezer = xstrdup("cgroup"),
	};

	strlist_add(&r.software, "python3 3.11.2");
	strlist_add(&r.software, "octave-cli ?");
	return r;
}

static void a_registration_comes_back(void **state)
{
	struct registration r = example(), back;
	size_t len;
	char *text = registration_write(&r, &len);

	(void)state;
	assert_int_equal(strlen(text), len);
	assert_int_equal(registration_parse(text, len, &back), RECORD_WHOLE);
	assert_string_equal(back.runner, r.runner);
	assert_string_equal(back.instance, r.instance);
	assert_string_equal(back.machine, r.machine);
	assert_string_equal(back.host, r.host);
	assert_string_equal(back.platform, r.platform);
	assert_string_equal(back.kernel, r.kernel);
	assert_string_equal(back.cpu, r.cpu);
	assert_int_equal(back.cores, 8);
	assert_int_equal(back.slots, 6);
	assert_int_equal(back.memory, r.memory);
	assert_int_equal(back.software.count, 2);
	assert_string_equal(back.software.items[1], "octave-cli ?");
	assert_string_equal(back.version, "0.1");
	assert_int_equal(back.started_at, r.started_at);
	assert_int_equal(back.freeze_ms, 25000);
	assert_string_equal(back.freezer, "cgroup");
	registration_free(&back);
	assert_null(back.runner);
	registration_free(&r);
	free(text);
}

static void a_registration_of_an_older_version_freezes_nothing(void **state)
{
	struct registration r = example(), back;
	size_t len;
	char *text;

	(void)state;
	free(r.freezer);
	r.freezer = NULL;
	r.freeze_ms = 0;
	text = registration_write(&r, &len);
	assert_null(strstr(text, "freeze"));
	assert_int_equal(registration_parse(text, len, &back), RECORD_WHOLE);
	assert_int_equal(back.freeze_ms, 0);
	assert_null(back.freezer);
	registration_free(&back);
	registration_free(&r);
	free(text);
}

static void software_is_found_by_its_whole_name(void **state)
{
	struct registration r = example();

	(void)state;
	strlist_add(&r.software, "sh");
	assert_int_equal(registration_has(&r, "python3"), 1);
	assert_int_equal(registration_has(&r, "octave-cli"), 1);
	assert_int_equal(registration_has(&r, "sh"), 1);
	assert_int_equal(registration_has(&r, "python"), 0);
	assert_int_equal(registration_has(&r, "python3 3.11"), 0);
	assert_int_equal(registration_has(&r, "octave"), 0);
	registration_free(&r);
}

static void a_beat_comes_back(void **state)
{
	struct beat b = {
		.instance = xstrdup("lab-07-00112233-8899aabb"), .counter = 17,
		.at = INT64_C(1795168800000), .load = 1.25, .free_memory = 123456789,
		.free_slots = 5, .state = xstrdup("MIXED"),
	}, back;
	size_t len;
	char *text;

	(void)state;
	strlist_add(&b.running, "12.1");
	text = beat_write(&b, &len);
	assert_int_equal(beat_parse(text, len, &back), RECORD_WHOLE);
	assert_string_equal(back.instance, b.instance);
	assert_int_equal(back.counter, 17);
	assert_int_equal(back.at, b.at);
	assert_true(fabs(back.load - 1.25) < 1e-9);
	assert_int_equal(back.free_memory, 123456789);
	assert_int_equal(back.free_slots, 5);
	assert_string_equal(back.state, "MIXED");
	assert_int_equal(back.running.count, 1);
	assert_string_equal(back.running.items[0], "12.1");
	beat_free(&back);
	beat_free(&b);
	free(text);
}

static void half_a_beat_is_none(void **state)
{
	struct beat b = { .instance = xstrdup("a-b-c"), .state = xstrdup("IDLE") };
	struct beat back = { .counter = 77 };
	size_t len;
	char *text = beat_write(&b, &len);

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		char *part = xstrndup(text, cut);

		assert_int_equal(beat_parse(part, cut, &back), RECORD_TORN);
		free(part);
	}
	assert_int_equal(beat_parse("spool-beat 2\n", 13, &back), RECORD_FOREIGN);
	assert_int_equal(beat_parse(REGISTRATION_MAGIC "\n", strlen(REGISTRATION_MAGIC) + 1, &back),
			 RECORD_FOREIGN);
	assert_int_equal(back.counter, 77);
	beat_free(&b);
	free(text);
}

/* Writes r with one member replaced, and reads it. */
static int with(size_t offset, const char *value)
{
	struct registration r = example(), back = { 0 };
	char **member = (char **)((char *)&r + offset);
	size_t len;
	char *text;
	int verdict;

	free(*member);
	*member = value ? xstrdup(value) : NULL;
	text = registration_write(&r, &len);
	verdict = registration_parse(text, len, &back);
	if (verdict == RECORD_WHOLE)
		registration_free(&back);
	registration_free(&r);
	free(text);
	return verdict;
}

static void bad_registrations_are_refused(void **state)
{
	(void)state;
	assert_int_equal(with(offsetof(struct registration, runner), "lab-07"), RECORD_WHOLE);
	assert_int_equal(with(offsetof(struct registration, runner), "../x"), -EBADMSG);
	assert_int_equal(with(offsetof(struct registration, runner), NULL), -EBADMSG);
	assert_int_equal(with(offsetof(struct registration, instance), ""), -EBADMSG);
	assert_int_equal(with(offsetof(struct registration, instance), "a/b"), -EBADMSG);
	assert_int_equal(with(offsetof(struct registration, machine), "12"), -EBADMSG);
	assert_int_equal(with(offsetof(struct registration, platform), "Linux 64"), -EBADMSG);
	assert_int_equal(with(offsetof(struct registration, cpu), ""), RECORD_WHOLE);
	assert_int_equal(with(offsetof(struct registration, cpu), NULL), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_registration_comes_back),
		cmocka_unit_test(a_registration_of_an_older_version_freezes_nothing),
		cmocka_unit_test(software_is_found_by_its_whole_name),
		cmocka_unit_test(a_beat_comes_back),
		cmocka_unit_test(half_a_beat_is_none),
		cmocka_unit_test(bad_registrations_are_refused),
	};

	return cmocka_run_group_tests_name("beat", tests, NULL, NULL);
}
