/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of lib/jobdir: what a job.conf may name, and that a share which does not answer now is
 * no fault of the job's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kinds.h"

#include "complaint.h"
#include "jobdir.h"

#include <errno.h>
#include <signal.h>

static int check(const struct scratch *s, const char *path, char **ret_text)
{
	struct complaint c = { 0 };
	int r = jobdir_check(s->fd, path, "executable", 3, NULL, &c);

	if (ret_text)
		*ret_text = r == COMPLAINT ? complaint_line(&c) : NULL;
	complaint_free(&c);
	return r;
}

static void only_files_will_do(void **state)
{
	static const struct {
		const char *path, *reason;
	} rows[] = {
		{ "nowhere.py", "there is no such file" }, { "dir", "which is not a file" },
		{ "fifo", "which is not a file" },	   { "link", "which is a symbolic link" },
		{ "StdErr.txt", "for \"executable\"" }, /* ours, on SMB at least */
	};
	struct scratch s = kinds();

	(void)state;
	assert_int_equal(check(&s, "dir/file", NULL), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text;

		assert_int_equal(check(&s, rows[i].path, &text), COMPLAINT);
		assert_non_null(strstr(text, rows[i].reason));
		free(text);
	}
	scratch_free(&s);
}

/* Somebody holds a lease: the file cannot be opened without waiting. */
static void trouble_is_no_complaint(void **state)
{
	struct scratch s = scratch_new();
	sigset_t set;
	int fd;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigprocmask(SIG_BLOCK, &set, NULL);
	scratch_write(&s, "run.py", "1");
	fd = openat(s.fd, "run.py", O_RDWR | O_CLOEXEC);
	if (fcntl(fd, F_SETLEASE, F_WRLCK) == 0)
		assert_int_equal(check(&s, "run.py", NULL), -EAGAIN);
	close(fd);
	assert_int_equal(check(&s, "run.py", NULL), 0);
	scratch_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_files_will_do),
		cmocka_unit_test(trouble_is_no_complaint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
