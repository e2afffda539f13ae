/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of lib/safefs: opening, reading, creating, replacing. fsync is the test's
 * own: it counts, and it can fail. test_safefs_rename and test_safefs_tree have the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kinds.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <signal.h>

static unsigned fsyncs;
static int fsync_fails;

int fsync(int fd)
{
	assert_true(fcntl(fd, F_GETFD) >= 0);
	fsyncs++;
	if (!fsync_fails)
		return 0;
	errno = fsync_fails;
	return -1;
}

static bool exists(const struct scratch *s, const char *name)
{
	struct stat st;

	return fstatat(s->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void assert_text(const struct scratch *s, const char *name, const char *expected)
{
	char *text;
	size_t len;

	assert_int_equal(safefs_read(s->fd, name, 4096, &text, &len, NULL), 0);
	assert_string_equal(text, expected);
	free(text);
}

/* -- opening ------------------------------------------------------------------------------------ */

/* other: another right answer, of kernels without openat2. */
static const struct opening {
	const char *path;
	int flags, answer, other;
} openings[] = {
	{ "dir/file", O_RDONLY, 0, 0 },
	{ "./dir/file", O_RDONLY, 0, 0 },
	{ "dir", O_RDONLY, 0, 0 },
	{ ".", O_RDONLY, 0, 0 },
	{ "dir", O_RDONLY | O_DIRECTORY, 0, 0 },
	{ "dir/file", O_RDONLY | O_DIRECTORY, -ENOTDIR, 0 },
	{ "dir", O_WRONLY, -EISDIR, 0 },
	{ "dir/file/x", O_RDONLY, -ENOTDIR, 0 },
	{ "missing", O_RDONLY, -ENOENT, 0 },
	{ "missing/file", O_RDONLY, -ENOENT, 0 },
	{ "", O_RDONLY, -ENOENT, 0 },
	{ "link", O_RDONLY, -ELOOP, 0 },
	{ "link", O_WRONLY | O_CREAT, -ELOOP, 0 },
	{ "dangling", O_WRONLY | O_CREAT, -ELOOP, 0 },
	{ "dangling", O_WRONLY | O_CREAT | O_EXCL, -EEXIST, 0 },
	{ "dir/link", O_RDONLY, -ELOOP, 0 },
	{ "dirlink", O_RDONLY, -ELOOP, 0 },
	{ "dirlink", O_RDONLY | O_DIRECTORY, -ELOOP, -ENOTDIR },
	{ "dirlink/file", O_RDONLY, -ELOOP, -ENOTDIR },
	{ "dirlink/", O_RDONLY, -ELOOP, -ENOTDIR },
	{ "away", O_RDONLY, -ELOOP, 0 },
	{ "up", O_RDONLY, -ELOOP, 0 },
	{ "up/x", O_RDONLY, -ELOOP, -ENOTDIR },
	{ "/", O_RDONLY, -EXDEV, 0 },
	{ "/etc/passwd", O_RDONLY, -EXDEV, 0 },
	{ "..", O_RDONLY, -EXDEV, 0 },
	{ "../x", O_RDONLY, -EXDEV, 0 },
	{ "dir/../..", O_RDONLY, -EXDEV, 0 },
	{ "dir/../../x", O_RDONLY, -EXDEV, 0 },
	{ "fifo", O_RDONLY, 0, 0 }, /* without waiting for a writer */
	{ "fifo", O_WRONLY, -ENXIO, 0 },
	{ "socket", O_RDONLY, -ENXIO, 0 },
	{ "dir/file", O_WRONLY | O_CREAT | O_EXCL, -EEXIST, 0 },
	{ "dir/fresh", O_WRONLY | O_CREAT | O_EXCL, 0, 0 },
};

/* The first opening with a wrong answer, or NULL. */
static const struct opening *try_openings(const struct scratch *s)
{
	for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
		const struct opening *o = &openings[i];
		int fd = safefs_open(s->fd, o->path, o->flags, 0600);
		bool right = fd == o->answer || (o->other && fd == o->other);

		if (fd >= 0) {
			right = o->answer == 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) &&
				(fcntl(fd, F_GETFL) & O_NONBLOCK);
			close(fd);
		}
		if (!right) {
			fprintf(stderr, "# \"%s\" with flags %#o gives %d\n", o->path,
				(unsigned)o->flags, fd);
			return o;
		}
	}
	return NULL;
}

static void opening_stays_beneath(void **state)
{
	struct scratch s = kinds();

	(void)state;
	assert_null(try_openings(&s));
	scratch_free(&s);
}

static void links_of_the_kernel_are_not_followed(void **state)
{
	int fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(safefs_open(fd, "0", O_RDONLY, 0), -ELOOP);
	assert_int_equal(safefs_open(fd, "../cwd", O_RDONLY, 0), -EXDEV);
	close(fd);
}

/* From here on openat2 answers so. */
static void forbid_openat2(unsigned error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(77);
}

static void older_kernels_and_sandboxes_do_too(void **state)
{
	static const unsigned answers[] = { ENOSYS, EPERM };

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct scratch s = kinds();
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (pid == 0) {
			forbid_openat2(answers[i]);
			_exit(try_openings(&s) != NULL);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		scratch_free(&s);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
			print_message("# seccomp is not to be had\n");
			skip();
		}
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

static void folders_are_opened_by_path(void **state)
{
	struct scratch s = kinds();
	int fd = safefs_open_dir(s.fd, "dir");

	(void)state;
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	assert_int_equal(safefs_open_dir(s.fd, "missing"), -ENOENT);
	assert_int_equal(safefs_open_dir(s.fd, "dir/file"), -ENOTDIR);
	assert_int_equal(safefs_open_dir(s.fd, "fifo"), -ENOTDIR);
	assert_int_equal(safefs_open_dir(s.fd, "dirlink"), -ENOTDIR);
	scratch_free(&s);
}

/* -- reading ------------------------------------------------------------------------------------ */

static void what_is_no_small_file_is_refused(void **state)
{
	static const struct {
		const char *path;
		size_t max;
		int answer;
	} rows[] = {
		{ "dir/file", 5, 0 },
		{ "dir/file", 4, -EFBIG },
		{ "dir/file", 0, -EFBIG },
		{ "missing", 100, -ENOENT },
		{ "dir", 100, -EINVAL },
		{ "fifo", 100, -EINVAL },
		{ "socket", 100, -EINVAL },
		{ "link", 100, -ELOOP },
		{ "away", 1 << 20, -ELOOP },
		{ "up/x", 100, -ELOOP },
		{ "../x", 100, -EXDEV },
		{ "/etc/passwd", 1 << 20, -EXDEV },
		{ "empty", 0, 0 },
		{ "dangling", 100, -ELOOP },
		{ "dirlink/file", 100, -ELOOP },
	};
	struct scratch s = kinds();

	(void)state;
	scratch_write(&s, "empty", "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = NULL;
		size_t len = 99;
		int r = safefs_read(s.fd, rows[i].path, rows[i].max, &text, &len, NULL);

		if (r != rows[i].answer)
			fail_msg("\"%s\" gives %d", rows[i].path, r);
		assert_int_equal(text != NULL, r == 0);
		if (r == 0)
			assert_int_equal(text[len], 0);
		free(text);
	}
	scratch_free(&s);
}

static void any_bytes_are_read_whole(void **state)
{
	static const size_t sizes[] = { 0, 1, 4094, 4095, 4096, 4097, 70000 };
	struct scratch s = scratch_new();

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *bytes = xcalloc(1, sizes[i] + 1), *text;
		struct stat st;
		size_t len;

		for (size_t k = 0; k < sizes[i]; k++)
			bytes[k] = (char)(k * 7);
		scratch_bytes(&s, "file", bytes, sizes[i]);
		assert_int_equal(safefs_read(s.fd, "file", sizes[i], &text, &len, &st), 0);
		assert_int_equal(len, sizes[i]);
		assert_int_equal(st.st_size, sizes[i]);
		assert_memory_equal(text, bytes, len + 1);
		free(text);
		free(bytes);
	}
	scratch_free(&s);
}

/* Files of /proc have no size, so they look like files that grow while they are read. */
static void growing_files_are_not_cut(void **state)
{
	int proc = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *text = NULL;
	size_t len;

	(void)state;
	assert_true(proc >= 0);
	assert_int_equal(safefs_read(proc, "smaps", 1 << 20, &text, &len, NULL), -EAGAIN);
	assert_int_equal(safefs_read(proc, "smaps", 100, &text, &len, NULL), -EFBIG);
	assert_null(text);
	assert_int_equal(safefs_read(proc, "comm", 100, &text, &len, NULL), 0);
	assert_int_equal(text[len - 1], '\n');
	free(text);
	close(proc);
}

/* -- creating and replacing --------------------------------------------------------------------- */

/* Files may not become larger than this. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes == RLIM_INFINITY ? limit.rlim_max : bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void creating_is_for_fresh_names(void **state)
{
	static const char *const taken[] = {
		"dir", "dir/file", "link", "dangling", "fifo", "socket"
	};
	struct scratch s = kinds();
	struct stat st;
	int fd;

	(void)state;
	umask(0);
	assert_int_equal(safefs_create(s.fd, "new", "abc", 3, 0640, NULL), 0);
	umask(022);
	assert_text(&s, "new", "abc");
	assert_int_equal(fstatat(s.fd, "new", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		assert_int_equal(safefs_create(s.fd, taken[i], "abc", 3, 0600, &fd), -EEXIST);
	assert_false(exists(&s, "nowhere"));
	assert_text(&s, "dir/file", "bytes");
	assert_int_equal(safefs_create(s.fd, "open", "abc", 3, 0600, &fd), 0);
	assert_int_equal(safefs_write_all(fd, "def", 3), 0);
	close(fd);
	assert_text(&s, "open", "abcdef");
	scratch_free(&s);
}

static void a_full_disk_leaves_nothing(void **state)
{
	struct scratch s = scratch_new();
	char *bytes = xcalloc(1, 10000);
	int fd;

	(void)state;
	scratch_write(&s, "old", "old");
	limit_files(5000);
	assert_int_equal(safefs_create(s.fd, "new", bytes, 10000, 0600, NULL), -EFBIG);
	assert_int_equal(safefs_create(s.fd, "new", bytes, 10000, 0600, &fd), -EFBIG);
	assert_int_equal(safefs_replace(s.fd, "old", bytes, 10000, 0600, true), -EFBIG);
	limit_files(RLIM_INFINITY);
	assert_false(exists(&s, "new"));
	assert_false(exists(&s, ".tmp-old"));
	assert_text(&s, "old", "old");
	free(bytes);
	scratch_free(&s);
}

static void replacing_is_whole_or_not_at_all(void **state)
{
	struct scratch s = kinds();
	struct stat st;
	char text[10];
	int fd;

	(void)state;
	scratch_write(&s, "name", "old");
	fd = openat(s.fd, "name", O_RDONLY | O_CLOEXEC);
	scratch_write(&s, ".tmp-name", "left by a crash, longer than what comes");
	assert_int_equal(safefs_replace(s.fd, "name", "new", 3, 0604, false), 0);
	assert_text(&s, "name", "new");
	assert_false(exists(&s, ".tmp-name"));
	assert_int_equal(fstatat(s.fd, "name", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0604);
	/* Who has the old one open reads on in it. */
	assert_int_equal(read(fd, text, sizeof(text)), 3);
	assert_memory_equal(text, "old", 3);
	close(fd);
	/* A link is replaced itself. */
	assert_int_equal(safefs_replace(s.fd, "link", "new", 3, 0600, false), 0);
	assert_text(&s, "link", "new");
	assert_text(&s, "dir/file", "bytes");
	/* A link in the temporary's place is not followed. */
	assert_int_equal(symlinkat("dir/file", s.fd, ".tmp-name"), 0);
	assert_int_equal(safefs_replace(s.fd, "name", "newer", 5, 0600, false), 0);
	assert_text(&s, "name", "newer");
	assert_text(&s, "dir/file", "bytes");
	assert_int_equal(safefs_replace(s.fd, "dir", "new", 3, 0600, false), -EISDIR);
	assert_false(exists(&s, ".tmp-dir"));
	scratch_free(&s);
}

static void durable_is_the_file_and_its_folder(void **state)
{
	struct scratch s = scratch_new();

	(void)state;
	fsyncs = 0;
	assert_int_equal(safefs_replace(s.fd, "name", "a", 1, 0600, false), 0);
	assert_int_equal(fsyncs, 0);
	assert_int_equal(safefs_replace(s.fd, "name", "b", 1, 0600, true), 0);
	assert_int_equal(fsyncs, 2);
	fsync_fails = EIO;
	assert_int_equal(safefs_replace(s.fd, "name", "c", 1, 0600, true), -EIO);
	fsync_fails = 0;
	assert_text(&s, "name", "b");
	assert_false(exists(&s, ".tmp-name"));
	scratch_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opening_stays_beneath),
		cmocka_unit_test(links_of_the_kernel_are_not_followed),
		cmocka_unit_test(older_kernels_and_sandboxes_do_too),
		cmocka_unit_test(folders_are_opened_by_path),
		cmocka_unit_test(what_is_no_small_file_is_refused),
		cmocka_unit_test(any_bytes_are_read_whole),
		cmocka_unit_test(growing_files_are_not_cut),
		cmocka_unit_test(creating_is_for_fresh_names),
		cmocka_unit_test(a_full_disk_leaves_nothing),
		cmocka_unit_test(replacing_is_whole_or_not_at_all),
		cmocka_unit_test(durable_is_the_file_and_its_folder),
	};

	alarm(60); /* what blocks fails */
	return cmocka_run_group_tests_name("safefs", tests, NULL, NULL);
}
