/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of lib/log. The clocks are the test's own: defined here, they take the place of
 * lib/clock, so a minute passes when the test says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "log.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MINUTE 60000

static int64_t boot_ms = 1000000;
static int real_stderr = -1;
static FILE *caught;

int64_t clock_boot_ms(void)
{
	return boot_ms;
}

int64_t clock_wall_ms(void)
{
	return INT64_C(1795168800123);
}

/* From here on stderr goes into a file. */
static void catch (void)
{
	caught = tmpfile();
	assert_non_null(caught);
	fflush(stderr);
	real_stderr = dup(STDERR_FILENO);
	dup2(fileno(caught), STDERR_FILENO);
}

/* What came; heap. stderr is itself again. */
static char *release(void)
{
	char *text = calloc(1, 65536);

	fflush(stderr);
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	rewind(caught);
	assert_true(fread(text, 1, 65535, caught) < 65535);
	fclose(caught);
	return text;
}

static size_t lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void assert_matches(const char *text, const char *pattern)
{
	regex_t re;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&re, text, 0, NULL, 0) != 0)
		fail_msg("\"%s\" does not match %s", text, pattern);
	regfree(&re);
}

static void lines_for_people(void **state)
{
	char *text;

	(void)state;
	unsetenv("JOURNAL_STREAM");
	catch ();
	log_init("spoold", false);
	log_debug("never seen");
	log_info("job %d", 12);
	log_warn("watch out");
	log_error("broken");
	text = release();
	assert_int_equal(lines(text), 3);
	assert_matches(text, "^2026-11-2[0-9] [0-9:]{8}\\.123 spoold: job 12\n");
	assert_matches(text, "\\.123 spoold: warning: watch out\n");
	assert_matches(text, "\\.123 spoold: error: broken\n$");
	free(text);
}

static void lines_for_the_journal(void **state)
{
	char stream[64], *text;
	struct stat st;

	(void)state;
	catch ();
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_init("spoold", true);
	log_debug("a");
	log_info("b");
	log_warn("c");
	log_error("d");
	text = release();
	assert_string_equal(text, "<7>a\n<6>b\n<4>c\n<3>d\n");
	free(text);
	unsetenv("JOURNAL_STREAM");
	log_init("spoold", false);
}

static void overlong_lines_are_cut(void **state)
{
	char *text, *much = malloc(20001);

	(void)state;
	memset(much, 'x', 20000);
	much[20000] = '\0';
	catch ();
	log_info("%s", much);
	text = release();
	assert_int_equal(lines(text), 1);
	assert_true(strlen(text) <= 8192);
	assert_matches(text, "x\\.\\.\\.\n$");
	free(text);
	free(much);
}

static void errno_survives(void **state)
{
	char *text;

	(void)state;
	catch ();
	errno = EDQUOT;
	log_info("%s", strerror(errno));
	log_trouble("errno", "%s", strerror(errno));
	log_mended("errno");
	assert_int_equal(errno, EDQUOT);
	text = release();
	assert_matches(text, "quota exceeded\n.*quota exceeded\n.*errno: in order again\n$");
	free(text);
}

/* Sees the same trouble count times within a moment; returns the lines that came. */
static size_t trouble(unsigned count)
{
	size_t n;
	char *text;

	catch ();
	while (count-- > 0)
		log_trouble("inbox of lab-07", "cannot be listed");
	text = release();
	n = lines(text);
	free(text);
	return n;
}

static void trouble_is_told_at_a_falling_rate(void **state)
{
	(void)state;
	assert_int_equal(trouble(1), 1);
	assert_int_equal(trouble(100), 0); /* within the minute */
	boot_ms += MINUTE;
	assert_int_equal(trouble(1), 1); /* the 102nd */
	boot_ms += MINUTE;
	assert_int_equal(trouble(25), 0); /* up to the 127th */
	assert_int_equal(trouble(1), 1);  /* the 128th */
	boot_ms += MINUTE;
	assert_int_equal(trouble(127), 0);
	assert_int_equal(trouble(1), 1); /* the 256th */
}

static void mending_is_told_once(void **state)
{
	char *text;

	(void)state;
	catch ();
	log_mended("inbox of lab-07");
	log_mended("inbox of lab-07");
	log_mended("never heard of");
	text = release();
	assert_int_equal(lines(text), 1);
	assert_matches(text, "inbox of lab-07: in order again \\(the trouble was seen 256 times");
	free(text);
	assert_int_equal(trouble(1), 1);
}

static void another_text_is_another_trouble(void **state)
{
	size_t first;
	char *text;

	(void)state;
	catch ();
	for (int i = 0; i < 1000; i++)
		log_trouble("changing", "text %d", i);
	text = release();
	first = lines(text);
	assert_int_equal(first, 8);
	free(text);
	catch ();
	boot_ms += MINUTE;
	for (int i = 0; i < 1000; i++)
		log_trouble("changing", "text %d", i);
	text = release();
	assert_int_equal(lines(text), 1);
	free(text);
}

static void the_table_is_bounded(void **state)
{
	char key[32], *text;

	(void)state;
	catch ();
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "key %d", i);
		boot_ms++;
		log_trouble(key, "bad");
	}
	log_mended("key 0"); /* forgotten meanwhile */
	log_mended("key 999");
	text = release();
	assert_int_equal(lines(text), 1001);
	assert_matches(text, "key 999: in order again\n$");
	free(text);
}

static void dying_says_why(void **state)
{
	int out[2], status;
	char said[100] = "";
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(out), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(out[1], STDERR_FILENO);
		log_die("no share at %s", "/x");
	}
	close(out[1]);
	assert_true(read(out[0], said, sizeof(said) - 1) > 0);
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_string_equal(said, "spoold: no share at /x\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_for_people),
		cmocka_unit_test(lines_for_the_journal),
		cmocka_unit_test(overlong_lines_are_cut),
		cmocka_unit_test(errno_survives),
		cmocka_unit_test(trouble_is_told_at_a_falling_rate),
		cmocka_unit_test(mending_is_told_once),
		cmocka_unit_test(another_text_is_another_trouble),
		cmocka_unit_test(the_table_is_bounded),
		cmocka_unit_test(dying_says_why),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
