/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of lib/tree: the look at a dropped folder, its bounds, its fingerprint. readdir is the
 * test's own: it can show a name a hundred thousand times, and change the folder behind its reader.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "complaint.h"
#include "digest.h"
#include "kinds.h"
#include "tree.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static unsigned repeats; /* how often a name "x..." is shown */
static struct dirent shown;
static const char *ghost;    /* a name that is listed although it is gone */
static void (*at_end)(void); /* called at the first end of a folder */
static const struct scratch *at_end_scratch;

struct dirent *readdir(DIR *dir)
{
	static struct dirent *(*real)(DIR *);
	struct dirent *entry;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, sizeof(off_t) == 8 ? "readdir64" : "readdir");
	if (repeats > 1 && shown.d_name[0] == 'x') {
		repeats--;
		return &shown;
	}
	entry = real(dir);
	if (entry)
		shown = *entry;
	if (!entry && ghost) {
		snprintf(shown.d_name, sizeof(shown.d_name), "%s", ghost);
		ghost = NULL;
		return &shown;
	}
	if (!entry && at_end) {
		at_end();
		at_end = NULL;
	}
	return entry;
}

static void repeat(unsigned times)
{
	shown = (struct dirent){ .d_name = "" };
	repeats = times;
}

/* -- looking ------------------------------------------------------------------------------------ */

/* Looks at the folder "job"; all must be well. */
static struct tree look(const struct scratch *s)
{
	int fd = safefs_open_dir(s->fd, "job");
	struct complaint c = { 0 };
	struct tree t;

	assert_true(fd >= 0);
	assert_int_equal(tree_look(fd, &t, &c), 0);
	assert_false(complaint_any(&c));
	close(fd);
	return t;
}

/* "d sub|f sub/a|" */
static char *listing(const struct tree *t)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	for (size_t i = 0; i < t->count; i++)
		fprintf(out, "%c %s|", t->entries[i].type, t->entries[i].path);
	fclose(out);
	return text;
}

static void assert_listing(const struct scratch *s, const char *expected)
{
	struct tree t = look(s);
	char *text = listing(&t);

	assert_string_equal(text, expected);
	free(text);
	tree_free(&t);
	assert_int_equal(t.count, 0);
}

static void entries_are_sorted_and_whole(void **state)
{
	struct scratch s = scratch_new();
	const struct tree_entry *e;
	struct tree t;
	struct stat st;

	(void)state;
	scratch_write(&s, "job/b", "12345");
	scratch_write(&s, "job/a/z", "123");
	scratch_write(&s, "job/a-c", "");
	assert_int_equal(mkdirat(s.fd, "job/empty", 0750), 0);
	assert_int_equal(symlinkat("../b", s.fd, "job/a/link"), 0);
	assert_int_equal(mkfifoat(s.fd, "job/a/fifo", 0600), 0);
	assert_listing(&s, "d a|f a-c|o a/fifo|l a/link|f a/z|f b|d empty|");
	t = look(&s);
	assert_int_equal(t.bytes, 5 + 3 + 4);
	assert_int_equal(t.uid, geteuid());
	assert_false(t.ready || t.partial);
	e = &t.entries[5];
	assert_int_equal(fstatat(s.fd, "job/b", &st, 0), 0);
	assert_int_equal(e->inode, st.st_ino);
	assert_int_equal(e->size, 5);
	assert_int_equal(e->mode, 0600);
	assert_int_equal(e->links, 1);
	assert_int_equal(e->uid, geteuid());
	assert_true(e->mtime_ns == (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec);
	assert_true(e->ctime_ns == (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec);
	assert_int_equal(t.entries[6].mode, 0750);
	assert_int_equal(t.entries[6].size, 0);
	tree_free(&t);
	scratch_free(&s);
}

static void an_empty_folder_has_nothing(void **state)
{
	struct scratch s = scratch_new();
	struct complaint c = { 0 };
	struct tree t;
	int fd;

	(void)state;
	assert_int_equal(mkdirat(s.fd, "job", 0700), 0);
	assert_listing(&s, "");
	scratch_write(&s, "file", "");
	fd = openat(s.fd, "file", O_RDONLY | O_CLOEXEC);
	assert_int_equal(tree_look(fd, &t, &c), -ENOTDIR);
	assert_int_equal(tree_look(-1, &t, &c), -EBADF);
	close(fd);
	scratch_free(&s);
}

static void litter_and_what_is_ours_are_left_out(void **state)
{
	static const char *const files[] = {
		"a",	      "._a",	       ".DS_Store",	  "Thumbs.db",	    "desktop.ini",
		"~$a",	      ".nfs00001",     ".smbdelete1",	  "stdout.txt",	    "stderr.txt",
		"job.result", "REJECTED.txt",  ".spool-manifest", ".tmp-x",	    "attempts/1/a",
		"sub/._a",    "sub/.DS_Store", "sub/.nfs1",	  "sub/stdout.txt", "sub/.tmp-x",
		"sub/.ready", "._dir/a",       "sub/attempts/a",
	};
	struct scratch s = scratch_new();
	struct tree t;

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		char *path = xasprintf("job/%s", files[i]);

		scratch_write(&s, path, "x");
		free(path);
	}
	assert_listing(&s, "f a|d sub|f sub/.ready|f sub/.tmp-x|d sub/attempts|f sub/attempts/a|f "
			   "sub/stdout.txt|");
	t = look(&s);
	assert_false(t.ready);
	assert_int_equal(t.bytes, 5);
	tree_free(&t);
	scratch_free(&s);
}

static void ready_and_partial_are_noticed(void **state)
{
	static const char *const partial[] = { "x.part", "sub/y.crdownload", "sub/.y.m.aB3xYz",
					       "z.part/a", ".~tmp~/a" };
	struct scratch s = scratch_new();
	struct tree t;

	(void)state;
	scratch_write(&s, "job/.ready", "");
	assert_listing(&s, "");
	t = look(&s);
	assert_true(t.ready);
	assert_false(t.partial);
	tree_free(&t);
	for (size_t i = 0; i < COUNT(partial); i++) {
		char *path = xasprintf("job/%s", partial[i]);

		scratch_clear(&s, "job");
		scratch_write(&s, path, "");
		t = look(&s);
		assert_true(t.partial);
		assert_false(t.ready);
		tree_free(&t);
		free(path);
	}
	scratch_free(&s);
}

static void closed_folders_are_an_error_not_a_gap(void **state)
{
	struct scratch s = scratch_new();
	struct complaint c = { 0 };
	struct tree t;
	int fd, r;

	(void)state;
	scratch_write(&s, "job/closed/file", "");
	assert_int_equal(fchmodat(s.fd, "job/closed", 0, 0), 0);
	fd = safefs_open_dir(s.fd, "job");
	r = tree_look(fd, &t, &c);
	if (geteuid() == 0) {
		assert_int_equal(r, 0);
		assert_int_equal(t.count, 2);
		tree_free(&t);
	} else {
		assert_int_equal(r, -EACCES);
	}
	close(fd);
	scratch_free(&s);
}

/* -- while it changes --------------------------------------------------------------------------- */

static void put_link(void)
{
	assert_int_equal(renameat(at_end_scratch->fd, "job/sub", at_end_scratch->fd, "taken"), 0);
	assert_int_equal(symlinkat("../secret", at_end_scratch->fd, "job/sub"), 0);
}

static void take_folder(void)
{
	assert_int_equal(renameat(at_end_scratch->fd, "job/sub", at_end_scratch->fd, "taken"), 0);
}

/* Between the look at "job" and that at "job/sub". */
static void a_folder_that_changes_is_not_left(void **state)
{
	static const struct {
		void (*change)(void);
		int error;
	} rows[] = { { put_link, -ELOOP }, { take_folder, -ENOENT } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scratch s = scratch_new();
		struct complaint c = { 0 };
		struct tree t;
		int fd;

		scratch_write(&s, "secret/file", "");
		scratch_write(&s, "job/sub/file", "");
		fd = safefs_open_dir(s.fd, "job");
		at_end_scratch = &s;
		at_end = rows[i].change;
		assert_int_equal(tree_look(fd, &t, &c), rows[i].error);
		assert_null(at_end);
		assert_false(complaint_any(&c));
		close(fd);
		scratch_free(&s);
	}
}

static void a_name_that_goes_while_it_is_looked_at_is_not_there(void **state)
{
	struct scratch s = scratch_new();

	(void)state;
	scratch_write(&s, "job/a", "");
	scratch_write(&s, "job/sub/b", "");
	ghost = "gone";
	assert_listing(&s, "f a|d sub|f sub/b|");
	assert_null(ghost);
	scratch_free(&s);
}

/* -- bounds ------------------------------------------------------------------------------------- */

static void assert_complaint(const struct scratch *s, const char *found, const char *expected)
{
	int fd = safefs_open_dir(s->fd, "job");
	struct complaint c = { 0 };
	struct tree t = { .count = 99 };

	assert_int_equal(tree_look(fd, &t, &c), COMPLAINT);
	assert_int_equal(t.count, 99);
	assert_non_null(strstr(c.found, found));
	assert_non_null(strstr(c.expected, expected));
	assert_non_null(strstr(c.remedy, "archive"));
	complaint_free(&c);
	close(fd);
}

/* "job" and levels folders of this name in one another; a descriptor of the innermost. */
static int make_chain(const struct scratch *s, const char *name, unsigned levels)
{
	int at, next;

	assert_int_equal(mkdirat(s->fd, "job", 0700), 0);
	at = safefs_open_dir(s->fd, "job");
	while (levels--) {
		assert_int_equal(mkdirat(at, name, 0700), 0);
		next = safefs_open_dir(at, name);
		assert_true(next >= 0);
		close(at);
		at = next;
	}
	return at;
}

static void depth_is_bounded(void **state)
{
	struct scratch s = scratch_new();
	struct tree t;
	int at;

	(void)state;
	at = make_chain(&s, "d", TREE_MAX_DEPTH);
	t = look(&s);
	assert_int_equal(t.count, TREE_MAX_DEPTH);
	tree_free(&t);
	assert_int_equal(safefs_create(at, "file", "", 0, 0600, NULL), 0);
	close(at);
	assert_complaint(&s, "nested more than 32", "at most 32 levels");
	scratch_free(&s);
}

static void paths_are_bounded(void **state)
{
	struct scratch s = scratch_new();
	char *name = xcalloc(1, 256);
	struct tree t;
	int at;

	(void)state;
	memset(name, 'n', 255);
	at = make_chain(&s, name, 16);
	t = look(&s);
	assert_int_equal(strlen(t.entries[15].path), TREE_MAX_PATH);
	tree_free(&t);
	assert_int_equal(safefs_create(at, "f", "", 0, 0600, NULL), 0);
	close(at);
	assert_complaint(&s, "too long", "at most 4095 bytes");
	free(name);
	scratch_free(&s);
}

static void entries_are_bounded(void **state)
{
	struct scratch s = scratch_new();
	struct tree t;

	(void)state;
	scratch_write(&s, "job/x", "");
	repeat(TREE_MAX_ENTRIES);
	t = look(&s);
	assert_int_equal(t.count, TREE_MAX_ENTRIES);
	tree_free(&t);
	repeat(TREE_MAX_ENTRIES + 1);
	assert_complaint(&s, "more than 100000 files", "at most 100000");
	repeat(0);
	scratch_free(&s);
}

static void names_are_bounded_together(void **state)
{
	struct scratch s = scratch_new();
	char *name = xcalloc(1, 256), *path;

	(void)state;
	memset(name, 'x', 255);
	path = xasprintf("job/y%s/%s", name + 1, name);
	scratch_write(&s, path, "");
	scratch_write(&s, "job/other", "");
	repeat(TREE_MAX_NAMES / 255);
	assert_complaint(&s, "too long", "32 MB for all names");
	repeat(0);
	free(path);
	free(name);
	scratch_free(&s);
}

/* -- a look at a part --------------------------------------------------------------------------- */

static struct tree look_part(const struct scratch *s)
{
	int fd = safefs_open_dir(s->fd, "job");
	struct tree t;

	assert_true(fd >= 0);
	assert_int_equal(tree_look_part(fd, &t), 0);
	close(fd);
	return t;
}

static void a_part_is_all_of_a_plain_tree(void **state)
{
	char whole[DIGEST_HEX_SIZE], part[DIGEST_HEX_SIZE];
	struct scratch s = kinds();
	struct tree t;

	(void)state;
	scratch_write(&s, "job/a/b/c", "text");
	assert_int_equal(renameat(s.fd, "fifo", s.fd, "job/fifo"), 0);
	t = look(&s);
	tree_fingerprint(&t, whole);
	tree_free(&t);
	t = look_part(&s);
	tree_fingerprint(&t, part);
	assert_string_equal(whole, part);
	tree_free(&t);
	scratch_free(&s);
}

static void a_part_ends_at_the_bounds(void **state)
{
	struct scratch s = scratch_new();
	struct tree t;

	(void)state;
	close(make_chain(&s, "d", TREE_MAX_DEPTH + 3));
	t = look_part(&s);
	assert_int_equal(t.count, TREE_MAX_DEPTH);
	tree_free(&t);
	scratch_clear(&s, "job");
	scratch_write(&s, "job/x", "");
	repeat(TREE_MAX_ENTRIES + 10);
	t = look_part(&s);
	repeat(0);
	assert_int_equal(t.count, TREE_MAX_ENTRIES);
	tree_free(&t);
	scratch_free(&s);
}

static void a_part_passes_over_what_is_closed(void **state)
{
	static const struct {
		const char *path;
		mode_t mode;
	} rows[] = { { "job/d", 0 }, { "job/d", 0300 }, { "job/d", 0400 }, { "job/d/file", 0200 } };
	bool root = geteuid() == 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scratch s = scratch_new();
		struct tree t;
		const struct tree_entry *closed;
		int fd;

		scratch_write(&s, "job/a", "");
		scratch_write(&s, "job/d/file", "");
		fd = safefs_open_dir(s.fd, "job");
		t = look_part(&s);
		assert_null(tree_closed(fd, &t));
		tree_free(&t);
		assert_int_equal(fchmodat(s.fd, rows[i].path, rows[i].mode, 0), 0);
		t = look_part(&s);
		closed = tree_closed(fd, &t);
		assert_int_equal(closed == NULL, root); /* nothing is closed to root */
		if (closed)
			assert_string_equal(closed->path, rows[i].path + strlen("job/"));
		assert_true(t.count >= 2);
		tree_free(&t);
		close(fd);
		scratch_free(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_sorted_and_whole),
		cmocka_unit_test(an_empty_folder_has_nothing),
		cmocka_unit_test(litter_and_what_is_ours_are_left_out),
		cmocka_unit_test(ready_and_partial_are_noticed),
		cmocka_unit_test(closed_folders_are_an_error_not_a_gap),
		cmocka_unit_test(a_folder_that_changes_is_not_left),
		cmocka_unit_test(a_name_that_goes_while_it_is_looked_at_is_not_there),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(paths_are_bounded),
		cmocka_unit_test(entries_are_bounded),
		cmocka_unit_test(names_are_bounded_together),
		cmocka_unit_test(a_part_is_all_of_a_plain_tree),
		cmocka_unit_test(a_part_ends_at_the_bounds),
		cmocka_unit_test(a_part_passes_over_what_is_closed),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
