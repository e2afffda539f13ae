/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of lib/spool: where a program keeps what is local to it. Each case runs in a process
 * of its own, because it changes who it is and what its environment says. fstatfs is the test's
 * own, to be on NFS below some paths. Touches /var/tmp/spool-<uid>, as the programs do, and tidies
 * up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "newshare.h"
#include "rmtree.h"

#include <errno.h>
#include <grp.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <sys/wait.h>

static struct newshare share;
static uid_t stranger;	   /* whom root becomes; another one in each run */
static char *corner;	   /* /var/tmp/spool-<uid> of who runs the cases */
static const char *on_nfs; /* paths that contain this are on NFS */

int fstatfs(int fd, struct statfs *ret)
{
	char link[64], path[4096];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		return -1;
	path[len] = '\0';
	memset(ret, 0, sizeof(*ret));
	ret->f_type = on_nfs && strstr(path, on_nfs) ? NFS_SUPER_MAGIC : EXT4_SUPER_MAGIC;
	return 0;
}

/* -- a process per case ------------------------------------------------------------------------- */

#define CHECK(condition)                                                          \
	do {                                                                      \
		if (!(condition)) {                                               \
			fprintf(stderr, "# line %d: %s\n", __LINE__, #condition); \
			return 1;                                                 \
		}                                                                 \
	} while (0)

/* Runs the case as an ordinary user. 0: all was right. */
static int as_user(int (*run)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		if (geteuid() == 0 &&
		    (setgroups(0, NULL) < 0 || setgid(stranger) < 0 || setuid(stranger) < 0))
			_exit(100);
		unsetenv("XDG_STATE_HOME");
		unsetenv("HOME");
		_exit(run());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static char *below(const char *name)
{
	return xasprintf("%s/user/%s", share.root.path, name);
}

/* Is path a folder of ours that others cannot enter? */
static bool is_private(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       (st.st_mode & 07777) == 0700;
}

static void set_path(const char *variable, const char *name)
{
	char *path = below(name);

	setenv(variable, path, 1);
	free(path);
}

/* -- by option ---------------------------------------------------------------------------------- */

static int accepted(const char *given)
{
	for (int again = 0; again < 2; again++) {
		char *why = NULL, *path = spool_state_dir(&share.sp, given, "test", &why);

		CHECK(path && strcmp(path, given) == 0 && !why);
		free(path);
	}
	return 0;
}

static int given_is_made(void)
{
	static const char *const names[] = { "one", "two/three/four", "five//six", "seven/" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *given = below(names[i]);

		CHECK(accepted(given) == 0);
		CHECK(is_private(given));
		free(given);
	}
	return 0;
}

/* Says what is wrong with the path and what to do. */
static int refused(const char *given, const char *what)
{
	char *why = NULL, *path = spool_state_dir(&share.sp, given, "test", &why);

	CHECK(!path && why);
	if (!strstr(why, what) || !strstr(why, given) || !strstr(why, "--state")) {
		fprintf(stderr, "# \"%s\" lacks \"%s\"\n", why, what);
		return 1;
	}
	free(why);
	return 0;
}

static int given_is_refused(void)
{
	char *file = below("file"), *in_file = below("file/x"), *sealed = below("sealed/x"),
	     *wide = below("wide");
	char *dangling = below("dangling"), *far = below("far");

	CHECK(close(open(file, O_WRONLY | O_CREAT, 0600)) == 0);
	CHECK(refused(file, "cannot be opened (Not a directory)") == 0);
	CHECK(refused(in_file, "cannot be made (Not a directory)") == 0);
	CHECK(symlink("nowhere", dangling) == 0);
	CHECK(refused(dangling, "cannot be opened (No such file or directory)") == 0);
	*strrchr(sealed, '/') = '\0';
	CHECK(mkdir(sealed, 0500) == 0);
	sealed[strlen(sealed)] = '/';
	CHECK(refused(sealed, "cannot be made (Permission denied)") == 0);
	CHECK(refused("/", "belongs to another user") == 0);
	CHECK(refused("/tmp", "belongs to another user") == 0);
	CHECK(mkdir(wide, 0700) == 0 && chmod(wide, 0777) == 0);
	CHECK(refused(wide, "may be written by everybody") == 0);
	CHECK(chmod(wide, 0755) == 0);
	CHECK(accepted(wide) == 0);
	on_nfs = "/far";
	CHECK(refused(far, "is on a NFS") == 0);
	free(file);
	free(in_file);
	free(sealed);
	free(wide);
	free(dangling);
	free(far);
	return 0;
}

/* -- by default --------------------------------------------------------------------------------- */

/* What is chosen when nothing is given must be this; why stays NULL. */
static int chosen(const char *expected)
{
	static const char *const nothing[] = { NULL, "" };

	for (size_t i = 0; i < 2; i++) {
		char *why = NULL, *path = spool_state_dir(&share.sp, nothing[i], "test", &why);

		if (!path || strcmp(path, expected) != 0) {
			fprintf(stderr, "# \"%s\" (%s), expected \"%s\"\n", path ? path : "-",
				why ? why : "-", expected);
			return 1;
		}
		CHECK(is_private(path));
		CHECK(!why);
		free(path);
	}
	return 0;
}

static int defaults_by_environment(void)
{
	char *xdg = xasprintf("%s/user/xdg/spool/%s/test", share.root.path, share.sp.id);
	char *home = xasprintf("%s/user/home/.local/state/spool/%s/test", share.root.path,
			       share.sp.id);

	set_path("XDG_STATE_HOME", "xdg");
	set_path("HOME", "home");
	CHECK(chosen(xdg) == 0);
	setenv("XDG_STATE_HOME", "relative/is/ignored", 1);
	CHECK(chosen(home) == 0);
	setenv("XDG_STATE_HOME", "", 1);
	CHECK(chosen(home) == 0);
	unsetenv("XDG_STATE_HOME");
	CHECK(chosen(home) == 0);
	free(xdg);
	free(home);
	return 0;
}

/* Was the corner there before? Then it is somebody's who works on this machine: hands off. */
static bool corner_is_free(void)
{
	struct stat st;

	return lstat(corner, &st) < 0 && errno == ENOENT;
}

static void tidy_corner(void)
{
	char *own = xasprintf("%s/%s", corner, share.sp.id);

	rmtree(AT_FDCWD, own);
	rmdir(corner); /* unless others of the same user are in it */
	free(own);
}

static int fallback_is_in_var_tmp(void)
{
	char *expected = xasprintf("%s/%s/test", corner, share.sp.id);
	int r;

	/* No home at all, a home that cannot be written, a home on NFS. */
	r = chosen(expected);
	setenv("HOME", "/proc/nowhere", 1);
	r = r ? r : chosen(expected);
	set_path("HOME", "far-home");
	on_nfs = "/far-home/";
	r = r ? r : chosen(expected);
	tidy_corner();
	free(expected);
	return r;
}

static int no_local_disk_is_refused(void)
{
	char *why = NULL, *path;

	on_nfs = "/";
	set_path("HOME", "home");
	path = spool_state_dir(&share.sp, NULL, "test", &why);
	tidy_corner();
	CHECK(!path && why && strstr(why, "is on a NFS") && strstr(why, "--state"));
	free(why);
	return 0;
}

/* Somebody was there first. */
static int foreign_corner_is_refused(void)
{
	char *why = NULL, *path = spool_state_dir(&share.sp, NULL, "test", &why);

	CHECK(!path && why && strstr(why, corner) && strstr(why, "of your own") &&
	      strstr(why, "--state"));
	free(why);
	return 0;
}

/* -- the cases ---------------------------------------------------------------------------------- */

static void by_option(void **state)
{
	(void)state;
	assert_int_equal(as_user(given_is_made), 0);
	assert_int_equal(as_user(given_is_refused), 0);
}

static void by_environment(void **state)
{
	(void)state;
	assert_int_equal(as_user(defaults_by_environment), 0);
}

static void by_need(void **state)
{
	(void)state;
	assert_int_equal(as_user(fallback_is_in_var_tmp), 0);
	assert_int_equal(as_user(no_local_disk_is_refused), 0);
}

static void not_where_somebody_else_was_first(void **state)
{
	int wide, link, foreign = 0;
	char *target = below("target");

	(void)state;
	if (!corner_is_free()) {
		print_message("# %s is in use\n", corner);
		free(target);
		skip();
	}
	assert_int_equal(mkdir(corner, 0700), 0);
	assert_int_equal(chmod(corner, 0777), 0);
	if (geteuid() == 0) {
		foreign = as_user(foreign_corner_is_refused);
		assert_int_equal(chown(corner, stranger, stranger), 0);
	}
	wide = as_user(foreign_corner_is_refused);
	tidy_corner();
	assert_int_equal(symlink(target, corner), 0);
	link = as_user(foreign_corner_is_refused);
	unlink(corner);
	assert_int_equal(foreign, 0);
	assert_int_equal(wide, 0);
	assert_int_equal(link, 0);
	free(target);
}

/* Also root keeps nothing in a folder that another one owns. */
static void root_wants_its_own(void **state)
{
	char *path = below("strangers"), *why = NULL, *made;

	(void)state;
	if (geteuid() != 0) {
		print_message("# only root can give a folder to another user\n");
		free(path);
		skip();
	}
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chown(path, stranger, stranger), 0);
	made = spool_state_dir(&share.sp, path, "test", &why);
	assert_null(made);
	assert_non_null(strstr(why, "belongs to another user: name one of your own with --state"));
	free(why);
	free(path);
}

static int set_up(void **state)
{
	char *user;

	(void)state;
	stranger = 20000 + (uid_t)getpid() % 30000;
	share = newshare_new();
	user = xasprintf("%s/user", share.root.path);
	assert_int_equal(chmod(share.root.path, 0755), 0);
	assert_int_equal(mkdir(user, 0700), 0);
	if (geteuid() == 0)
		assert_int_equal(chown(user, stranger, stranger), 0);
	free(user);
	corner = xasprintf("/var/tmp/spool-%u", (unsigned)(geteuid() == 0 ? stranger : geteuid()));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(corner);
	newshare_free(&share);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_option),
		cmocka_unit_test(by_environment),
		cmocka_unit_test(by_need),
		cmocka_unit_test(not_where_somebody_else_was_first),
		cmocka_unit_test(root_wants_its_own),
	};

	return cmocka_run_group_tests_name("spool_statedir", tests, set_up, tear_down);
}
