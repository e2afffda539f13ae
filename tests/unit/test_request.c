/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of lib/request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void requests_are_understood(void **state)
{
	static const struct {
		const char *name;
		enum request_verb verb;
		uint64_t id;
		const char *target, *argument, *nonce;
	} cases[] = {
		{ "cancel-12", REQUEST_CANCEL, 12, "12", "", "" },
		{ "cancel-12.0123abcd", REQUEST_CANCEL, 12, "12", "", "0123abcd" },
		{ "Cancel-12.txt", REQUEST_CANCEL, 12, "12", "", "txt" },
		{ "cancel-12-not needed.x", REQUEST_CANCEL, 12, "12", "not needed", "x" },
		{ "rm-9223372036854775807", REQUEST_RM, INT64_MAX, "9223372036854775807", "", "" },
		{ "snapshot", REQUEST_SNAPSHOT, 0, "", "", "" },
		{ "snapshot.0123abcd", REQUEST_SNAPSHOT, 0, "", "", "0123abcd" },
		{ "ttl-12-2h.ab", REQUEST_LATER, 12, "12", "2h", "ab" },
		{ "hold-7", REQUEST_LATER, 7, "7", "", "" },
		{ "drain-lab-07.0123abcd", REQUEST_LATER, 0, "lab-07", "", "0123abcd" },
	};
	struct request r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(request_parse(cases[i].name, &r), 0);
		assert_int_equal(r.verb, cases[i].verb);
		assert_int_equal(r.id, cases[i].id);
		assert_string_equal(r.target, cases[i].target);
		assert_string_equal(r.argument, cases[i].argument);
		assert_string_equal(r.nonce, cases[i].nonce);
		request_free(&r);
		assert_null(r.target);
	}
}

static void other_names_are_not(void **state)
{
	static const char *const wrong[] = {
		"",
		"-",
		".",
		"..",
		".x",
		"cancel",
		"cancel-",
		"cancel-x",
		"cancel-0",
		"cancel-012",
		"cancel--1",
		"cancel-12_3",
		"cancel-12 (copy)",
		"cancel-12.a b",
		"cancel-12.",
		"cancel-9223372036854775808",
		"cancel 12",
		"cancelled-12",
		"snapshot-",
		"snapshot-12",
		"drain",
		"drain-",
		"README",
		"12",
		"cancel.12",
		"cancel-12.012345678901234567890123456789012",
	};
	struct request r = { .id = 77 };
	char overlong[300];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (request_parse(wrong[i], &r) != -EINVAL)
			fail_msg("accepted: %s", wrong[i]);
	}
	memset(overlong, 'x', sizeof(overlong));
	memcpy(overlong, "drain-", 6);
	overlong[sizeof(overlong) - 1] = '\0';
	assert_int_equal(request_parse(overlong, &r), -EINVAL);
	assert_int_equal(r.id, 77);
}

static void names_are_made(void **state)
{
	char *name = request_name("cancel", "12", "0123abcd");
	struct request r;

	(void)state;
	assert_string_equal(name, "cancel-12.0123abcd");
	assert_int_equal(request_parse(name, &r), 0);
	assert_string_equal(request_verb_name(r.verb), "cancel");
	request_free(&r);
	free(name);
	name = request_name("snapshot", "", "ab");
	assert_string_equal(name, "snapshot.ab");
	free(name);
	name = request_name("rm", "3", NULL);
	assert_string_equal(name, "rm-3");
	free(name);
	assert_string_equal(request_verb_name(REQUEST_RM), "rm");
	assert_string_equal(request_verb_name(REQUEST_SNAPSHOT), "snapshot");
	assert_string_equal(request_verb_name(REQUEST_LATER), "later");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_understood),
		cmocka_unit_test(other_names_are_not),
		cmocka_unit_test(names_are_made),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
