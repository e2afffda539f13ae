/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of lib/spool: opening a share, and every way in which it can be none. fstatfs is the
 * test's own, to be on file systems of the net. test_spool_state has the state folders.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "newshare.h"

#include <errno.h>
#include <linux/magic.h>
#include <regex.h>
#include <sys/vfs.h>

#define ID "0123456789abcdef0123456789abcdef"

static unsigned long medium = EXT4_SUPER_MAGIC;
static const struct stat *elsewhere; /* this folder is on NFS; or NULL */

int fstatfs(int fd, struct statfs *ret)
{
	struct stat st;

	if (fcntl(fd, F_GETFD) < 0)
		return -1;
	memset(ret, 0, sizeof(*ret));
	ret->f_type = (__fsword_t)medium;
	if (elsewhere && fstat(fd, &st) == 0 && st.st_ino == elsewhere->st_ino)
		ret->f_type = NFS_SUPER_MAGIC;
	return 0;
}

static void assert_matches(const char *text, const char *pattern)
{
	regex_t re;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&re, text, 0, NULL, 0) != 0)
		fail_msg("\"%s\" does not match %s", text, pattern);
	regfree(&re);
}

/* -- opening ------------------------------------------------------------------------------------ */

static void a_share_is_opened(void **state)
{
	struct newshare s = newshare_new();
	struct stat st, path_st;

	(void)state;
	assert_true(s.sp.path[0] == '/');
	assert_int_equal(fstat(s.sp.root_fd, &st), 0);
	assert_int_equal(stat(s.root.path, &path_st), 0);
	assert_int_equal(st.st_ino, path_st.st_ino);
	for (int i = 0; i < SPOOL_PLACES; i++) {
		char *path = xasprintf("spool/%s", spool_place_name((enum spool_place)i));

		assert_int_equal(fstat(s.sp.place_fd[i], &st), 0);
		assert_int_equal(fstatat(s.root.fd, path, &path_st, 0), 0);
		assert_int_equal(st.st_ino, path_st.st_ino);
		assert_true(fcntl(s.sp.place_fd[i], F_GETFD) & FD_CLOEXEC);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(spool_place_name((enum spool_place)i),
						spool_place_name((enum spool_place)k));
		free(path);
	}
	assert_int_equal(strlen(s.sp.id), SPOOL_ID_HEX);
	assert_int_equal(s.sp.kind, SAFEFS_LOCAL);
	spool_close(&s.sp);
	assert_int_equal(s.sp.fd, -1);
	assert_null(s.sp.path);
	newshare_free(&s); /* closes once more: does no harm */
}

/* Everything is removed and put back: the old numbers lead to the new folders. */
static void a_lost_share_is_opened_anew(void **state)
{
	struct newshare s = newshare_new();
	struct spool before = s.sp;
	char *format, *why = NULL;
	struct stat st, path_st;
	size_t len;

	(void)state;
	assert_int_equal(safefs_read(s.sp.fd, SPOOL_FORMAT, 100, &format, &len, NULL), 0);
	scratch_clear(&s.root, "spool");
	assert_int_equal(spool_reopen(&s.sp, &why), -ENOENT);
	assert_matches(why, "has no folder spool/");
	free(why);
	why = NULL;
	newshare_lay_out(&s.root); /* with another id */
	assert_int_equal(spool_reopen(&s.sp, &why), -ESTALE);
	assert_matches(why, "holds another spool now");
	free(why);
	why = NULL;
	assert_int_equal(fstat(s.sp.fd, &st), 0);
	assert_int_equal(st.st_nlink, 0);
	scratch_write(&s.root, "spool/format", format);
	assert_int_equal(spool_reopen(&s.sp, &why), 0);
	assert_null(why);
	assert_memory_equal(&s.sp, &before, sizeof(before));
	for (int i = 0; i < SPOOL_PLACES; i++) {
		assert_int_equal(fstat(s.sp.place_fd[i], &st), 0);
		assert_int_equal(fstatat(s.sp.fd, spool_place_name((enum spool_place)i), &path_st,
					 0),
				 0);
		assert_int_equal(st.st_ino, path_st.st_ino);
		assert_true(fcntl(s.sp.place_fd[i], F_GETFD) & FD_CLOEXEC);
	}
	free(format);
	newshare_free(&s);
}

static void the_way_to_a_share_may_be_a_link(void **state)
{
	struct newshare s = newshare_new();
	char *path = xasprintf("%s/link/spool/..", s.root.path), *why = NULL;
	struct spool again;

	(void)state;
	assert_int_equal(symlinkat(".", s.root.fd, "link"), 0);
	assert_int_equal(spool_open(path, &again, &why), 0);
	assert_string_equal(again.path, s.sp.path);
	assert_string_equal(again.id, s.sp.id);
	spool_close(&again);
	free(path);
	newshare_free(&s);
}

/* What is broken how, and what is said about it: what is wrong, then what to do. */
static const struct fault {
	const char *remove, *write, *text, *link;
	int error;
	const char *says;
} faults[] = {
	{ "spool", NULL, NULL, NULL, -ENOENT, "no folder spool/ .*spoolctl init" },
	{ "spool", "spool", "a file", NULL, -ENOTDIR, "no folder spool/ .*spoolctl init" },
	{ "spool", NULL, NULL, "spool", -ENOTDIR, "no folder spool/ .*spoolctl init" },
	{ "spool/format", NULL, NULL, NULL, -ENOENT,
	  "spool/format cannot be read .*spoolctl init.*not mounted" },
	{ "spool/format", "spool/format/x", "", NULL, -EINVAL,
	  "spool/format cannot be read .*spoolctl init" },
	{ "spool/format", NULL, NULL, "spool/format", -ELOOP,
	  "spool/format cannot be read .*spoolctl init" },
	{ NULL, "spool/format", "", NULL, -EPROTO, "not of version 1: .*install.*put it back" },
	{ NULL, "spool/format", "1\n", NULL, -EPROTO, "not of version 1: .*install.*put it back" },
	{ NULL, "spool/format", "2\n" ID "\n", NULL, -EPROTO, "not of version 1: .*install" },
	{ NULL, "spool/format", "10\n" ID "\n", NULL, -EPROTO, "not of version 1: .*install" },
	{ NULL, "spool/format", "1 \n" ID "\n", NULL, -EPROTO, "not of version 1: .*install" },
	{ NULL, "spool/format", "1\n0123\n", NULL, -EPROTO, "not of version 1: .*damaged" },
	{ NULL, "spool/format", "1\n" ID "0\n", NULL, -EPROTO, "not of version 1: .*damaged" },
	{ NULL, "spool/format", "1\n0123456789ABCDEF0123456789abcdef\n", NULL, -EPROTO,
	  "not of version 1: .*damaged" },
	{ NULL, "spool/format", "1\n../../../../../../../../../../x\n", NULL, -EPROTO,
	  "not of version 1: .*damaged" },
	{ "spool/incoming", NULL, NULL, NULL, -ENOENT,
	  "spool/incoming cannot be opened .*spoolctl init" },
	{ "spool/queued", NULL, NULL, NULL, -ENOENT,
	  "spool/queued cannot be opened .*spoolctl init" },
	{ "spool/status", NULL, NULL, NULL, -ENOENT,
	  "spool/status cannot be opened .*spoolctl init" },
	{ "spool/claims", "spool/claims", "", NULL, -ENOTDIR,
	  "spool/claims cannot be opened .*spoolctl init" },
	{ "spool/claims", NULL, NULL, "spool/claims", -ENOTDIR,
	  "spool/claims cannot be opened .*spoolctl init" },
};

static void try_fault(const struct fault *f)
{
	struct scratch root = scratch_new();
	struct spool sp = { .path = NULL };
	char *why = NULL;
	int r;

	newshare_lay_out(&root);
	if (f->remove)
		scratch_clear(&root, f->remove);
	if (f->write)
		scratch_write(&root, f->write, f->text);
	if (f->link)
		assert_int_equal(symlinkat("done", root.fd, f->link), 0);
	r = spool_open(root.path, &sp, &why);
	if (r != f->error)
		fail_msg("%d instead of %d: %s", r, f->error, why ? why : "-");
	assert_non_null(why);
	assert_matches(why, f->says);
	assert_non_null(strstr(why, root.path));
	assert_null(strchr(why, '\n'));
	assert_null(sp.path); /* untouched */
	free(why);
	scratch_free(&root);
}

static void what_is_no_share_is_explained(void **state)
{
	int before = dup(STDIN_FILENO), after;

	(void)state;
	close(before);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		try_fault(&faults[i]);
	after = dup(STDIN_FILENO);
	close(after);
	assert_int_equal(after, before); /* nothing stays open */
}

static void a_path_to_nothing_is_explained(void **state)
{
	static const char *const paths[] = { "/nowhere/at/all", "/etc/passwd", "" };
	static const int errors[] = { -ENOENT, -ENOTDIR, -ENOENT };

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct spool sp;
		char *why = NULL;

		assert_int_equal(spool_open(paths[i], &sp, &why), errors[i]);
		assert_matches(why, "^the share .*cannot be opened .*: mount it, or .*--share");
		assert_non_null(strstr(why, paths[i]));
		free(why);
	}
}

static void formats_are_of_version_one_and_unique(void **state)
{
	char *one = spool_new_format(), *two = spool_new_format();

	(void)state;
	assert_matches(one, "^1\n[0-9a-f]{32}\n$");
	assert_string_not_equal(one, two);
	free(one);
	free(two);
}

/* -- file systems ------------------------------------------------------------------------------- */

static void file_systems_are_told_apart(void **state)
{
	static const struct {
		unsigned long magic;
		enum safefs_kind kind;
		const char *name;
	} rows[] = {
		{ EXT4_SUPER_MAGIC, SAFEFS_LOCAL, "local disk" },
		{ XFS_SUPER_MAGIC, SAFEFS_LOCAL, "local disk" },
		{ BTRFS_SUPER_MAGIC, SAFEFS_LOCAL, "local disk" },
		{ TMPFS_MAGIC, SAFEFS_LOCAL, "local disk" },
		{ OVERLAYFS_SUPER_MAGIC, SAFEFS_LOCAL, "local disk" },
		{ NFS_SUPER_MAGIC, SAFEFS_NFS, "NFS" },
		{ SMB_SUPER_MAGIC, SAFEFS_SMB, "SMB" },
		{ 0xFF534D42UL, SAFEFS_SMB, "SMB" },
		{ 0xFE534D42UL, SAFEFS_SMB, "SMB" },
		{ FUSE_SUPER_MAGIC, SAFEFS_OTHER_REMOTE, "network file system" },
		{ V9FS_MAGIC, SAFEFS_OTHER_REMOTE, "network file system" },
		{ CEPH_SUPER_MAGIC, SAFEFS_OTHER_REMOTE, "network file system" },
		{ AFS_SUPER_MAGIC, SAFEFS_OTHER_REMOTE, "network file system" },
		{ 0x786F4256UL, SAFEFS_OTHER_REMOTE, "network file system" }, /* vboxsf */
		{ 0xBACBACBCUL, SAFEFS_OTHER_REMOTE, "network file system" }, /* vmhgfs */
	};
	struct newshare s = newshare_new();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct spool again;
		char *why = NULL;

		medium = rows[i].magic;
		assert_int_equal(safefs_kind(s.root.fd), rows[i].kind);
		assert_string_equal(safefs_kind_name(rows[i].kind), rows[i].name);
		assert_int_equal(spool_open(s.root.path, &again, &why), 0);
		assert_int_equal(again.kind, rows[i].kind);
		spool_close(&again);
	}
	medium = EXT4_SUPER_MAGIC;
	assert_int_equal(safefs_kind(-1), SAFEFS_OTHER_REMOTE);
	newshare_free(&s);
}

static void the_kind_is_that_of_the_folder_spool(void **state)
{
	struct newshare s = newshare_new();
	struct spool again;
	struct stat st;
	char *why = NULL;

	(void)state;
	assert_int_equal(fstatat(s.root.fd, "spool", &st, 0), 0);
	elsewhere = &st;
	assert_int_equal(spool_open(s.root.path, &again, &why), 0);
	assert_int_equal(again.kind, SAFEFS_NFS);
	spool_close(&again);
	elsewhere = NULL;
	newshare_free(&s);
}

/* -- places ------------------------------------------------------------------------------------- */

static int count(const char *name, unsigned char type, void *arg)
{
	unsigned *counter = arg;

	(void)name;
	(void)type;
	++*counter;
	return *counter == 3 ? 3 : 0;
}

static void places_are_listed_afresh(void **state)
{
	struct newshare s = newshare_new();
	unsigned counter = 0;

	(void)state;
	assert_int_equal(spool_list(&s.sp, SPOOL_INCOMING, count, &counter), 0);
	assert_int_equal(counter, 0);
	scratch_write(&s.root, "spool/incoming/.tmp-x", "");
	scratch_write(&s.root, "spool/incoming/._y", "");
	assert_int_equal(spool_list(&s.sp, SPOOL_INCOMING, count, &counter), 0);
	assert_int_equal(counter, 2);
	assert_int_equal(spool_list(&s.sp, SPOOL_INCOMING, count, &counter), 3);
	assert_int_equal(spool_list(&s.sp, SPOOL_QUEUED, count, &counter), 0);
	/* Another folder of the same name, made since the share was opened, is the one that counts.
	 */
	assert_int_equal(renameat(s.sp.fd, "incoming", s.sp.fd, "old"), 0);
	assert_int_equal(mkdirat(s.sp.fd, "incoming", 0700), 0);
	counter = 0;
	assert_int_equal(spool_list(&s.sp, SPOOL_INCOMING, count, &counter), 0);
	assert_int_equal(counter, 0);
	scratch_clear(&s.root, "spool/incoming");
	assert_int_equal(spool_list(&s.sp, SPOOL_INCOMING, count, &counter), -ENOENT);
	newshare_free(&s);
}

static void inboxes_are_made_once(void **state)
{
	struct newshare s = newshare_new();
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(spool_open_inbox(&s.sp, "r1", false), -ENOENT);
	umask(0);
	fd = spool_open_inbox(&s.sp, "r1", true);
	umask(022);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	close(fd);
	for (int create = 0; create < 2; create++) {
		fd = spool_open_inbox(&s.sp, "r1", create);
		assert_true(fd >= 0);
		close(fd);
	}
	scratch_write(&s.root, "spool/claims/file", "");
	assert_int_equal(spool_open_inbox(&s.sp, "file", true), -ENOTDIR);
	assert_int_equal(symlinkat("r1", s.sp.place_fd[SPOOL_CLAIMS], "link"), 0);
	assert_int_equal(spool_open_inbox(&s.sp, "link", true), -ENOTDIR);
	newshare_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_share_is_opened),
		cmocka_unit_test(a_lost_share_is_opened_anew),
		cmocka_unit_test(the_way_to_a_share_may_be_a_link),
		cmocka_unit_test(what_is_no_share_is_explained),
		cmocka_unit_test(a_path_to_nothing_is_explained),
		cmocka_unit_test(formats_are_of_version_one_and_unique),
		cmocka_unit_test(file_systems_are_told_apart),
		cmocka_unit_test(the_kind_is_that_of_the_folder_spool),
		cmocka_unit_test(places_are_listed_afresh),
		cmocka_unit_test(inboxes_are_made_once),
	};

	return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
