/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_runner_durable - a commit tells each file its own error, and what could not be handed over
 * is not durable.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../runner/durable.h"

#include "scratch.h"

#include <errno.h>
#include <sys/syscall.h>

static int refused = -1, refusal; /* the fsync of this descriptor fails with this errno */

int fsync(int fd)
{
	if (fd != refused)
		return (int)syscall(SYS_fsync, fd);
	errno = refusal;
	return -1;
}

static int made(const struct scratch *s, const char *name)
{
	int fd;

	scratch_write(s, name, "bytes");
	fd = safefs_open(s->fd, name, O_WRONLY, 0);
	assert_true(fd >= 0);
	return fd;
}

static void each_file_is_told_its_own_error(void **state)
{
	struct scratch s = scratch_new();
	struct durable d = { .count = 0 };
	int errors[3] = { 0 };

	(void)state;
	refused = made(&s, "a");
	refusal = EBADF;
	durable_add(&d, refused, &errors[0]);
	durable_add(&d, made(&s, "b"), &errors[1]);
	durable_add(&d, safefs_open_dir(s.fd, "."), &errors[2]);
	durable_commit(&d);
	assert_int_equal(errors[0], -EBADF);
	assert_int_equal(errors[1], 0);
	assert_int_equal(errors[2], 0);
	assert_int_equal(d.count, 0);
	scratch_free(&s);
}

static void folder_that_cannot_be_synced_is_done(void **state)
{
	struct scratch s = scratch_new();
	struct durable d = { .count = 0 };
	int error = 0;

	(void)state;
	refused = safefs_open_dir(s.fd, ".");
	refusal = EBADF;
	durable_add(&d, refused, &error);
	durable_commit(&d);
	assert_int_equal(error, 0);
	scratch_free(&s);
}

static void what_is_not_open_is_not_durable(void **state)
{
	struct durable d = { .whole.local = true };
	int error = 0;

	(void)state;
	refused = -1;
	durable_add(&d, -EMFILE, &error);
	durable_commit(&d);
	assert_int_equal(error, -EMFILE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_file_is_told_its_own_error),
		cmocka_unit_test(folder_that_cannot_be_synced_is_done),
		cmocka_unit_test(what_is_not_open_is_not_durable),
	};

	return cmocka_run_group_tests_name("runner_durable", tests, NULL, NULL);
}
