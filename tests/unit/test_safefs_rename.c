/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of lib/safefs: renaming. renameat is the test's own and lies as file systems of the
 * net do: it reports failure after it was done, or success when nothing has happened.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kinds.h"

#include <errno.h>
#include <sys/syscall.h>

enum lie {
	TRUTH,
	DONE,	 /* does it, then answers as told */
	NOTHING, /* does nothing, answers as told */
	ANOTHER, /* another one takes the source first; answers as told */
	ANEW,	 /* does it; then somebody makes a new source of the same name */
};

static enum lie lie;
static int answer; /* 0 or an errno */
static unsigned calls;

static int really(int from_fd, const char *from, int to_fd, const char *to)
{
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	calls++;
	switch (lie) {
	case TRUTH:
		return really(from_fd, from, to_fd, to);
	case DONE:
		assert_int_equal(really(from_fd, from, to_fd, to), 0);
		break;
	case NOTHING:
		break;
	case ANOTHER:
		assert_int_equal(really(from_fd, from, to_fd, "another"), 0);
		break;
	case ANEW:
		assert_int_equal(really(from_fd, from, to_fd, to), 0);
		assert_int_equal(mkdirat(from_fd, from, 0700), 0);
		break;
	}
	errno = answer;
	return answer ? -1 : 0;
}

static bool exists(const struct scratch *s, const char *name)
{
	struct stat st;

	return fstatat(s->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static const struct row {
	const char *what;
	bool from_before, to_before;
	enum lie lie;
	int answer, verdict;
	bool from_after, to_after;
} rows[] = {
	{ "done", true, false, TRUTH, 0, 0, false, true },
	{ "lost: it was not there", false, false, TRUTH, 0, SAFEFS_LOST, false, false },
	{ "the target is taken", true, true, TRUTH, 0, -EEXIST, true, true },
	{ "done before", false, true, TRUTH, 0, 0, false, true },
	{ "done, the answer was lost", true, false, DONE, ENOENT, 0, false, true },
	{ "done, the server had trouble", true, false, DONE, EIO, 0, false, true },
	{ "done, the handle went stale", true, false, DONE, ESTALE, 0, false, true },
	{ "done, interrupted", true, false, DONE, EINTR, 0, false, true },
	{ "success without doing", true, false, NOTHING, 0, -EIO, true, false },
	{ "not done, said so", true, false, NOTHING, EACCES, -EACCES, true, false },
	{ "not done, out of space", true, false, NOTHING, ENOSPC, -ENOSPC, true, false },
	{ "not done, ENOENT from a cache", true, false, NOTHING, ENOENT, -ENOENT, true, false },
	{ "another was first", true, false, ANOTHER, ENOENT, SAFEFS_LOST, false, false },
	{ "another was first, success said", true, false, ANOTHER, 0, SAFEFS_LOST, false, false },
	{ "another was first, trouble said", true, false, ANOTHER, EIO, SAFEFS_LOST, false, false },
	{ "done, a new one of the old name", true, false, ANEW, 0, 0, true, true },
};

/* The two names are in different folders; folder says what is moved. */
static void try_row(const struct row *row, bool folder)
{
	struct scratch s = scratch_new();
	int from_fd, to_fd, verdict;

	scratch_write(&s, row->from_before && folder ? "in/a/moved" : "in/other", "");
	scratch_write(&s, row->to_before && folder ? "out/b/before" : "out/other", "");
	if (row->from_before && !folder)
		scratch_write(&s, "in/a", "moved");
	if (row->to_before && !folder)
		scratch_write(&s, "out/b", "before");
	from_fd = safefs_open_dir(s.fd, "in");
	to_fd = safefs_open_dir(s.fd, "out");
	lie = row->lie;
	answer = row->answer;
	calls = 0;
	verdict = safefs_rename(from_fd, "a", to_fd, "b");
	lie = TRUTH;
	if (verdict != row->verdict)
		fail_msg("%s (%s): the verdict is %d, expected %d", row->what,
			 folder ? "folder" : "file", verdict, row->verdict);
	assert_int_equal(exists(&s, "in/a"), row->from_after);
	assert_int_equal(exists(&s, "out/b"), row->to_after);
	if (folder && row->to_before)
		assert_true(exists(&s, "out/b/before"));
	assert_int_equal(calls, row->to_before ? 0 : 1);
	/* Asked again, what is done stays done, and what was lost stays lost. */
	if (row->verdict >= 0 && !row->from_after)
		assert_int_equal(safefs_rename(from_fd, "a", to_fd, "b"), row->verdict);
	close(from_fd);
	close(to_fd);
	scratch_free(&s);
}

static void looks_decide_not_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		try_row(&rows[i], false);
		try_row(&rows[i], true);
	}
}

static void the_taken_one_keeps_its_bytes(void **state)
{
	struct scratch s = scratch_new();
	char *text;
	size_t len;

	(void)state;
	scratch_write(&s, "a", "mine");
	scratch_write(&s, "b", "yours");
	assert_int_equal(safefs_rename(s.fd, "a", s.fd, "b"), -EEXIST);
	assert_int_equal(safefs_read(s.fd, "b", 100, &text, &len, NULL), 0);
	assert_string_equal(text, "yours");
	free(text);
	/* A plain rename would replace an empty folder in silence. */
	assert_int_equal(mkdirat(s.fd, "full", 0700), 0);
	assert_int_equal(mkdirat(s.fd, "empty", 0700), 0);
	assert_int_equal(safefs_rename(s.fd, "full", s.fd, "empty"), -EEXIST);
	assert_true(exists(&s, "full"));
	/* Nor two names of one file count as done. */
	assert_int_equal(linkat(s.fd, "a", s.fd, "twin", 0), 0);
	assert_int_equal(safefs_rename(s.fd, "a", s.fd, "twin"), -EEXIST);
	assert_true(exists(&s, "a"));
	scratch_free(&s);
}

static void every_kind_is_moved_itself(void **state)
{
	static const char *const names[] = { "dir",  "link", "dangling", "up",
					     "away", "fifo", "socket" };
	struct scratch s = kinds();

	(void)state;
	assert_int_equal(mkdirat(s.fd, "closed", 0), 0);
	assert_int_equal(safefs_rename(s.fd, "closed", s.fd, "closed-moved"), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(safefs_rename(s.fd, names[i], s.fd, "moved"), 0);
		assert_false(exists(&s, names[i]));
		assert_true(exists(&s, "moved"));
		assert_int_equal(safefs_rename(s.fd, "moved", s.fd, names[i]), 0);
	}
	assert_true(exists(&s, "dir/file"));
	scratch_free(&s);
}

static void what_cannot_be_is_an_error(void **state)
{
	struct scratch s = kinds();
	char *overlong = xcalloc(1, 300);

	(void)state;
	memset(overlong, 'x', 299);
	assert_int_equal(safefs_rename(s.fd, "dir", s.fd, overlong), -ENAMETOOLONG);
	assert_true(exists(&s, "dir"));
	assert_int_equal(safefs_rename(s.fd, "dir", s.fd, "dir/below"), -EINVAL);
	assert_true(exists(&s, "dir/file"));
	assert_int_equal(mkdirat(s.fd, "sealed", 0500), 0);
	if (geteuid() != 0)
		assert_int_equal(safefs_rename(s.fd, "dir", s.fd, "sealed/dir"), -EACCES);
	assert_true(exists(&s, "dir/file"));
	free(overlong);
	scratch_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks_decide_not_answers),
		cmocka_unit_test(the_taken_one_keeps_its_bytes),
		cmocka_unit_test(every_kind_is_moved_itself),
		cmocka_unit_test(what_cannot_be_is_an_error),
	};

	alarm(60); /* what blocks fails */
	return cmocka_run_group_tests_name("safefs_rename", tests, NULL, NULL);
}
