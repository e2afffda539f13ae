/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of tools/jobs and tools/ids: whose jobs are mine, where the mount makes up owners; and
 * of tools/snapshot where the newest one has just gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../tools/ids.h"
#include "../../tools/jobs.h"
#include "../../tools/snapshot.h"
#include "../../tools/tell.h"
#include "newshare.h"
#include "published.h"
#include "stumbles.h"

static struct newshare s;
static uid_t me;

uid_t getuid(void)
{
	return me;
}

/* ids_resolve with one word. Its exit code; *ret_count how many ids. */
static int resolve(char *word, size_t *ret_count)
{
	struct ids ids;
	int r = ids_resolve(&s.sp, &word, 1, JOBS_ALL, JOBS_ALL, &ids);

	*ret_count = r == TELL_DONE ? ids.count : 0;
	if (r == TELL_DONE)
		ids_free(&ids);
	return r;
}

static void mine_are_those_of_my_account(void **state)
{
	char all[] = "all", last[] = "last";
	size_t count;

	(void)state;
	for (int kind = SAFEFS_LOCAL; kind <= SAFEFS_SMB; kind++) {
		s.sp.kind = (enum safefs_kind)kind;
		assert_int_equal(resolve(all, &count), TELL_DONE);
		assert_int_equal(count, 3);
		assert_int_equal(resolve(last, &count), TELL_DONE);
		assert_int_equal(count, 1);
	}
}

static void where_owners_are_made_up_nobody_is_taken_for_another(void **state)
{
	char all[] = "all", last[] = "last", range[] = "1-2";
	struct jobs jobs;
	size_t count;

	(void)state;
	me = geteuid() + 1;
	/* Elsewhere they are simply another's. */
	s.sp.kind = SAFEFS_NFS;
	assert_int_equal(resolve(all, &count), TELL_DONE);
	assert_int_equal(count, 0);
	assert_int_equal(resolve(last, &count), TELL_FAILED);
	s.sp.kind = SAFEFS_SMB;
	assert_int_equal(resolve(all, &count), TELL_FAILED);
	assert_int_equal(resolve(last, &count), TELL_FAILED);
	assert_int_equal(resolve(range, &count), TELL_DONE);
	assert_int_equal(count, 2);
	assert_int_equal(jobs_list(&s.sp, JOBS_ALL, &jobs), 0);
	assert_true(jobs_hide_owners(&s.sp, &jobs));
	/* One owner that differs shows that owners are true. */
	jobs.items[1].uid = me + 1;
	assert_false(jobs_hide_owners(&s.sp, &jobs));
	jobs_free(&jobs);
}

static void a_place_is_opened_when_it_is_asked_for(void **state)
{
	char *why = NULL;
	struct spool sp;
	int fd;

	(void)state;
	strlist_free(&opened);
	assert_int_equal(spool_open_lazily(s.root.path, &sp, &why), 0);
	assert_int_equal(times_in(&opened, "claims") + times_in(&opened, "queued"), 0);
	fd = spool_place(&sp, SPOOL_QUEUED);
	assert_true(fd >= 0 && fd == sp.place_fd[SPOOL_QUEUED]);
	assert_int_equal(spool_place(&sp, SPOOL_QUEUED), fd);
	assert_int_equal(times_in(&opened, "queued"), 1);
	spool_close(&sp);
}

static unsigned stale;
static int is_stale(const char *name)
{
	return strcmp(name, "status") == 0 && stale && stale-- ? ESTALE : 0;
}

static void a_stale_listing_of_snapshots_is_made_again(void **state)
{
	struct index *ix;
	uint64_t k;

	(void)state;
	publish_line(&s.root, "2026-11-20T10:00:00Z admit id=1 to=queued state=QUEUED folder=1-a");
	open_answer = is_stale;
	stale = 2;
	assert_int_equal(snapshot_open(&s.sp, &ix, &k), 0);
	assert_int_equal(k, 1);
	index_close(ix);
	stale = 100;
	assert_int_equal(snapshot_open(&s.sp, &ix, &k), -ESTALE);
}

static int new_share(void **state)
{
	(void)state;
	me = geteuid();
	s = newshare_new();
	scratch_write(&s.root, "spool/queued/1-a/run.sh", "");
	scratch_write(&s.root, "spool/active/2.1-b/run.sh", "");
	scratch_write(&s.root, "spool/done/3-c/run.sh", "");
	return 0;
}

static int end_share(void **state)
{
	(void)state;
	stumbles_end();
	newshare_free(&s);
	stumbles_end();
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_share, end_share)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(mine_are_those_of_my_account),
		TEST(where_owners_are_made_up_nobody_is_taken_for_another),
		TEST(a_place_is_opened_when_it_is_asked_for),
		TEST(a_stale_listing_of_snapshots_is_made_again),
	};

	alarm(60); /* what blocks fails */
	return cmocka_run_group_tests_name("tools_jobs", tests, NULL, NULL);
}
