/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of lib/copytree: a copy of its own that is equal, and nothing outside of it. The two
 * calls by which the kernel copies are the test's own: they can refuse, so that each way is taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "changes.h"
#include "complaint.h"
#include "copytree.h"
#include "kinds.h"
#include "manifest.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LARGE ((3 << 20) + 17) /* several pieces, when copied by hand */

static int refuse_with, fail_with; /* of copy_file_range */
static size_t piece;		   /* it copies so much before it refuses */
static unsigned syncs;

int ioctl(int fd, unsigned long request, ...)
{
	(void)fd;
	(void)request;
	errno = EOPNOTSUPP;
	return -1;
}

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t len,
			unsigned flags)
{
	size_t most = piece;

	if (fail_with || (refuse_with && !piece)) {
		errno = fail_with ? fail_with : refuse_with;
		return -1;
	}
	if (refuse_with)
		piece = 0;
	return syscall(SYS_copy_file_range, from, from_at, to, to_at,
		       refuse_with && most < len ? most : len, flags);
}

int fsync(int fd)
{
	assert_true(fcntl(fd, F_GETFD) >= 0);
	syncs++;
	return 0;
}

/* -- a job and its copy ------------------------------------------------------------------------- */

struct pair {
	struct scratch s;
	int from, to;
	struct tree inputs;
};

static struct pair open_pair(struct scratch s)
{
	struct pair p = { .s = s };
	struct complaint c = { 0 };

	assert_int_equal(mkdirat(s.fd, "copy", 0700), 0);
	p.from = safefs_open_dir(s.fd, "job");
	p.to = safefs_open_dir(s.fd, "copy");
	assert_true(p.from >= 0 && p.to >= 0);
	assert_int_equal(tree_look(p.from, &p.inputs, &c), 0);
	return p;
}

static void close_pair(struct pair *p)
{
	close(p->from);
	close(p->to);
	tree_free(&p->inputs);
	scratch_free(&p->s);
}

static struct scratch job(void)
{
	struct scratch s = scratch_new();
	char *bytes = xcalloc(1, LARGE);

	for (size_t i = 0; i < LARGE; i++)
		bytes[i] = (char)(i * 13 >> 3);
	scratch_bytes(&s, "job/d/e/large", bytes, LARGE);
	free(bytes);
	scratch_write(&s, "job/d/run", "#!/bin/sh\n");
	scratch_write(&s, "job/a b\n\xff", "text");
	scratch_write(&s, "job/-rf", "");
	scratch_write(&s, "job/stdout.txt", "of an earlier attempt");
	assert_int_equal(mkdirat(s.fd, "job/empty", 0700), 0);
	assert_int_equal(symlinkat("e/large", s.fd, "job/d/link"), 0);
	assert_int_equal(symlinkat("missing", s.fd, "job/dangling"), 0);
	assert_int_equal(symlinkat("..", s.fd, "job/d/up"), 0);
	return s;
}

/* As the coordinator proves it: by the manifest. */
static void assert_equal_copy(const struct pair *p)
{
	struct manifest m = { .id = 1, .tree = p->inputs };
	struct complaint c = { 0 };
	struct tree now;

	assert_int_equal(manifest_hash(p->from, &m, UINT64_MAX), 0);
	assert_int_equal(tree_look(p->to, &now, &c), 0);
	assert_int_equal(manifest_compare(&m, p->to, &now, false, &c), 0);
	assert_int_equal(now.bytes, p->inputs.bytes);
	tree_free(&now);
	m.tree = (struct tree){ 0 };
	for (size_t i = 0; i < p->inputs.count; i++)
		free(m.hashes[i]);
	free(m.hashes);
}

static void the_copy_is_equal_by_every_way(void **state)
{
	static const struct {
		int refuse;
		size_t piece;
	} rows[] = { { 0, 0 },	    { EXDEV, 0 },  { EXDEV, 100000 },
		     { EINVAL, 0 }, { ENOSYS, 0 }, { EOPNOTSUPP, 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pair p = open_pair(job());
		struct stat st;

		refuse_with = rows[i].refuse;
		piece = rows[i].piece;
		syncs = 0;
		assert_int_equal(copytree_inputs(p.from, p.to, &p.inputs), 0);
		refuse_with = 0;
		assert_equal_copy(&p);
		assert_int_equal(fstatat(p.to, "stdout.txt", &st, 0), -1); /* is no input */
		assert_int_equal(syncs, 4 + 3 + 1); /* files, folders, the copy itself */
		close_pair(&p);
	}
}

static void the_copy_shares_no_inode(void **state)
{
	struct pair p = open_pair(job());
	char *text;
	size_t len;

	(void)state;
	assert_int_equal(copytree_inputs(p.from, p.to, &p.inputs), 0);
	for (size_t i = 0; i < p.inputs.count; i++) {
		struct stat st;

		assert_int_equal(fstatat(p.to, p.inputs.entries[i].path, &st, AT_SYMLINK_NOFOLLOW),
				 0);
		assert_true(st.st_ino != p.inputs.entries[i].inode);
		if (p.inputs.entries[i].type == 'f')
			assert_int_equal(st.st_nlink, 1);
	}
	/* What a late writer of the first attempt does stays there. */
	scratch_write(&p.s, "job/d/run", "changed");
	assert_int_equal(safefs_read(p.to, "d/run", 100, &text, &len, NULL), 0);
	assert_string_equal(text, "#!/bin/sh\n");
	free(text);
	close_pair(&p);
}

static void modes_groups_and_times_are_kept(void **state)
{
	static const struct {
		const char *path;
		mode_t mode;
	} rows[] = {
		{ "d/e", 0500 },   { "d", 0555 },	  { "empty", 03770 },
		{ "d/run", 0755 }, { "d/e/large", 0400 }, { "-rf", 0606 },
	};
	const gid_t group = geteuid() == 0 ? 4711 : getegid(); /* others may not give it away */
	struct scratch s = job();
	struct pair p;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *path = xasprintf("job/%s", rows[i].path);

		assert_int_equal(fchownat(s.fd, path, (uid_t)-1, group, 0), 0);
		assert_int_equal(fchmodat(s.fd, path, rows[i].mode, 0), 0);
		changes_set_mtime(&s, path, 1000000 + (time_t)i);
		free(path);
	}
	p = open_pair(s);
	umask(077);
	assert_int_equal(copytree_inputs(p.from, p.to, &p.inputs), 0);
	umask(022);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct stat st;

		assert_int_equal(fstatat(p.to, rows[i].path, &st, 0), 0);
		assert_int_equal(st.st_mode & 07777, rows[i].mode);
		assert_int_equal(st.st_gid, group);
		assert_int_equal(st.st_mtim.tv_sec, 1000000 + (time_t)i);
		assert_int_equal(st.st_mtim.tv_nsec, 0);
	}
	assert_equal_copy(&p);
	close_pair(&p);
}

/* -- what is no longer as it was ---------------------------------------------------------------- */

static void vanish(const struct scratch *s)
{
	scratch_clear(s, "job/d/run");
}

static void vanish_folder(const struct scratch *s)
{
	scratch_clear(s, "job/empty");
}

static void vanish_link(const struct scratch *s)
{
	scratch_clear(s, "job/dangling");
}

static void vanish_with_folder(const struct scratch *s)
{
	scratch_clear(s, "job/d");
}

static void become_link(const struct scratch *s)
{
	vanish(s);
	assert_int_equal(symlinkat("/etc/passwd", s->fd, "job/d/run"), 0);
}

static void become_fifo(const struct scratch *s)
{
	vanish(s);
	assert_int_equal(mkfifoat(s->fd, "job/d/run", 0600), 0);
}

static void become_folder(const struct scratch *s)
{
	vanish(s);
	assert_int_equal(mkdirat(s->fd, "job/d/run", 0700), 0);
}

static void link_becomes_file(const struct scratch *s)
{
	vanish_link(s);
	scratch_write(s, "job/dangling", "");
}

static void folder_becomes_file(const struct scratch *s)
{
	vanish_folder(s);
	scratch_write(s, "job/empty", "");
}

static void folder_becomes_link(const struct scratch *s)
{
	assert_int_equal(renameat(s->fd, "job/d", s->fd, "secret"), 0);
	assert_int_equal(symlinkat("../secret", s->fd, "job/d"), 0);
}

static void empty_folder_becomes_link(const struct scratch *s)
{
	vanish_folder(s);
	assert_int_equal(symlinkat(".", s->fd, "job/empty"), 0);
}

static void changed_inputs_are_an_error(void **state)
{
	static const struct {
		void (*change)(const struct scratch *s);
		int error;
	} rows[] = {
		{ vanish, -ENOENT },
		{ vanish_folder, -ENOENT },
		{ vanish_link, -ENOENT },
		{ vanish_with_folder, -ENOENT },
		{ become_link, -EINVAL },
		{ become_fifo, -EINVAL },
		{ become_folder, -EINVAL },
		{ link_becomes_file, -EINVAL },
		{ folder_becomes_file, -EINVAL },
		{ folder_becomes_link, -EINVAL },
		{ empty_folder_becomes_link, -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pair p = open_pair(job());
		int r;

		rows[i].change(&p.s);
		r = copytree_inputs(p.from, p.to, &p.inputs);
		if (r != rows[i].error)
			fail_msg("row %zu gives %d", i, r);
		close_pair(&p);
	}
}

static void fifos_are_no_inputs(void **state)
{
	struct scratch s = scratch_new();
	struct pair p;

	(void)state;
	assert_int_equal(mkdirat(s.fd, "job", 0700), 0);
	assert_int_equal(mkfifoat(s.fd, "job/fifo", 0600), 0);
	p = open_pair(s);
	assert_int_equal(copytree_inputs(p.from, p.to, &p.inputs), -EINVAL);
	close_pair(&p);
}

static void the_target_must_be_empty(void **state)
{
	struct pair p = open_pair(job());

	(void)state;
	assert_int_equal(copytree_inputs(p.from, p.to, &p.inputs), 0);
	assert_int_equal(copytree_inputs(p.from, p.to, &p.inputs), -EEXIST);
	assert_equal_copy(&p);
	close_pair(&p);
}

static void trouble_with_the_disk_is_told(void **state)
{
	struct pair p = open_pair(job());

	(void)state;
	fail_with = ENOSPC;
	assert_int_equal(copytree_inputs(p.from, p.to, &p.inputs), -ENOSPC);
	fail_with = EIO;
	scratch_clear(&p.s, "copy");
	assert_int_equal(mkdirat(p.s.fd, "copy", 0700), 0);
	close(p.to);
	p.to = safefs_open_dir(p.s.fd, "copy");
	assert_int_equal(copytree_inputs(p.from, p.to, &p.inputs), -EIO);
	fail_with = 0;
	close_pair(&p);
}

/* A manifest that somebody made up: entries behind a link that itself is an entry, or above. */
static void nothing_is_made_outside(void **state)
{
	static char out[] = "out", d[] = "out/d", l[] = "out/l", f[] = "out/f", up[] = "../up";
	static const struct {
		const char *path;
		char type;
	} rows[] = { { d, 'd' }, { l, 'l' }, { f, 'f' }, { up, 'd' }, { up, 'l' }, { up, 'f' } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scratch s = scratch_new();
		struct tree_entry made_up[2] = { { .path = out, .type = 'l' },
						 { .type = rows[i].type } };
		struct tree inputs = { .entries = made_up, .count = 2 };
		struct pair p;

		made_up[1].path = (char *)rows[i].path;
		assert_int_equal(mkdirat(s.fd, "job", 0700), 0);
		assert_int_equal(mkdirat(s.fd, "outside", 0700), 0);
		scratch_write(&s, "outside/f", "");
		assert_int_equal(symlinkat("x", s.fd, "outside/l"), 0);
		assert_int_equal(symlinkat("../outside", s.fd, "job/out"), 0);
		p = open_pair(s);
		assert_true(copytree_inputs(p.from, p.to, &inputs) < 0);
		assert_int_equal(fstatat(s.fd, "outside/d", &(struct stat){ 0 }, 0), -1);
		assert_int_equal(fstatat(s.fd, "up", &(struct stat){ 0 }, AT_SYMLINK_NOFOLLOW), -1);
		close_pair(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_copy_is_equal_by_every_way),
		cmocka_unit_test(the_copy_shares_no_inode),
		cmocka_unit_test(modes_groups_and_times_are_kept),
		cmocka_unit_test(changed_inputs_are_an_error),
		cmocka_unit_test(fifos_are_no_inputs),
		cmocka_unit_test(the_target_must_be_empty),
		cmocka_unit_test(trouble_with_the_disk_is_told),
		cmocka_unit_test(nothing_is_made_outside),
	};

	alarm(120); /* what blocks fails */
	return cmocka_run_group_tests_name("copytree", tests, NULL, NULL);
}
