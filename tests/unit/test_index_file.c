/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of lib/index: the file, its position, damage, copies, readers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "index_story.h"

#include "xalloc.h"

#include <errno.h>
#include <sys/stat.h>

static void the_position_goes_with_the_tables(void **state)
{
	struct index *ix = open_index(path, true);
	char file[64] = "x";

	(void)state;
	assert_int_equal(index_position(ix, file, sizeof(file)), 0);
	assert_string_equal(file, "");
	tell_story(ix, 0, 5);
	assert_int_equal(index_commit(ix), 0);
	assert_int_equal(index_commit(ix), 0); /* nothing to do */
	assert_int_equal(index_position(ix, file, sizeof(file)), 5);
	assert_string_equal(file, LOG);
	tell_story(ix, 5, 10);
	index_close(ix); /* not committed */
	ix = open_index(path, false);
	assert_int_equal(index_position(ix, file, sizeof(file)), 5);
	assert_int_equal(index_jobs(ix, 2, stop_at_once, NULL), 0);
	index_close(ix);
}

static void replay_gives_the_same(void **state)
{
	struct index *a = told_index(path), *b;

	(void)state;
	b = open_index(other, true);
	for (int from = 0; from < STORY; from += 3) { /* with restarts in between */
		tell_story(b, from, from + 2);
		assert_int_equal(index_commit(b), 0);
		tell_story(b, from + 2, from + 3); /* lost, told again */
		index_close(b);
		b = open_index(other, false);
		tell_story(b, from + 2, from + 3);
		assert_int_equal(index_commit(b), 0);
	}
	assert_same(a, b);
	index_close(a);
	index_close(b);
	assert_int_equal(unlink(path), 0); /* deleted */
	a = told_index(path);
	b = open_index(other, false);
	assert_same(a, b);
	index_close(a);
	index_close(b);
}

static void write_file(const char *file, const char *text, size_t len)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
}

static void assert_begins_anew(void)
{
	struct index *ix = told_index(path);

	assert_int_equal(access(bad, F_OK), 0);
	index_close(ix);
	assert_int_equal(unlink(bad), 0);
	index_close(open_index(path, false));
	assert_int_equal(unlink(path), 0);
}

static void garbage_is_set_aside(void **state)
{
	char *text = xcalloc(1, 100000);

	(void)state;
	write_file(path, "hello\n", 6);
	assert_begins_anew();
	memset(text, 'x', 100000);
	write_file(path, text, 100000);
	assert_begins_anew();
	memset(text, 0, 100000);
	write_file(path, text, 100000);
	assert_begins_anew();
	free(text);
}

static void an_empty_file_is_begun(void **state)
{
	(void)state;
	write_file(path, "", 0);
	index_close(told_index(path));
	assert_int_equal(access(bad, F_OK), -1);
}

static void a_truncated_file_is_set_aside(void **state)
{
	struct stat st;

	(void)state;
	index_close(told_index(path));
	assert_int_equal(stat(path, &st), 0);
	for (off_t size = 1; size < st.st_size; size += 3000) {
		assert_int_equal(truncate(path, st.st_size - size), 0);
		assert_begins_anew();
		index_close(told_index(path));
	}
}

static void damage_is_found(void **state)
{
	char rubbish[512];
	struct stat st;
	int fd;

	(void)state;
	memset(rubbish, 0xa5, sizeof(rubbish));
	index_close(told_index(path));
	assert_int_equal(stat(path, &st), 0);
	for (off_t at = 0; at < st.st_size; at += 4096) {
		fd = open(path, O_WRONLY | O_CLOEXEC);
		assert_int_equal(pwrite(fd, rubbish, sizeof(rubbish), at), sizeof(rubbish));
		close(fd);
		assert_begins_anew();
		index_close(told_index(path));
	}
}

static void companions_of_a_bad_file_go(void **state)
{
	char wal[80], *text = xcalloc(1, 5000);

	(void)state;
	snprintf(wal, sizeof(wal), "%s-wal", path);
	memset(text, 'x', 5000);
	write_file(path, text, 5000);
	write_file(wal, text, 5000);
	assert_begins_anew();
	write_file(wal, text, 5000); /* left behind alone */
	index_close(told_index(path));
	free(text);
}

/* The schema number stands at offset 60 of the file, big-endian (sqlite.org, file format). */
static void another_schema_is_set_aside(void **state)
{
	struct index *ix;
	int fd;

	(void)state;
	index_close(told_index(path));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "\0\0\0\x63", 4, 60), 4);
	close(fd);
	assert_int_equal(index_open_read(path, true, &ix), -EBADMSG);
	assert_begins_anew();
}

static void what_is_no_file_is_refused(void **state)
{
	struct index *ix;
	bool fresh;

	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(index_open(path, &ix, &fresh), -EISDIR);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(index_open(path, &ix, &fresh), -EINVAL);
	assert_int_equal(unlink(path), 0);
	snprintf(other, sizeof(other), "%s/none/index.db", folder);
	assert_int_equal(index_open(other, &ix, &fresh), -ENOENT);
	assert_int_equal(index_open_read(path, false, &ix), -ENOENT);
	assert_int_equal(index_open_read(path, true, &ix), -ENOENT);
}

static void snapshots_are_whole_and_last(void **state)
{
	struct index *ix = told_index(path), *copy;

	(void)state;
	tell(ix, T "0Z admit id=99 to=queued folder=99-z", 999); /* not committed */
	assert_int_equal(index_snapshot(path, snapshot), 0);
	assert_int_equal(index_snapshot(path, snapshot), -EEXIST);
	assert_int_equal(index_commit(ix), 0);
	assert_int_equal(chmod(snapshot, 0444), 0);
	assert_int_equal(chmod(folder, 0555), 0);
	assert_int_equal(index_open_read(snapshot, true, &copy), 0);
	assert_int_equal(index_jobs(copy, 0, stop_at_once, NULL), 1);
	assert_int_equal(index_jobs(copy, 99, stop_at_once, NULL), 0);
	assert_true(index_holds(copy, 1, 1, "done", "1-sim"));
	index_close(copy);
	assert_int_equal(chmod(folder, 0755), 0);
	index_close(ix);
	assert_int_equal(unlink(path), 0);
	ix = told_index(path);
	assert_int_equal(index_open_read(snapshot, true, &copy), 0);
	assert_same(ix, copy);
	index_close(copy);
	index_close(ix);
}

static void a_snapshot_of_nothing_fails(void **state)
{
	char nowhere[80];

	(void)state;
	snprintf(nowhere, sizeof(nowhere), "%s/none/x.db", folder);
	assert_int_equal(index_snapshot(path, snapshot), -ENOENT);
	assert_int_equal(access(snapshot, F_OK), -1);
	index_close(told_index(path));
	assert_true(index_snapshot(path, nowhere) < 0);
}

static void readers_see_what_is_committed(void **state)
{
	struct index *ix = told_index(path), *reader;
	char file[64];

	(void)state;
	assert_int_equal(index_open_read(path, false, &reader), 0);
	assert_int_equal(index_position(reader, file, sizeof(file)), STORY);
	assert_string_equal(file, LOG);
	assert_int_equal(index_jobs(reader, 99, stop_at_once, NULL), 0);
	tell(ix, T "0Z admit id=99 to=queued folder=99-z", 999);
	assert_int_equal(index_jobs(reader, 99, stop_at_once, NULL), 0);
	assert_int_equal(index_commit(ix), 0);
	assert_int_equal(index_jobs(reader, 99, stop_at_once, NULL), 1);
	index_close(reader);
	index_close(ix);
	index_close(NULL);
}

/* A database that became read-only or full shows in index_commit, and the position stays. */
static void failures_show_in_commit(void **state)
{
	struct index *ix = told_index(path), *reader;
	char file[64];
	int64_t before = index_position(ix, file, sizeof(file));

	(void)state;
	index_close(ix);
	assert_int_equal(index_open_read(path, false, &reader), 0);
	tell(reader, T "0Z admit id=99 to=queued folder=99-z", 999);
	assert_true(index_commit(reader) < 0);
	assert_int_equal(index_position(reader, file, sizeof(file)), before);
	assert_int_equal(index_jobs(reader, 99, stop_at_once, NULL), 0);
	index_close(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_position_goes_with_the_tables),
		TEST(replay_gives_the_same),
		TEST(garbage_is_set_aside),
		TEST(an_empty_file_is_begun),
		TEST(a_truncated_file_is_set_aside),
		TEST(damage_is_found),
		TEST(companions_of_a_bad_file_go),
		TEST(another_schema_is_set_aside),
		TEST(what_is_no_file_is_refused),
		TEST(snapshots_are_whole_and_last),
		TEST(a_snapshot_of_nothing_fails),
		TEST(readers_see_what_is_committed),
		TEST(failures_show_in_commit),
	};

	return cmocka_run_group_tests_name("index_file", tests, NULL, NULL);
}
