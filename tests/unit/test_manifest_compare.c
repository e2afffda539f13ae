/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of lib/manifest: hashing inputs, and finding what has become of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "changes.h"
#include "complaint.h"
#include "manifests.h"

#include <errno.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MOST 100 /* larger files are not hashed */

static void write_large(const struct scratch *s, char c)
{
	char bytes[MOST + 1];

	memset(bytes, c, sizeof(bytes));
	scratch_bytes(s, "job/large", bytes, sizeof(bytes));
	changes_set_mtime(s, "job/large", 1000);
}

static struct scratch inputs(void)
{
	struct scratch s = scratch_new();

	scratch_write(&s, "job/d/file", "bytes");
	scratch_write(&s, "job/other", "");
	changes_set_mtime(&s, "job/d/file", 1000);
	write_large(&s, 'a');
	assert_int_equal(symlinkat("d/file", s.fd, "job/link"), 0);
	assert_int_equal(mkdirat(s.fd, "job/empty", 0700), 0);
	return s;
}

/* What is in the folder "job" now. */
static struct tree look(const struct scratch *s)
{
	int fd = safefs_open_dir(s->fd, "job");
	struct complaint c = { 0 };
	struct tree t;

	assert_int_equal(tree_look(fd, &t, &c), 0);
	close(fd);
	return t;
}

static int hash(const struct scratch *s, struct manifest *m, uint64_t most)
{
	int fd = safefs_open_dir(s->fd, "job"), r = manifest_hash(fd, m, most);

	close(fd);
	return r;
}

static struct manifest admitted(const struct scratch *s)
{
	struct manifest m = { .id = 1, .tree = look(s) };

	assert_int_equal(hash(s, &m, MOST), 0);
	return m;
}

static const char *hash_of(const struct manifest *m, const char *path)
{
	for (size_t i = 0; i < m->tree.count; i++)
		if (strcmp(m->tree.entries[i].path, path) == 0)
			return m->hashes[i];
	fail_msg("no %s", path);
	return NULL;
}

/* -- hashing ------------------------------------------------------------------------------------ */

static void files_and_links_are_hashed(void **state)
{
	struct scratch s = inputs();
	struct manifest m = admitted(&s);
	char hex[DIGEST_HEX_SIZE];

	(void)state;
	digest_buffer("bytes", 5, hex);
	assert_string_equal(hash_of(&m, "d/file"), hex);
	digest_buffer("", 0, hex);
	assert_string_equal(hash_of(&m, "other"), hex);
	digest_buffer("d/file", 6, hex);
	assert_string_equal(hash_of(&m, "link"), hex);
	assert_null(hash_of(&m, "large"));
	assert_null(hash_of(&m, "d"));
	assert_null(hash_of(&m, "empty"));
	assert_int_equal(hash(&s, &m, MOST + 1), 0);
	assert_non_null(hash_of(&m, "large"));
	manifest_free(&m);
	scratch_free(&s);
}

static void grow(const struct scratch *s)
{
	scratch_write(s, "job/d/file", "more bytes");
}

static void shrink(const struct scratch *s)
{
	scratch_write(s, "job/d/file", "");
}

static void vanish(const struct scratch *s)
{
	scratch_clear(s, "job/d/file");
}

static void become_link(const struct scratch *s)
{
	vanish(s);
	assert_int_equal(symlinkat("../other", s->fd, "job/d/file"), 0);
}

static void become_fifo(const struct scratch *s)
{
	vanish(s);
	assert_int_equal(mkfifoat(s->fd, "job/d/file", 0600), 0);
}

static void become_folder(const struct scratch *s)
{
	vanish(s);
	assert_int_equal(mkdirat(s->fd, "job/d/file", 0700), 0);
}

static void lengthen_link(const struct scratch *s)
{
	scratch_clear(s, "job/link");
	assert_int_equal(symlinkat("d/other-file", s->fd, "job/link"), 0);
}

static void hashing_notices_changes(void **state)
{
	static const struct {
		void (*change)(const struct scratch *s);
		int error;
	} rows[] = {
		{ grow, -EAGAIN },	    { shrink, -EAGAIN },      { vanish, -ENOENT },
		{ become_link, -ELOOP },    { become_fifo, -ESPIPE }, { become_folder, -EISDIR },
		{ lengthen_link, -EAGAIN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scratch s = inputs();
		struct manifest m = { .id = 1, .tree = look(&s) };

		rows[i].change(&s);
		assert_int_equal(hash(&s, &m, MOST), rows[i].error);
		manifest_free(&m);
		scratch_free(&s);
	}
}

/* -- comparing ---------------------------------------------------------------------------------- */

static void nothing(const struct scratch *s)
{
	(void)s;
}

static void add_ours(const struct scratch *s)
{
	scratch_write(s, "job/stdout.txt", "");
	scratch_write(s, "job/.spool-manifest", "");
	scratch_write(s, "job/d/.DS_Store", "");
}

static void add_file(const struct scratch *s)
{
	scratch_write(s, "job/d/a\nb", "");
}

static void add_last(const struct scratch *s)
{
	scratch_write(s, "job/zz", "");
}

static void remove_last(const struct scratch *s)
{
	scratch_clear(s, "job/other");
}

static void remove_folder(const struct scratch *s)
{
	scratch_clear(s, "job/d");
}

static void other_bytes(const struct scratch *s)
{
	scratch_write(s, "job/d/file", "BYTES");
	changes_set_mtime(s, "job/d/file", 1000);
}

static void other_large_bytes(const struct scratch *s)
{
	write_large(s, 'b');
}

static void other_inode(const struct scratch *s)
{
	scratch_write(s, "new", "bytes");
	changes_set_mtime(s, "new", 1000);
	assert_int_equal(renameat(s->fd, "new", s->fd, "job/d/file"), 0);
}

static void other_time(const struct scratch *s)
{
	changes_set_mtime(s, "job/d/file", 2000);
}

static void other_mode(const struct scratch *s)
{
	assert_int_equal(fchmodat(s->fd, "job/d/file", 0711, 0), 0);
}

static void other_target(const struct scratch *s)
{
	assert_int_equal(symlinkat("d/FILE", s->fd, "new"), 0); /* of the same length */
	assert_int_equal(renameat(s->fd, "new", s->fd, "job/link"), 0);
}

static void other_folder(const struct scratch *s)
{
	assert_int_equal(mkdirat(s->fd, "new", 0700), 0);
	assert_int_equal(renameat(s->fd, "new", s->fd, "job/empty"), 0);
}

static void folder_to_file(const struct scratch *s)
{
	scratch_clear(s, "job/empty");
	scratch_write(s, "job/empty", "");
}

/* Found in the same folder, and found in what ought to be a copy; NULL: no difference. */
static const struct row {
	void (*change)(const struct scratch *s);
	const char *file, *found, *found_in_copy;
} rows[] = {
	{ nothing, NULL, NULL, NULL },
	{ add_ours, NULL, NULL, NULL },
	{ add_file, "d/a\\x0ab", "a file that was added", "a file that was added" },
	{ add_last, "zz", "a file that was added", "a file that was added" },
	{ remove_last, "other", "a file that is gone", "a file that is gone" },
	{ remove_folder, "d", "a file that is gone", "a file that is gone" },
	{ vanish, "d/file", "a file that is gone", "a file that is gone" },
	{ grow, "d/file", "another size or kind", "another size or kind" },
	{ become_folder, "d/file", "another size or kind", "another size or kind" },
	{ become_fifo, "d/file", "another size or kind", "another size or kind" },
	{ folder_to_file, "empty", "another size or kind", "another size or kind" },
	{ other_bytes, "d/file", "a change after the job was admitted", "other contents" },
	{ other_large_bytes, "large", "a change after the job was admitted",
	  NULL }, /* has no hash */
	{ other_inode, "d/file", "another file under the same name", NULL },
	{ other_time, "d/file", "a change after the job was admitted", NULL },
	{ other_mode, "d/file", "a change after the job was admitted", NULL },
	{ other_target, "link", "another file under the same name", "other contents" },
	{ other_folder, "empty", "another file under the same name", NULL },
};

static void compare(const struct scratch *s, const struct manifest *m, bool same_inodes,
		    const char *file, const char *found)
{
	int fd = safefs_open_dir(s->fd, "job");
	struct complaint c = { 0 };
	struct tree now = look(s);
	int r = manifest_compare(m, fd, &now, same_inodes, &c);
	char *line = complaint_line(&c);

	if (r != (found ? COMPLAINT : 0) ||
	    (found && (strcmp(c.file, file) != 0 || strcmp(c.found, found) != 0)))
		fail_msg("%s of %s is %d: %s", found ? found : "no change", file ? file : "-", r,
			 line);
	if (found)
		assert_non_null(strstr(c.remedy, "drop the folder again"));
	free(line);
	complaint_free(&c);
	tree_free(&now);
	close(fd);
}

static void each_kind_of_change_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scratch s = inputs();
		struct manifest m = admitted(&s);

		changes_next_tick(&s);
		rows[i].change(&s);
		compare(&s, &m, true, rows[i].file, rows[i].found);
		compare(&s, &m, false, rows[i].file, rows[i].found_in_copy);
		manifest_free(&m);
		scratch_free(&s);
	}
}

/* The way of a job: written at admission, read before the offer. */
static void nothing_is_lost_on_the_way(void **state)
{
	struct scratch s = inputs();
	struct manifest m = admitted(&s), back;
	size_t len;
	char *text = manifest_write(&m, &len);
	int fd = safefs_open_dir(s.fd, "job");

	(void)state;
	scratch_bytes(&s, "job/" SPOOL_MANIFEST, text, len);
	assert_int_equal(manifest_read(fd, false, &back), 0);
	compare(&s, &back, true, NULL, NULL);
	compare(&s, &back, false, NULL, NULL);
	free(text);
	close(fd);
	manifest_free(&m);
	manifest_free(&back);
	scratch_free(&s);
}

static void what_was_never_hashed_is_compared_by_size(void **state)
{
	struct scratch s = inputs();
	struct manifest m = { .id = 1, .tree = look(&s) };

	(void)state;
	other_bytes(&s);
	compare(&s, &m, false, NULL, NULL);
	grow(&s);
	compare(&s, &m, false, "d/file", "another size or kind");
	manifest_free(&m);
	scratch_free(&s);
}

/* Between the look and the comparison: an error, no verdict. */
static void what_vanishes_meanwhile_is_an_error(void **state)
{
	struct scratch s = inputs();
	struct manifest m = admitted(&s);
	struct complaint c = { 0 };
	struct tree now = look(&s);
	int fd = safefs_open_dir(s.fd, "job");

	(void)state;
	vanish(&s);
	assert_int_equal(manifest_compare(&m, fd, &now, false, &c), -ENOENT);
	assert_false(complaint_any(&c));
	close(fd);
	tree_free(&now);
	manifest_free(&m);
	scratch_free(&s);
}

/* Years that do not fit into 64 bits of nanoseconds. */
static void far_times_are_kept_apart_from_near_ones(void **state)
{
	static const time_t times[] = { -5000000000, -1, 0, 9223372036, 9223372037, 13000000000 };

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		struct scratch s = inputs();
		struct manifest m, back;
		size_t len;
		char *text;
		int fd = safefs_open_dir(s.fd, "job");

		changes_set_mtime(&s, "job/d/file", times[i]);
		m = admitted(&s);
		text = manifest_write(&m, &len);
		scratch_bytes(&s, "job/" SPOOL_MANIFEST, text, len);
		assert_int_equal(manifest_read(fd, false, &back), 0);
		compare(&s, &back, true, NULL, NULL);
		free(text);
		close(fd);
		manifest_free(&m);
		manifest_free(&back);
		scratch_free(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_and_links_are_hashed),
		cmocka_unit_test(hashing_notices_changes),
		cmocka_unit_test(each_kind_of_change_is_found),
		cmocka_unit_test(nothing_is_lost_on_the_way),
		cmocka_unit_test(what_was_never_hashed_is_compared_by_size),
		cmocka_unit_test(what_vanishes_meanwhile_is_an_error),
		cmocka_unit_test(far_times_are_kept_apart_from_near_ones),
	};

	alarm(60); /* what blocks fails */
	return cmocka_run_group_tests_name("manifest_compare", tests, NULL, NULL);
}
