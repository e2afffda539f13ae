/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of lib/tree on a network mount: statfs says that all is NFS, and the client's cache
 * has old attributes for whoever does not ask the server.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "complaint.h"
#include "digest.h"
#include "scratch.h"
#include "tree.h"

#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#define OLD_SIZE 7

static unsigned asked; /* how often the server was */

int fstatfs(int fd, struct statfs *st)
{
	(void)fd;
	*st = (struct statfs){ .f_type = NFS_SUPER_MAGIC };
	return 0;
}

int statx(int dirfd, const char *path, int flags, unsigned int mask, struct statx *st)
{
	asked += (flags & AT_STATX_FORCE_SYNC) != 0;
	return (int)syscall(SYS_statx, dirfd, path, flags, mask, st);
}

/* From the cache, where every file has an old size. */
int fstatat(int dirfd, const char *path, struct stat *st, int flags)
{
	struct statx x;

	if (syscall(SYS_statx, dirfd, path, flags, STATX_BASIC_STATS, &x) < 0)
		return -1;
	*st = (struct stat){ .st_mode = x.stx_mode, .st_size = OLD_SIZE, .st_ino = x.stx_ino };
	return 0;
}

static struct scratch new_job(void)
{
	struct scratch s = scratch_new();

	scratch_write(&s, "job/a", "some bytes");
	scratch_write(&s, "job/sub/b", "some bytes");
	return s;
}

static void a_fresh_look_asks_the_server_for_each_name(void **state)
{
	struct scratch s = new_job();
	struct complaint c = { 0 };
	struct tree t;
	int fd = safefs_open_dir(s.fd, "job");

	(void)state;
	asked = 0;
	assert_int_equal(tree_look_fresh(fd, &t, &c), 0);
	assert_int_equal(t.count, 3);
	assert_int_equal(t.bytes, 20);
	assert_int_equal(asked, 3);
	assert_int_equal(t.entries[0].uid, geteuid());
	tree_free(&t);
	close(fd);
	scratch_free(&s);
}

static void so_does_the_look_at_a_part(void **state)
{
	struct scratch s = new_job();
	struct tree t;
	int fd = safefs_open_dir(s.fd, "job");

	(void)state;
	asked = 0;
	assert_int_equal(tree_look_part(fd, &t), 0);
	assert_int_equal(t.bytes, 20);
	assert_int_equal(asked, 3);
	tree_free(&t);
	close(fd);
	scratch_free(&s);
}

/* A runner's looks at what its own programs have written. */
static void a_plain_look_costs_no_round_trip(void **state)
{
	struct scratch s = new_job();
	struct complaint c = { 0 };
	struct tree t;
	int fd = safefs_open_dir(s.fd, "job");

	(void)state;
	asked = 0;
	assert_int_equal(tree_look(fd, &t, &c), 0);
	assert_int_equal(asked, 0);
	assert_int_equal(t.bytes, 2 * OLD_SIZE);
	tree_free(&t);
	close(fd);
	scratch_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fresh_look_asks_the_server_for_each_name),
		cmocka_unit_test(so_does_the_look_at_a_part),
		cmocka_unit_test(a_plain_look_costs_no_round_trip),
	};

	alarm(60); /* what blocks fails */
	return cmocka_run_group_tests_name("tree_fresh", tests, NULL, NULL);
}
