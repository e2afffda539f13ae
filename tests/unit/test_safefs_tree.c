/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of lib/safefs: looking, listing, removing trees, finding writers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kinds.h"
#include "rmtree.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/wait.h>

#define STRANGER 54323 /* anybody but root */

static bool exists(const struct scratch *s, const char *name)
{
	struct stat st;

	return fstatat(s->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* -- looking and listing ------------------------------------------------------------------------ */

static void a_look_tells_what_is_there(void **state)
{
	static const struct {
		const char *name;
		mode_t type;
	} rows[] = {
		{ "dir", S_IFDIR },	 { "closed", S_IFDIR }, { "dir/file", S_IFREG },
		{ "secret", S_IFREG },	 { "link", S_IFLNK },	{ "up", S_IFLNK },
		{ "dangling", S_IFLNK }, { "fifo", S_IFIFO },	{ "socket", S_IFSOCK },
	};
	struct scratch s = kinds();
	struct stat st;

	(void)state;
	scratch_write(&s, "secret", "");
	assert_int_equal(fchmodat(s.fd, "secret", 0, 0), 0);
	assert_int_equal(mkdirat(s.fd, "closed", 0), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(safefs_look(s.fd, rows[i].name, &st), 0);
		assert_int_equal(st.st_mode & S_IFMT, rows[i].type);
		assert_int_equal(safefs_look(s.fd, rows[i].name, NULL), 0);
	}
	assert_int_equal(safefs_look(s.fd, "missing", &st), -ENOENT);
	assert_int_equal(safefs_look(s.fd, "dir/file/x", &st), -ENOTDIR);
	scratch_free(&s);
}

struct seen {
	char names[256];
	unsigned char types[16];
	unsigned count, stop_at;
};

static int note(const char *name, unsigned char type, void *arg)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->names);

	snprintf(seen->names + len, sizeof(seen->names) - len, "[%s]", name);
	seen->types[seen->count++] = type;
	errno = EDOM; /* is no error of the listing */
	return seen->count == seen->stop_at ? 7 : 0;
}

static void a_list_has_all_but_the_dots(void **state)
{
	struct seen seen = { .count = 0 }, one = { .stop_at = 1 }, none = { .count = 0 };
	struct scratch s = kinds();

	(void)state;
	assert_int_equal(safefs_list(s.fd, ".", note, &seen), 0);
	assert_int_equal(seen.count, 8);
	assert_non_null(strstr(seen.names, "[dir]"));
	assert_non_null(strstr(seen.names, "[dangling]"));
	assert_null(strstr(seen.names, "[.]"));
	assert_null(strstr(seen.names, "[..]"));
	assert_int_equal(safefs_list(s.fd, ".", note, &one), 7);
	assert_int_equal(one.count, 1);
	assert_int_equal(mkdirat(s.fd, "none", 0700), 0);
	assert_int_equal(safefs_list(s.fd, "none", note, &none), 0);
	scratch_write(&s, "none/late", "");
	assert_int_equal(safefs_list(s.fd, "none", note, &none), 0);
	assert_string_equal(none.names, "[late]");
	assert_int_equal(safefs_list(s.fd, "missing", note, &none), -ENOENT);
	assert_int_equal(safefs_list(s.fd, "dir/file", note, &none), -ENOTDIR);
	assert_int_equal(safefs_list(s.fd, "dirlink", note, &none), -ENOTDIR);
	assert_int_equal(none.count, 1);
	scratch_free(&s);
}

/* -- removing trees ----------------------------------------------------------------------------- */

/* A chain of folders "t/d/d/...", a file in each; those far down are sealed. */
static void make_deep(const struct scratch *s, unsigned levels)
{
	int at = dup(s->fd);

	for (unsigned i = 0; i < levels; i++) {
		const char *name = i ? "d" : "t";
		int file, next;

		assert_int_equal(mkdirat(at, name, 0700), 0);
		next = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		file = openat(next, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		assert_true(file >= 0);
		close(file);
		if (i > 100)
			assert_int_equal(fchmod(at, 0500), 0);
		close(at);
		at = next;
	}
	close(at);
}

static void deep_and_wide_trees_go(void **state)
{
	struct scratch s = scratch_new();

	(void)state;
	make_deep(&s, 100);
	for (unsigned i = 0; i < 1000; i++) {
		char name[64];

		snprintf(name, sizeof(name), "t/wide/%u", i);
		scratch_write(&s, name, "");
	}
	assert_int_equal(rmtree(s.fd, "t"), 0);
	assert_false(exists(&s, "t"));
	scratch_free(&s);
}

/* Deeper than levels are held open, and than a path may be long. */
static void no_tree_is_too_deep(void **state)
{
	static const unsigned levels[] = { 127, 128, 129, 257, 1000 };
	struct scratch s = scratch_new();

	(void)state;
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		make_deep(&s, levels[i]);
		assert_int_equal(rmtree(s.fd, "t"), 0);
		assert_false(exists(&s, "t"));
	}
	scratch_free(&s);
}

static void links_are_removed_not_followed(void **state)
{
	struct scratch s = scratch_new();

	(void)state;
	scratch_write(&s, "outside/file", "stays");
	scratch_write(&s, "t/file", "");
	assert_int_equal(symlinkat("../outside", s.fd, "t/link"), 0);
	assert_int_equal(symlinkat("../outside/file", s.fd, "t/filelink"), 0);
	assert_int_equal(symlinkat("..", s.fd, "t/up"), 0);
	assert_int_equal(linkat(s.fd, "outside/file", s.fd, "t/hard", 0), 0);
	assert_int_equal(mkfifoat(s.fd, "t/fifo", 0600), 0);
	assert_int_equal(rmtree(s.fd, "t"), 0);
	assert_false(exists(&s, "t"));
	assert_int_equal(symlinkat("outside", s.fd, "t"), 0);
	assert_int_equal(rmtree(s.fd, "t"), 0);
	assert_false(exists(&s, "t"));
	assert_true(exists(&s, "outside/file"));
	scratch_free(&s);
}

static void closed_folders_are_opened(void **state)
{
	static const mode_t modes[] = { 0500, 0555, 0400, 0300, 0100, 0 };
	struct scratch s = scratch_new();

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		scratch_write(&s, "t/a/b/file", "");
		assert_int_equal(fchmodat(s.fd, "t/a/b/file", 0, 0), 0);
		assert_int_equal(fchmodat(s.fd, "t/a/b", modes[i], 0), 0);
		assert_int_equal(fchmodat(s.fd, "t/a", modes[i], 0), 0);
		assert_int_equal(fchmodat(s.fd, "t", modes[i], 0), 0);
		assert_int_equal(rmtree(s.fd, "t"), 0);
		assert_false(exists(&s, "t"));
	}
	scratch_free(&s);
}

static void what_is_not_there_is_removed(void **state)
{
	struct scratch s = scratch_new();

	(void)state;
	assert_int_equal(rmtree(s.fd, "t"), 0);
	scratch_write(&s, "file", "");
	assert_int_equal(rmtree(s.fd, "file"), 0);
	assert_false(exists(&s, "file"));
	assert_int_equal(mkdirat(s.fd, "empty", 0700), 0);
	assert_int_equal(rmtree(s.fd, "empty"), 0);
	assert_false(exists(&s, "empty"));
	scratch_free(&s);
}

/* -- writers ------------------------------------------------------------------------------------ */

/* A process that has the file open until end_holder. */
static pid_t start_holder(const struct scratch *s, const char *name, int flags, int ret_ends[2])
{
	int ready[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(ret_ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ret_ends[1]);
		if (openat(s->fd, name, flags | O_CLOEXEC) < 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		_exit(read(ret_ends[0], &byte, 1) < 0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void end_holder(pid_t pid, const int ends[2])
{
	int status;

	close(ends[0]);
	close(ends[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Does this file system have leases at all? */
static void need_leases(const struct scratch *s)
{
	int fd;

	scratch_write(s, "probe", "");
	fd = openat(s->fd, "probe", O_RDONLY | O_CLOEXEC);
	if (safefs_writers(fd) == SAFEFS_WRITER_UNKNOWN) {
		print_message("# no leases below %s\n", s->path);
		skip();
	}
	close(fd);
}

static void a_writer_is_seen_while_he_writes(void **state)
{
	static const struct {
		int flags;
		enum safefs_writers verdict;
	} rows[] = {
		{ O_RDONLY, SAFEFS_NO_WRITER },
		{ O_WRONLY, SAFEFS_WRITER },
		{ O_RDWR, SAFEFS_WRITER },
		{ O_WRONLY | O_APPEND, SAFEFS_WRITER },
	};
	struct scratch s = scratch_new();

	(void)state;
	need_leases(&s);
	scratch_write(&s, "file", "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = safefs_open(s.fd, "file", O_RDONLY, 0), ends[2];
		pid_t pid = start_holder(&s, "file", rows[i].flags, ends);

		assert_int_equal(safefs_writers(fd), rows[i].verdict);
		assert_int_equal(safefs_writers(fd), rows[i].verdict);
		end_holder(pid, ends);
		assert_int_equal(safefs_writers(fd), SAFEFS_NO_WRITER);
		close(fd);
	}
	scratch_free(&s);
}

static volatile sig_atomic_t signalled;

static void note_signal(int signal_number)
{
	signalled = signal_number;
}

/* Who comes to write later neither waits nor makes the kernel send a signal. */
static void the_lease_is_given_back(void **state)
{
	struct scratch s = scratch_new();
	int fd, ends[2];

	(void)state;
	need_leases(&s);
	signal(SIGIO, note_signal);
	scratch_write(&s, "file", "");
	fd = safefs_open(s.fd, "file", O_RDONLY, 0);
	assert_int_equal(safefs_writers(fd), SAFEFS_NO_WRITER);
	assert_int_equal(fcntl(fd, F_GETLEASE), F_UNLCK);
	end_holder(start_holder(&s, "file", O_WRONLY | O_NONBLOCK, ends), ends);
	assert_int_equal(signalled, 0);
	signal(SIGIO, SIG_DFL);
	close(fd);
	scratch_free(&s);
}

/* Of another's file an ordinary user learns nothing; of a folder nobody does. */
static void the_rest_is_unknown(void **state)
{
	struct scratch s = kinds();
	int fd = safefs_open(s.fd, "dir", O_RDONLY, 0), status;
	pid_t pid;

	(void)state;
	assert_int_equal(safefs_writers(fd), SAFEFS_WRITER_UNKNOWN);
	close(fd);
	assert_int_equal(safefs_writers(-1), SAFEFS_WRITER_UNKNOWN);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (geteuid() == 0 &&
		    (setgroups(0, NULL) < 0 || setgid(STRANGER) < 0 || setuid(STRANGER) < 0))
			_exit(100);
		fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
		_exit(fd < 0 ? 101 : (int)safefs_writers(fd));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), SAFEFS_WRITER_UNKNOWN);
	scratch_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_look_tells_what_is_there),
		cmocka_unit_test(a_list_has_all_but_the_dots),
		cmocka_unit_test(deep_and_wide_trees_go),
		cmocka_unit_test(no_tree_is_too_deep),
		cmocka_unit_test(links_are_removed_not_followed),
		cmocka_unit_test(closed_folders_are_opened),
		cmocka_unit_test(what_is_not_there_is_removed),
		cmocka_unit_test(a_writer_is_seen_while_he_writes),
		cmocka_unit_test(the_lease_is_given_back),
		cmocka_unit_test(the_rest_is_unknown),
	};

	alarm(60); /* what blocks fails */
	return cmocka_run_group_tests_name("safefs_tree", tests, NULL, NULL);
}
