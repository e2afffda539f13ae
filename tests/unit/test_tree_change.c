/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of lib/tree: by what one sees that a drop still changes, its fingerprint and writers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "changes.h"
#include "complaint.h"
#include "digest.h"
#include "kinds.h"
#include "tree.h"

#include <errno.h>
#include <signal.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* -- the fingerprint ---------------------------------------------------------------------------- */

static void fingerprint(const struct scratch *s, char *hex)
{
	int fd = safefs_open_dir(s->fd, "job");
	struct complaint c = { 0 };
	struct tree t;

	assert_int_equal(tree_look(fd, &t, &c), 0);
	tree_fingerprint(&t, hex);
	tree_free(&t);
	close(fd);
}

static void change_bytes(const struct scratch *s)
{
	scratch_write(s, "job/d/file", "BYTES");
	changes_set_mtime(s, "job/d/file", 1000); /* hides it, but for the ctime */
}

static void change_size(const struct scratch *s)
{
	scratch_write(s, "job/d/file", "longer bytes");
}

static void change_time(const struct scratch *s)
{
	changes_set_mtime(s, "job/d/file", 2000);
}

static void change_mode(const struct scratch *s)
{
	assert_int_equal(fchmodat(s->fd, "job/d/file", 0640, 0), 0);
}

static void change_inode(const struct scratch *s)
{
	scratch_write(s, "new", "bytes");
	changes_set_mtime(s, "new", 1000);
	assert_int_equal(renameat(s->fd, "new", s->fd, "job/d/file"), 0);
}

static void change_name(const struct scratch *s)
{
	assert_int_equal(renameat(s->fd, "job/d/file", s->fd, "job/d/File"), 0);
}

static void change_folder_name(const struct scratch *s)
{
	assert_int_equal(renameat(s->fd, "job/d", s->fd, "job/e"), 0);
}

static void change_link(const struct scratch *s)
{
	assert_int_equal(unlinkat(s->fd, "job/link", 0), 0);
	assert_int_equal(symlinkat("d/fil2", s->fd, "job/link"), 0);
}

static void change_kind(const struct scratch *s)
{
	assert_int_equal(unlinkat(s->fd, "job/d/file", 0), 0);
	assert_int_equal(mkdirat(s->fd, "job/d/file", 0700), 0);
}

static void add_file(const struct scratch *s)
{
	scratch_write(s, "job/d/more", "");
}

static void add_folder(const struct scratch *s)
{
	assert_int_equal(mkdirat(s->fd, "job/d/more", 0700), 0);
}

static void add_like_ours_below(const struct scratch *s)
{
	scratch_write(s, "job/d/stdout.txt", "");
}

static void remove_file(const struct scratch *s)
{
	assert_int_equal(unlinkat(s->fd, "job/d/file", 0), 0);
}

static void move_job(const struct scratch *s)
{
	assert_int_equal(renameat(s->fd, "job", s->fd, "moved"), 0);
	assert_int_equal(renameat(s->fd, "moved", s->fd, "job"), 0);
}

static void add_ours(const struct scratch *s)
{
	scratch_write(s, "job/.spool-manifest", "");
	scratch_write(s, "job/stdout.txt", "");
	scratch_write(s, "job/attempts/1/x", "");
}

static void add_litter(const struct scratch *s)
{
	scratch_write(s, "job/.DS_Store", "");
	scratch_write(s, "job/d/._file", "");
	scratch_write(s, "job/d/.nfs0001", "");
}

static void read_all(const struct scratch *s)
{
	char *text;
	size_t len;

	assert_int_equal(safefs_read(s->fd, "job/d/file", 100, &text, &len, NULL), 0);
	free(text);
}

static void the_fingerprint_tells_every_change(void **state)
{
	static const struct {
		const char *what;
		void (*change)(const struct scratch *s);
		bool told;
	} rows[] = {
		{ "bytes", change_bytes, true },
		{ "size", change_size, true },
		{ "time", change_time, true },
		{ "mode", change_mode, true },
		{ "inode", change_inode, true },
		{ "name", change_name, true },
		{ "folder's name", change_folder_name, true },
		{ "link", change_link, true },
		{ "kind", change_kind, true },
		{ "one more file", add_file, true },
		{ "one more folder", add_folder, true },
		{ "stdout.txt of a subfolder", add_like_ours_below, true },
		{ "one file less", remove_file, true },
		{ "the job was moved", move_job, false },
		{ "files of ours", add_ours, false },
		{ "litter", add_litter, false },
		{ "somebody has read it", read_all, false },
	};
	char before[DIGEST_HEX_SIZE], after[DIGEST_HEX_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scratch s = scratch_new();

		scratch_write(&s, "job/d/file", "bytes");
		scratch_write(&s, "job/other", "");
		assert_int_equal(symlinkat("d/file", s.fd, "job/link"), 0);
		changes_set_mtime(&s, "job/d/file", 1000);
		fingerprint(&s, before);
		fingerprint(&s, after);
		assert_string_equal(before, after);
		assert_int_equal(strspn(before, "0123456789abcdef"), DIGEST_HEX_SIZE - 1);
		changes_next_tick(&s);
		rows[i].change(&s);
		fingerprint(&s, after);
		if ((strcmp(before, after) != 0) != rows[i].told)
			fail_msg("%s: %s", rows[i].what, rows[i].told ? "not told" : "told");
		scratch_free(&s);
	}
}

/* -- writers ------------------------------------------------------------------------------------ */

static int writers(const struct scratch *s)
{
	int fd = safefs_open_dir(s->fd, "job"), r;
	struct complaint c = { 0 };
	struct tree t;

	assert_int_equal(tree_look(fd, &t, &c), 0);
	r = tree_writers(fd, &t);
	tree_free(&t);
	close(fd);
	return r;
}

static void writers_are_found_anywhere(void **state)
{
	struct scratch s = kinds();
	int fd;

	(void)state;
	assert_int_equal(mkdirat(s.fd, "job", 0700), 0);
	assert_int_equal(writers(&s), SAFEFS_NO_WRITER);
	assert_int_equal(renameat(s.fd, "dir", s.fd, "job/dir"), 0);
	assert_int_equal(renameat(s.fd, "fifo", s.fd, "job/fifo"), 0);
	scratch_write(&s, "job/a", "");
	scratch_write(&s, "job/d/e/z", "");
	fd = openat(s.fd, "job/a", O_RDONLY | O_CLOEXEC);
	if (safefs_writers(fd) == SAFEFS_WRITER_UNKNOWN) {
		print_message("# no leases below %s\n", s.path);
		skip();
	}
	assert_int_equal(writers(&s), SAFEFS_NO_WRITER); /* who reads does not count */
	close(fd);
	fd = openat(s.fd, "job/d/e/z", O_WRONLY | O_CLOEXEC);
	assert_int_equal(writers(&s), SAFEFS_WRITER);
	close(fd);
	assert_int_equal(writers(&s), SAFEFS_NO_WRITER);
	scratch_free(&s);
}

/* A client that may write has a lease; asked for the file it gives it back, in its own time. */
static void a_lease_for_writing_is_a_writer(void **state)
{
	struct scratch s = scratch_new();
	sigset_t io;
	int fd;

	(void)state;
	sigemptyset(&io);
	sigaddset(&io, SIGIO);
	sigprocmask(SIG_BLOCK, &io, NULL);
	scratch_write(&s, "job/lent", "");
	fd = openat(s.fd, "job/lent", O_RDWR | O_CLOEXEC);
	if (fcntl(fd, F_SETLEASE, F_WRLCK) < 0) {
		print_message("# no leases below %s\n", s.path);
		skip();
	}
	assert_int_equal(writers(&s), SAFEFS_WRITER);
	close(fd);
	assert_int_equal(writers(&s), SAFEFS_NO_WRITER);
	scratch_free(&s);
}

/* What cannot be opened is no proof of anything. */
static void what_is_not_seen_is_not_said(void **state)
{
	struct scratch s = scratch_new();
	struct tree_entry entry = { .path = (char *)"a", .type = 'f' };
	const struct tree t = { .entries = &entry, .count = 1 };

	(void)state;
	assert_int_equal(tree_writers(s.fd, &t), -ENOENT);
	assert_int_equal(symlinkat("b", s.fd, "a"), 0);
	assert_int_equal(tree_writers(s.fd, &t), SAFEFS_WRITER_UNKNOWN);
	scratch_write(&s, "d/file", "");
	entry.path = (char *)"d/file/below";
	assert_int_equal(tree_writers(s.fd, &t), SAFEFS_WRITER_UNKNOWN);
	assert_int_equal(tree_writers(-1, &t), -EBADF); /* asked again */
	scratch_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fingerprint_tells_every_change),
		cmocka_unit_test(writers_are_found_anywhere),
		cmocka_unit_test(a_lease_for_writing_is_a_writer),
		cmocka_unit_test(what_is_not_seen_is_not_said),
	};

	alarm(60); /* what blocks fails */
	return cmocka_run_group_tests_name("tree_change", tests, NULL, NULL);
}
