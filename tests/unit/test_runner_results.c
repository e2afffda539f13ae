/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_runner_results - what a job leaves is made durable once; trouble of the share is no failure
 * of the job, and a full disk is; what a running job prints is written out on the way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runshare.h"

#include "../../runner/gather.h"
#include "../../runner/outcome.h"
#include "../../runner/runner.h"
#include "../../runner/streams.h"

#include "cleanup.h"
#include "clock.h"
#include "worker.h"

#include <poll.h>

#define PATIENCE_MS 20000
#define FOLDER "spool/active/1.1-sim/"

/* -- a job that has run -------------------------------------------------------------------------- */

struct ran {
	struct runshare *share;
	struct runner r;
	struct job *job;
};

static int set_up(void **state)
{
	struct ran *t = xcalloc(1, sizeof(*t));

	fsync_lie = write_lie = pread_lie = fstatat_lie = dup_lie = 0;
	t->share = runshare_new();
	runshare_ticket(t->share, 1, "offer", false);
	t->job = runshare_run(t->share, NULL, NULL);
	assert_int_equal(t->job->phase, JOB_READY);
	t->job->phase = JOB_RUNNING;
	t->job->report = (struct message_report){ .tag = t->job->tag, .started_at = 1 };
	t->r.spool_fd = t->share->share.sp.fd;
	t->r.results_whole.local = true;
	t->r.gatherer = worker_new("results");
	TAILQ_INIT(&t->r.jobs);
	TAILQ_INSERT_TAIL(&t->r.jobs, t->job, link);
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	struct ran *t = *state;

	worker_free(t->r.gatherer);
	worker_free(t->r.flusher);
	job_free(t->job);
	runshare_free(t->share);
	free(t);
	return 0;
}

static void prints(struct ran *t, int which, const char *text)
{
	assert_int_equal(safefs_write_all(t->job->streams[which], text, strlen(text)), 0);
}

static void wait_for(struct worker *w, const bool *busy)
{
	struct pollfd p = { .fd = worker_fd(w), .events = POLLIN };

	while (*busy) {
		assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
		worker_collect(w);
	}
}

static void ends(struct ran *t)
{
	t->job->phase = JOB_ENDED;
	gather_begin(&t->r, clock_boot_ms());
	assert_true(t->job->gathering);
	wait_for(t->r.gatherer, &t->r.gathering);
}

static void assert_outcome(struct ran *t, const char *expected)
{
	outcome_judge(t->job);
	assert_string_equal(t->job->ticket.state, expected);
}

static void assert_outputs(struct ran *t, const char *expected)
{
	_cleanup_free_ char *text = xstrdup("");

	for (size_t i = 0; i < t->job->ticket.outputs.count; i++) {
		char *longer = xasprintf("%s%s,", text, t->job->ticket.outputs.items[i]);

		free(text);
		text = longer;
	}
	assert_string_equal(text, expected);
}

/* -- what is kept -------------------------------------------------------------------------------- */

static void files_and_streams_are_listed(void **state)
{
	struct ran *t = *state;

	prints(t, 0, "hello\n");
	scratch_write(&t->share->new.root, FOLDER "out/result.txt", "42");
	ends(t);
	assert_true(t->job->gathered);
	assert_false(gather_wanted(t->job));
	assert_int_equal(t->job->streams[0], -1);
	assert_int_equal(t->job->streams[1], -1);
	assert_outputs(t, "stdout.txt 6,out/result.txt 2,");
	assert_outcome(t, "DONE");
}

static void stream_that_the_job_removed_is_not_listed(void **state)
{
	struct ran *t = *state;

	prints(t, 0, "hello\n");
	prints(t, 1, "oh\n");
	scratch_clear(&t->share->new.root, FOLDER "stdout.txt");
	scratch_clear(&t->share->new.root, FOLDER "stderr.txt");
	scratch_write(&t->share->new.root, FOLDER "stderr.txt", "another");
	ends(t);
	assert_outputs(t, "stderr.txt 7,");
}

static void number_that_a_client_made_up_is_no_other_folder(void **state)
{
	struct ran *t = *state;

	t->job->inode += 1;
	ends(t);
	assert_false(t->job->removed);
	assert_outcome(t, "DONE");
}

static void another_folder_of_the_name_is_not_taken(void **state)
{
	struct ran *t = *state;

	t->job->inode += 1;
	scratch_clear(&t->share->new.root, FOLDER SPOOL_MANIFEST);
	ends(t);
	assert_true(t->job->removed);
	assert_outcome(t, "CANCELLED");
}

/* -- what is lost -------------------------------------------------------------------------------- */

/* How many attempts there were does not count: a runner may have been stopped. */
static void assert_given_back(struct ran *t, int error)
{
	t->job->attempt = 99;
	prints(t, 0, "hello\n");
	fsync_lie = error;
	ends(t);
	assert_int_equal(t->job->way, WAY_BACK);
	assert_outcome(t, "SPOILED");
	assert_true(t->r.no_claims_before > clock_boot_ms());
	assert_false(gather_wanted(t->job));
}

static void lost_write_gives_the_job_back(void **state)
{
	assert_given_back(*state, EIO);
}

/* A server of SMB that has started again does not know the file as open any more. */
static void file_that_the_server_forgot_gives_the_job_back(void **state)
{
	assert_given_back(*state, EBADF);
}

static void after_some_spoiled_runs_it_fails(void **state)
{
	struct ran *t = *state;

	prints(t, 0, "hello\n");
	t->job->ticket.spoiled = RUNNER_SPOILED_MOST - 1;
	fsync_lie = EIO;
	ends(t);
	assert_int_equal(t->job->way, WAY_DONE);
	assert_outcome(t, "FAILED");
	assert_non_null(strstr(t->job->ticket.reason, "Input/output error"));
}

static void full_disk_fails_the_job(void **state)
{
	struct ran *t = *state;

	prints(t, 0, "hello\n");
	fsync_lie = ENOSPC;
	ends(t);
	assert_int_equal(t->job->way, WAY_DONE);
	assert_outcome(t, "FAILED");
	assert_string_equal(t->job->ticket.reason,
			    "its results could not be kept: No space left on device (it ended "
			    "with: exit code 0)");
}

/* Its folder could not even be looked at for want of room: asked again, that would not change. */
static void no_room_for_a_look_fails_the_job_that_ran(void **state)
{
	struct ran *t = *state;

	fstatat_lie = EDQUOT;
	ends(t);
	assert_true(t->job->gathered);
	assert_int_equal(t->job->way, WAY_DONE);
	assert_outcome(t, "FAILED");
}

static void removed_folder_is_told_so(void **state)
{
	struct ran *t = *state;

	scratch_clear(&t->share->new.root, "spool/active/1.1-sim");
	ends(t);
	assert_true(t->job->removed);
	assert_outcome(t, "CANCELLED");
}

/* Only a share that answers may use up a try. */
static void outage_does_not_use_up_tries(void **state)
{
	struct ran *t = *state;
	int64_t later;

	fstatat_lie = EHOSTDOWN;
	ends(t);
	assert_false(t->job->gathered);
	assert_int_equal(t->job->gather_tries, 1);
	later = clock_boot_ms() + 600000;
	gather_begin(&t->r, later);
	assert_false(t->r.gathering);
	assert_int_equal(gather_due(&t->r), INT64_MAX);
	t->r.looked_at = t->job->gather_failed + 1;
	assert_int_equal(gather_due(&t->r), t->job->gather_after);
	gather_begin(&t->r, t->job->gather_after - 1);
	assert_false(t->r.gathering);
	gather_begin(&t->r, later);
	wait_for(t->r.gatherer, &t->r.gathering);
	assert_true(t->job->gathered);
	assert_outcome(t, "DONE");
}

/* The loop must not ask again and again meanwhile. */
static void without_a_descriptor_it_is_begun_later(void **state)
{
	struct ran *t = *state;
	int64_t now = clock_boot_ms();

	t->job->phase = JOB_ENDED;
	t->job->gather_failed = 1; /* once before, and the share has answered since */
	t->job->gather_after = 2;
	t->r.looked_at = 3;
	dup_lie = EMFILE;
	dup_truths = 0;
	gather_begin(&t->r, now);
	assert_false(t->r.gathering);
	assert_true(gather_due(&t->r) > now);
	t->job->gather_failed = 0;
	assert_true(gather_due(&t->r) > now && gather_due(&t->r) < now + 60000);
	gather_begin(&t->r, now);
	assert_false(t->r.gathering);
	gather_begin(&t->r, gather_due(&t->r));
	wait_for(t->r.gatherer, &t->r.gathering);
	assert_true(t->job->gathered);
	assert_int_equal(gather_due(&t->r), INT64_MAX);
}

static void trouble_that_stays_gives_the_job_back(void **state)
{
	struct ran *t = *state;

	t->job->phase = JOB_ENDED;
	for (int i = 0; t->job->way == WAY_DONE; i++) {
		assert_true(i < 10);
		fstatat_lie = EIO;
		t->r.looked_at = INT64_MAX;
		gather_begin(&t->r, INT64_MAX - 1);
		wait_for(t->r.gatherer, &t->r.gathering);
	}
	assert_int_equal(t->job->way, WAY_BACK);
	assert_true(gather_wanted(t->job)); /* its streams are still open */
	fstatat_lie = 0;
	gather_begin(&t->r, clock_boot_ms());
	wait_for(t->r.gatherer, &t->r.gathering);
	assert_false(gather_wanted(t->job));
}

/* -- streams ------------------------------------------------------------------------------------- */

static void streams_are_nobody_elses(void **state)
{
	struct ran *t = *state;
	const enum safefs_kind media[] = { SAFEFS_LOCAL, SAFEFS_NFS, SAFEFS_SMB };
	int dir = t->share->new.root.fd, which, flags;

	for (size_t i = 0; i < 3; i++) {
		streams_close(t->job);
		scratch_clear(&t->share->new.root, "stdout.txt");
		scratch_clear(&t->share->new.root, "stderr.txt");
		assert_int_equal(streams_make(t->job, dir, media[i], &which), 0);
		flags = fcntl(t->job->streams[0], F_GETFL);
		assert_int_equal(flags & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_WRONLY | O_APPEND);
		prints(t, 0, "ours");
		streams_close(t->job);
		assert_int_equal(streams_make(t->job, dir, media[i], &which), -EEXIST);
		assert_int_equal(which, 0);
		scratch_clear(&t->share->new.root, "stdout.txt");
		assert_int_equal(symlinkat("victim", dir, "stdout.txt"), 0);
		assert_int_equal(streams_make(t->job, dir, media[i], &which), -EEXIST);
		scratch_clear(&t->share->new.root, "stdout.txt");
		assert_int_equal(mkfifoat(dir, "stdout.txt", 0600), 0);
		assert_int_equal(streams_make(t->job, dir, media[i], &which), -EEXIST);
		scratch_clear(&t->share->new.root, "stdout.txt");
		scratch_write(&t->share->new.root, "victim", "");
		assert_int_equal(linkat(dir, "victim", dir, "stdout.txt", 0), 0);
		assert_int_equal(streams_make(t->job, dir, media[i], &which), -EEXIST);
		scratch_clear(&t->share->new.root, "victim");
	}
}

/* A reply that was lost: it was made, and we were told of trouble. */
static void own_empty_stream_is_found_again_on_a_network(void **state)
{
	struct ran *t = *state;
	int dir = t->share->new.root.fd, which;

	streams_close(t->job);
	scratch_write(&t->share->new.root, "stdout.txt", "");
	assert_int_equal(streams_make(t->job, dir, SAFEFS_NFS, &which), 0);
	streams_close(t->job);
	assert_int_equal(streams_make(t->job, dir, SAFEFS_LOCAL, &which), -EEXIST);
}

static void flush(struct ran *t)
{
	t->r.next_flush = 0;
	streams_flush(&t->r, clock_boot_ms());
	assert_true(t->r.flushing);
	wait_for(t->r.flusher, &t->r.flushing);
}

static void only_what_has_grown_is_written_out(void **state)
{
	struct ran *t = *state;
	unsigned before = fsyncs;

	assert_int_equal(streams_due(&t->r), INT64_MAX); /* not on this medium */
	t->r.flusher = worker_new("streams");
	flush(t);
	assert_int_equal(fsyncs, before);
	prints(t, 1, "1");
	flush(t);
	assert_int_equal(fsyncs, before + 1);
	flush(t);
	assert_int_equal(fsyncs, before + 1);
	assert_true(streams_due(&t->r) > clock_boot_ms());
	t->job->phase = JOB_ENDED;
	assert_int_equal(streams_due(&t->r), INT64_MAX);
}

static void error_of_a_flush_is_not_forgotten(void **state)
{
	struct ran *t = *state;

	t->r.flusher = worker_new("streams");
	prints(t, 0, "hello\n");
	fsync_lie = EDQUOT;
	flush(t);
	ends(t);
	assert_outcome(t, "FAILED");
}

static void job_is_not_gathered_while_it_is_flushed(void **state)
{
	struct ran *t = *state;

	t->job->phase = JOB_ENDED;
	t->job->flushing = true;
	gather_begin(&t->r, clock_boot_ms());
	assert_false(t->job->gathering);
	assert_false(t->r.gathering);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(files_and_streams_are_listed),
		TEST(stream_that_the_job_removed_is_not_listed),
		TEST(number_that_a_client_made_up_is_no_other_folder),
		TEST(another_folder_of_the_name_is_not_taken),
		TEST(lost_write_gives_the_job_back),
		TEST(file_that_the_server_forgot_gives_the_job_back),
		TEST(after_some_spoiled_runs_it_fails),
		TEST(full_disk_fails_the_job),
		TEST(no_room_for_a_look_fails_the_job_that_ran),
		TEST(removed_folder_is_told_so),
		TEST(outage_does_not_use_up_tries),
		TEST(without_a_descriptor_it_is_begun_later),
		TEST(trouble_that_stays_gives_the_job_back),
		TEST(streams_are_nobody_elses),
		TEST(own_empty_stream_is_found_again_on_a_network),
		TEST(only_what_has_grown_is_written_out),
		TEST(error_of_a_flush_is_not_forgotten),
		TEST(job_is_not_gathered_while_it_is_flushed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
