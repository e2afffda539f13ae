/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of lib/syncer. fsync and syncfs are the test's own: they count, they can be held up
 * at a gate, and they can fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"
#include "syncer.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MANY 400 /* more than are kept */

static atomic_int fsyncs, syncfses, fail_with;
static sem_t gate;
static atomic_bool gated;

static int count(atomic_int *counter)
{
	int error = fail_with;

	if (gated)
		sem_wait(&gate);
	(*counter)++;
	if (!error)
		return 0;
	errno = error;
	return -1;
}

int fsync(int fd)
{
	assert_true(fcntl(fd, F_GETFD) >= 0);
	return count(&fsyncs);
}

int syncfs(int fd)
{
	assert_true(fcntl(fd, F_GETFD) >= 0);
	return count(&syncfses);
}

struct spot {
	struct worker *worker;
	struct syncer *syncer;
	int fd;
};

static char letters[5][2] = { "a", "b", "c", "d", "x" };
static char calls[256];
static int last_result;

static void go(void *arg, int result)
{
	size_t len = strlen(calls);

	calls[len] = *(const char *)arg;
	calls[len + 1] = '\0';
	last_result = result;
}

static struct spot open_spot(bool local)
{
	struct spot s;

	calls[0] = '\0';
	fsyncs = syncfses = fail_with = 0;
	gated = false;
	last_result = 12345;
	s.fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(s.fd >= 0);
	s.worker = worker_new("sync");
	s.syncer = syncer_new(s.worker, s.fd, local);
	return s;
}

static void close_spot(struct spot *s)
{
	worker_free(s->worker);
	syncer_free(s->syncer);
	close(s->fd);
}

/* Turns the loop until the syncer is idle; fails after ten seconds without news. */
static void settle(struct spot *s)
{
	struct pollfd pfd = { .fd = worker_fd(s->worker), .events = POLLIN };

	syncer_start(s->syncer);
	while (!syncer_idle(s->syncer)) {
		assert_int_equal(poll(&pfd, 1, 10000), 1);
		worker_collect(s->worker);
		syncer_start(s->syncer);
	}
}

static void small_batches_sync_each(void **state)
{
	struct spot s = open_spot(true);

	(void)state;
	assert_true(syncer_idle(s.syncer));
	syncer_touch(s.syncer, s.fd);
	syncer_touch(s.syncer, s.fd);
	syncer_touch_dir(s.syncer, s.fd);
	syncer_touch_dir(s.syncer, s.fd); /* the same one: once */
	syncer_then(s.syncer, go, letters[0]);
	assert_false(syncer_idle(s.syncer));
	assert_string_equal(calls, "");
	settle(&s);
	assert_string_equal(calls, "a");
	assert_int_equal(last_result, 0);
	assert_int_equal(fsyncs, 3);
	assert_int_equal(syncfses, 0);
	close_spot(&s);
}

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void large_batches_sync_once(void **state)
{
	struct spot s = open_spot(true);
	int before = open_fds();

	(void)state;
	for (int i = 0; i < MANY; i++)
		syncer_touch(s.syncer, s.fd);
	syncer_touch_dir(s.syncer, s.fd);
	assert_true(open_fds() < before + MANY / 2); /* they are not kept */
	syncer_then(s.syncer, go, letters[0]);
	settle(&s);
	assert_int_equal(syncfses, 1);
	assert_int_equal(fsyncs, 0);
	assert_int_equal(open_fds(), before);
	close_spot(&s);
}

static void a_network_share_syncs_each(void **state)
{
	struct spot s = open_spot(false);

	(void)state;
	for (int i = 0; i < MANY; i++)
		syncer_touch(s.syncer, s.fd);
	syncer_then(s.syncer, go, letters[0]);
	settle(&s);
	assert_int_equal(syncfses, 0);
	assert_int_equal(fsyncs, MANY);
	close_spot(&s);
}

static void what_comes_during_a_sync_goes_with_the_next(void **state)
{
	struct spot s = open_spot(true);

	(void)state;
	gated = true;
	syncer_touch(s.syncer, s.fd);
	syncer_then(s.syncer, go, letters[0]);
	syncer_start(s.syncer);
	syncer_then(s.syncer, go, letters[1]); /* nothing new: with the first */
	syncer_touch(s.syncer, s.fd);
	syncer_then(s.syncer, go, letters[2]);
	syncer_touch(s.syncer, s.fd);
	syncer_then(s.syncer, go, letters[3]);
	syncer_start(s.syncer); /* one is running: nothing happens */
	gated = false;
	sem_post(&gate);
	while (worker_collect(s.worker) == 0)
		poll(&(struct pollfd){ .fd = worker_fd(s.worker), .events = POLLIN }, 1, 10000);
	assert_string_equal(calls, "ab");
	assert_int_equal(fsyncs, 1);
	settle(&s);
	assert_string_equal(calls, "abcd");
	assert_int_equal(fsyncs, 3);
	close_spot(&s);
}

static void nothing_touched_is_called_from_start(void **state)
{
	struct spot s = open_spot(true);

	(void)state;
	syncer_then(s.syncer, go, letters[0]);
	syncer_then(s.syncer, go, letters[1]);
	assert_string_equal(calls, "");
	syncer_start(s.syncer);
	assert_string_equal(calls, "ab");
	assert_true(syncer_idle(s.syncer));
	assert_int_equal(fsyncs + syncfses, 0);
	close_spot(&s);
}

static struct spot *chain_spot;

static void go_on(void *arg, int result)
{
	go(arg, result);
	if (strlen(calls) < 4)
		syncer_then(chain_spot->syncer, go_on, arg);
	else
		syncer_start(chain_spot->syncer); /* from within: nothing happens */
}

static void a_call_may_hand_over_more(void **state)
{
	struct spot s = open_spot(true);

	(void)state;
	chain_spot = &s;
	syncer_then(s.syncer, go_on, letters[4]);
	syncer_start(s.syncer);
	assert_string_equal(calls, "xxxx");
	assert_true(syncer_idle(s.syncer));
	close_spot(&s);
}

static void errors_reach_every_call(void **state)
{
	struct spot s = open_spot(true);

	(void)state;
	fail_with = EIO;
	syncer_touch(s.syncer, s.fd);
	syncer_then(s.syncer, go, letters[0]);
	settle(&s);
	assert_int_equal(last_result, -EIO);
	fail_with = 0;
	syncer_touch(s.syncer, s.fd);
	syncer_then(s.syncer, go, letters[1]);
	settle(&s);
	assert_int_equal(last_result, 0);
	for (int i = 0; i < MANY; i++)
		syncer_touch(s.syncer, s.fd);
	syncer_then(s.syncer, go, letters[2]);
	fail_with = ENOSPC;
	settle(&s);
	assert_int_equal(last_result, -ENOSPC);
	assert_string_equal(calls, "abc");
	close_spot(&s);
}

static void folders_that_cannot_sync_are_done(void **state)
{
	struct spot s = open_spot(false);

	(void)state;
	fail_with = EINVAL;
	syncer_touch_dir(s.syncer, s.fd);
	syncer_then(s.syncer, go, letters[0]);
	settle(&s);
	assert_int_equal(last_result, 0);
	fail_with = EROFS; /* a disk that has shut itself after an error */
	syncer_touch_dir(s.syncer, s.fd);
	syncer_then(s.syncer, go, letters[1]);
	settle(&s);
	assert_int_equal(last_result, -EROFS);
	close_spot(&s);
}

/* What the sync of this file or folder says if the server does not know it any more. */
static int stale(struct spot *s, int fd)
{
	fail_with = ESTALE;
	syncer_touch(s->syncer, fd);
	syncer_then(s->syncer, go, letters[0]);
	settle(s);
	fail_with = 0;
	return last_result;
}

static void what_was_removed_needs_no_sync(void **state)
{
	struct spot s = open_spot(false);
	struct scratch scratch = scratch_new();
	int fd, other;

	(void)state;
	scratch_write(&scratch, "folder/file", "bytes");
	scratch_write(&scratch, "folder/other", "bytes");
	fd = safefs_open(scratch.fd, "folder/file", O_WRONLY, 0);
	other = safefs_open(scratch.fd, "folder/other", O_WRONLY, 0);
	assert_int_equal(stale(&s, scratch.fd), 0);
	assert_int_equal(stale(&s, fd), -ESTALE); /* it is there, but without what? */
	scratch_clear(&scratch, "folder/file");
	assert_int_equal(stale(&s, fd), 0);
	scratch_write(&scratch, "folder/file", "another");
	assert_int_equal(stale(&s, fd), -ESTALE);
	assert_int_equal(renameat(scratch.fd, "folder", scratch.fd, "moved"), 0);
	assert_int_equal(stale(&s, other), -ESTALE);
	scratch_clear(&scratch, "moved");
	assert_int_equal(stale(&s, other), 0);
	close(fd);
	close(other);
	scratch_free(&scratch);
	close_spot(&s);
}

static void without_descriptors_it_syncs_at_once(void **state)
{
	struct spot s = open_spot(false);
	struct rlimit old, none = { 0, 0 };

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	syncer_touch(s.syncer, s.fd);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(fsyncs, 1);
	syncer_then(s.syncer, go, letters[0]);
	settle(&s);
	assert_string_equal(calls, "a");
	assert_int_equal(fsyncs, 1);
	close_spot(&s);
}

static void ending_cancels_what_waits(void **state)
{
	struct spot s = open_spot(true);
	int before = open_fds();

	(void)state;
	syncer_touch(s.syncer, s.fd);
	syncer_then(s.syncer, go, letters[0]);
	close_spot(&s);
	assert_string_equal(calls, letters[0]);
	assert_int_equal(last_result, -ECANCELED);
	assert_true(open_fds() < before);
	syncer_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_batches_sync_each),
		cmocka_unit_test(large_batches_sync_once),
		cmocka_unit_test(a_network_share_syncs_each),
		cmocka_unit_test(what_comes_during_a_sync_goes_with_the_next),
		cmocka_unit_test(nothing_touched_is_called_from_start),
		cmocka_unit_test(a_call_may_hand_over_more),
		cmocka_unit_test(errors_reach_every_call),
		cmocka_unit_test(folders_that_cannot_sync_are_done),
		cmocka_unit_test(what_was_removed_needs_no_sync),
		cmocka_unit_test(without_descriptors_it_syncs_at_once),
		cmocka_unit_test(ending_cancels_what_waits),
	};

	sem_init(&gate, 0, 0);
	return cmocka_run_group_tests_name("syncer", tests, NULL, NULL);
}
