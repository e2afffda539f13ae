/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replays the fuzzers' starting inputs of names and manifests (tests/fuzz/). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "corpus.h"

/* Each fuzzer's only function under a name of its own; their assertions are plain assert(). */
#define LLVMFuzzerTestOneInput fuzz_names
#include "../fuzz/fuzz_names.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_manifest
#include "../fuzz/fuzz_manifest.c"
#undef LLVMFuzzerTestOneInput

static void name(const char *file, const char *text, size_t len)
{
	(void)file;
	assert_int_equal(fuzz_names((const uint8_t *)text, len), 0);
}

static void manifest(const char *file, const char *text, size_t len)
{
	(void)file;
	assert_int_equal(fuzz_manifest((const uint8_t *)text, len), 0);
}

static void names(void **state)
{
	(void)state;
	corpus_replay("fuzz_names", name);
}

static void manifests(void **state)
{
	(void)state;
	corpus_replay("fuzz_manifest", manifest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(manifests),
	};

	return cmocka_run_group_tests_name("fuzz_names", tests, NULL, NULL);
}
