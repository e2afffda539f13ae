/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of tools/copy on file systems that make up modes and owners, and on networks. The
 * calls that change modes and times, and those that sync, are the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../tools/copy.h"
#include "complaint.h"
#include "scratch.h"
#include "tree.h"

#include <errno.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

static int mode_error, time_error; /* errno that the calls fail with */
static unsigned long magic;	   /* of the file system; 0: the true one */
static unsigned fsyncs, syncfss;

int fchmod(int fd, mode_t mode)
{
	errno = mode_error;
	return mode_error ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

int fchmodat(int dirfd, const char *path, mode_t mode, int flags)
{
	(void)flags;
	errno = mode_error;
	return mode_error ? -1 : (int)syscall(SYS_fchmodat, dirfd, path, mode);
}

int futimens(int fd, const struct timespec times[2])
{
	errno = time_error;
	return time_error ? -1 : (int)syscall(SYS_utimensat, fd, NULL, times, 0);
}

int utimensat(int dirfd, const char *path, const struct timespec times[2], int flags)
{
	errno = time_error;
	return time_error ? -1 : (int)syscall(SYS_utimensat, dirfd, path, times, flags);
}

int fstatfs(int fd, struct statfs *st)
{
	int r = (int)syscall(SYS_fstatfs, fd, st);

	if (r == 0 && magic)
		st->f_type = (__typeof__(st->f_type))magic;
	return r;
}

int fsync(int fd)
{
	(void)fd;
	fsyncs++;
	return 0;
}

int syncfs(int fd)
{
	(void)fd;
	syncfss++;
	return 0;
}

/* Copies from/ to to/. */
static int copy(const struct scratch *s)
{
	struct copy c = { .what = "a test" };
	struct complaint complaint = { 0 };
	struct tree tree;
	int from = safefs_open_dir(s->fd, "from"), to, r;

	fsyncs = syncfss = 0;
	assert_int_equal(mkdirat(s->fd, "to", 0700), 0);
	to = safefs_open_dir(s->fd, "to");
	assert_int_equal(tree_look(from, &tree, &complaint), 0);
	r = copy_tree(&c, from, &tree, to);
	if (r == 0)
		r = copy_settle(&c, to);
	assert_int_equal(r < 0, c.failed != NULL);
	copy_end(&c);
	tree_free(&tree);
	close(from);
	close(to);
	return r;
}

static struct scratch source(void)
{
	struct scratch s = scratch_new();

	scratch_write(&s, "from/run.sh", "echo hello\n");
	scratch_write(&s, "from/in/data", "1 2 3\n");
	assert_int_equal(syscall(SYS_fchmodat, s.fd, "from/run.sh", 0751), 0);
	assert_int_equal(syscall(SYS_fchmodat, s.fd, "from/in", 0750), 0);
	return s;
}

static void times_and_modes_are_kept(void **state)
{
	static const struct timespec past[2] = { { .tv_sec = 1000000 }, { .tv_sec = 2000000 } };
	struct scratch s = source();
	struct stat st;

	(void)state;
	assert_int_equal(utimensat(s.fd, "from/in/data", past, 0), 0);
	assert_int_equal(utimensat(s.fd, "from/in", past, 0), 0);
	assert_int_equal(copy(&s), 0);
	assert_int_equal(fstatat(s.fd, "to/run.sh", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0751);
	assert_int_equal(fstatat(s.fd, "to/in", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(st.st_mtim.tv_sec, 2000000);
	assert_int_equal(fstatat(s.fd, "to/in/data", &st, 0), 0);
	assert_int_equal(st.st_mtim.tv_sec, 2000000);
	scratch_free(&s);
}

static void made_up_owners_do_not_matter(void **state)
{
	static const int errors[] = { EPERM, EACCES, EOPNOTSUPP };

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct scratch s = source();
		char *text;
		size_t len;

		mode_error = time_error = errors[i];
		assert_int_equal(copy(&s), 0);
		mode_error = time_error = 0;
		assert_int_equal(safefs_read(s.fd, "to/in/data", 100, &text, &len, NULL), 0);
		assert_string_equal(text, "1 2 3\n");
		free(text);
		scratch_free(&s);
	}
}

static void other_errors_of_modes_do(void **state)
{
	struct scratch s = source();

	(void)state;
	mode_error = EIO;
	assert_int_equal(copy(&s), -EIO);
	mode_error = 0;
	scratch_free(&s);
}

/* Where syncfs says nothing of the server's disk, each file is synced by itself. */
static void on_a_network_each_file_is_synced(void **state)
{
	static const unsigned long magics[] = { 0, 0x6969, 0xFE534D42 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct scratch s = source();

		for (int n = 0; n < 40; n++) {
			char *path = xasprintf("from/many/%d", n);

			scratch_write(&s, path, "x");
			free(path);
		}
		magic = magics[i];
		assert_int_equal(copy(&s), 0);
		magic = 0;
		assert_int_equal(syncfss, i == 0);
		assert_int_equal(fsyncs >= 42, i != 0);
		scratch_free(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_and_modes_are_kept),
		cmocka_unit_test(made_up_owners_do_not_matter),
		cmocka_unit_test(other_errors_of_modes_do),
		cmocka_unit_test(on_a_network_each_file_is_synced),
	};

	alarm(60); /* what blocks fails */
	return cmocka_run_group_tests_name("tools_copy", tests, NULL, NULL);
}
