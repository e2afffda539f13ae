/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of spoolctl tail -f where the share stumbles and the job moves meanwhile. Every file
 * system is taken for SMB, whose pauses are the longest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../tools/cmd.h"
#include "newshare.h"
#include "stumbles.h"

#include <sys/statfs.h>

static struct newshare s;
static int64_t began;
static unsigned step;

int fstatfs(int fd, struct statfs *st)
{
	int r = (int)syscall(SYS_fstatfs, fd, st);

	st->f_type = (__typeof__(st->f_type))0xFE534D42;
	return r;
}

static void add(const char *folder, const char *text)
{
	char *path = xasprintf("spool/%s/stdout.txt", folder);
	int fd = (int)syscall(SYS_openat, s.root.fd, path, O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(safefs_write_all(fd, text, strlen(text)), 0);
	close(fd);
	free(path);
}

static void move(const char *from, const char *to)
{
	assert_int_equal(renameat(s.root.fd, from, s.root.fd, to), 0);
}

/* What "tail -f 3" prints, with its exit code before it; heap. */
static char *follow(void)
{
	char program[] = "tail", option[] = "-f", id[] = "3";
	char *words[] = { program, option, id, NULL }, *text, *shown;
	int out = dup(STDOUT_FILENO), file, code;
	size_t len;

	file = openat(s.root.fd, "out", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	fflush(stdout);
	assert_true(file >= 0 && dup2(file, STDOUT_FILENO) >= 0);
	close(file);
	began = slept;
	step = 0;
	code = cmd_tail(3, words);
	fflush(stdout);
	assert_true(dup2(out, STDOUT_FILENO) >= 0);
	close(out);
	stumbles_end();
	assert_int_equal(safefs_read(s.root.fd, "out", 1000, &text, &len, NULL), 0);
	shown = xasprintf("%d %s", code, text);
	free(text);
	return shown;
}

static void check(char *shown, const char *expected)
{
	assert_string_equal(shown, expected);
	free(shown);
}

static bool down;
static int share_is_down(const char *name)
{
	static const int errors[] = { EHOSTDOWN, EAGAIN, ESTALE, EIO, ETIMEDOUT };
	static unsigned n;

	(void)name;
	return down ? errors[n++ % 5] : 0;
}

/* Down for four minutes, in which the job goes on and ends. */
static void outage(void)
{
	int64_t now = slept - began;

	down = now > 4000 && now < 244000;
	if (step == 0 && now > 3000) {
		step = 1;
		add("active/3.1-x", "2\n");
	} else if (step == 1 && now > 100000) {
		step = 2;
		add("active/3.1-x", "3\n");
		move("spool/active/3.1-x", "spool/done/3-x");
	}
}

static void it_survives_an_outage_and_a_move(void **state)
{
	(void)state;
	scratch_write(&s.root, "spool/active/3.1-x/stdout.txt", "1\n");
	open_answer = share_is_down;
	while_asleep = outage;
	check(follow(), "0 1\n2\n3\n");
	assert_true(slept - began >= 244000 && slept - began < 252000);
}

/* An SMB client that looks more often than its closetimeo never gives the file back. */
static void few_looks(void)
{
	if (step++ == 10) {
		assert_true(slept - began >= 11000);
		move("spool/active/3.1-x", "spool/done/3-x");
	}
}

static void it_pauses_long_enough(void **state)
{
	(void)state;
	scratch_write(&s.root, "spool/active/3.1-x/stdout.txt", "1\n");
	while_asleep = few_looks;
	check(follow(), "0 1\n");
}

/* On its way from one place to the next a job may be nowhere for a look or two. */
static void on_its_way(void)
{
	if (step == 0) {
		step = 1;
		move("spool/active/3.1-x", "elsewhere");
	} else if (step == 1 && slept - began > 4000) {
		step = 2;
		add("../elsewhere", "2\n");
		move("elsewhere", "spool/done/3-x");
	}
}

static void a_job_on_its_way_is_not_gone(void **state)
{
	(void)state;
	scratch_write(&s.root, "spool/active/3.1-x/stdout.txt", "1\n");
	while_asleep = on_its_way;
	check(follow(), "0 1\n2\n");
}

static void removed(void)
{
	if (step++ == 0)
		move("spool/active/3.1-x", "elsewhere");
}

static void one_that_was_removed_is(void **state)
{
	(void)state;
	scratch_write(&s.root, "spool/active/3.1-x/stdout.txt", "1\n");
	while_asleep = removed;
	check(follow(), "1 1\n");
	assert_true(slept - began > 5000 && slept - began < 15000);
}

static int new_share(void **state)
{
	(void)state;
	s = newshare_new();
	setenv("SPOOL_SHARE", s.root.path, 1);
	down = false;
	return 0;
}

static int end_share(void **state)
{
	(void)state;
	stumbles_end();
	newshare_free(&s);
	stumbles_end();
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_share, end_share)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_survives_an_outage_and_a_move),
		TEST(it_pauses_long_enough),
		TEST(a_job_on_its_way_is_not_gone),
		TEST(one_that_was_removed_is),
	};

	alarm(60); /* what blocks fails */
	return cmocka_run_group_tests_name("tools_tail", tests, NULL, NULL);
}
