/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_needs - the canonical key of what a job needs, and copies. Touches nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "needs.h"

static struct needs example(void)
{
	struct needs n = {
		.cores = 2, .memory = 1024, .ttl_ms = 60000, .app = xstrdup("octave/7")
	};

	strlist_add(&n.software, "octave");
	strlist_add(&n.software, "gcc");
	strlist_add(&n.platforms, "linux-x86_64");
	n.runner = xstrdup("lab-07");
	return n;
}

static void check_key(const struct needs *n, const char *expected)
{
	char *key = needs_key(n);

	assert_string_equal(key, expected);
	free(key);
}

static void the_key_says_all_but_the_time(void **state)
{
	struct needs n = example(), none = { .cores = 1 };

	(void)state;
	check_key(&n, "cores=2 memory=1024 app=octave/7 platforms=linux-x86_64 software=gcc,octave "
		      "runner=lab-07");
	n.ttl_ms = 1;
	check_key(&n, "cores=2 memory=1024 app=octave/7 platforms=linux-x86_64 software=gcc,octave "
		      "runner=lab-07");
	check_key(&none, "cores=1 memory=0 app=- platforms=- software=- runner=-");
	needs_free(&n);
}

static void order_and_repetition_do_not_matter(void **state)
{
	struct needs a = { 0 }, b = { 0 };
	char *key_a, *key_b;

	(void)state;
	strlist_add(&a.software, "gcc");
	strlist_add(&a.software, "octave");
	strlist_add(&b.software, "octave");
	strlist_add(&b.software, "gcc");
	strlist_add(&b.software, "octave");
	key_a = needs_key(&a);
	key_b = needs_key(&b);
	assert_string_equal(key_a, key_b);
	assert_string_equal(b.software.items[0], "octave");
	free(key_a);
	free(key_b);
	needs_free(&a);
	needs_free(&b);
}

static void no_name_looks_like_another_need(void **state)
{
	struct needs odd = { 0 };

	(void)state;
	strlist_add(&odd.software, "a,b runner=x");
	odd.app = xstrdup("-");
	check_key(&odd, "cores=0 memory=0 app=\\x2d platforms=- software=a\\x2cb\\x20runner\\x3dx "
			"runner=-");
	needs_free(&odd);
}

static void a_copy_stands_by_itself(void **state)
{
	struct needs n = example(), copy, zero = { 0 };

	(void)state;
	needs_copy(&copy, &n);
	assert_int_equal(copy.ttl_ms, 60000);
	needs_free(&n);
	assert_memory_equal(&n, &zero, sizeof(n));
	check_key(&copy, "cores=2 memory=1024 app=octave/7 platforms=linux-x86_64 "
			 "software=gcc,octave runner=lab-07");
	needs_free(&copy);
	needs_free(&copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_key_says_all_but_the_time),
		cmocka_unit_test(order_and_repetition_do_not_matter),
		cmocka_unit_test(no_name_looks_like_another_need),
		cmocka_unit_test(a_copy_stands_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
