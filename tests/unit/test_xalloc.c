/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of lib/xalloc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "xalloc.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void memory_is_zeroed_and_never_null(void **state)
{
	char *p = xcalloc(3, 5), *none = xcalloc(0, 8);

	(void)state;
	for (size_t i = 0; i < 15; i++)
		assert_int_equal(p[i], 0);
	assert_non_null(none);
	none = xrealloc(none, 0, 8);
	assert_non_null(none);
	free(p);
	free(none);
}

static void strings_are_copied(void **state)
{
	char *a = xstrdup("abc"), *b = xstrndup("abcdef", 4), *c = xasprintf("%s-%d", "x", 7);

	(void)state;
	assert_string_equal(a, "abc");
	assert_string_equal(b, "abcd");
	assert_string_equal(c, "x-7");
	free(a);
	free(b);
	free(c);
}

static void lists_grow_and_end_with_null(void **state)
{
	struct strlist list = { 0 };
	char word[16];

	(void)state;
	assert_int_equal(strlist_has(&list, "0"), 0);
	for (int i = 0; i < 100; i++) {
		snprintf(word, sizeof(word), "%d", i);
		strlist_add(&list, word);
	}
	assert_int_equal(list.count, 100);
	assert_null(list.items[100]);
	assert_string_equal(list.items[99], "99");
	assert_int_equal(strlist_has(&list, "42"), 1);
	assert_int_equal(strlist_has(&list, "100"), 0);
	strlist_free(&list);
	assert_null(list.items);
	assert_int_equal(list.count, 0);
	strlist_free(&list);
}

static void overflow(void)
{
	free(xrealloc(NULL, SIZE_MAX / 2, 3));
}

static void too_much(void)
{
	free(xcalloc(SIZE_MAX / 2, 2));
}

/* Runs it in a child. Returns the child's status and what it said on stderr. */
static int run(void (*what)(void), char *said, size_t size)
{
	int out[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		signal(SIGABRT, SIG_DFL);
		dup2(out[1], STDERR_FILENO);
		what();
		_exit(0);
	}
	close(out[1]);
	n = read(out[0], said, size - 1);
	assert_true(n > 0);
	said[n] = '\0';
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void failure_ends_the_program(void **state)
{
	char said[200];
	int status = run(overflow, said, sizeof(said));

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_non_null(strstr(said, "out of memory"));
	/* Under a sanitizer this one ends in the sanitizer's own way. */
	assert_int_not_equal(run(too_much, said, sizeof(said)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_and_never_null),
		cmocka_unit_test(strings_are_copied),
		cmocka_unit_test(lists_grow_and_end_with_null),
		cmocka_unit_test(failure_ends_the_program),
	};

	return cmocka_run_group_tests_name("xalloc", tests, NULL, NULL);
}
