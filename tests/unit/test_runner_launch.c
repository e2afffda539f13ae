/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_runner_launch - what becomes of a job whose start was reported to have failed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../runner/launch.h"
#include "../../runner/runner.h"

#include "clock.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static bool counted; /* the last one was told as a spoiled run */

/* The way that a job with so many spoiled runs goes after such a report, in a late attempt. */
static enum job_way way_after(enum message_step step, int error, unsigned spoiled)
{
	struct runner r = { .next_look = INT64_MAX };
	struct job *job = job_new(1, 99);
	struct message_report report = {
		.type = MESSAGE_REPORT,
		.tag = job->tag,
		.step = step,
		.error = error,
		.exit_code = -1,
	};
	enum job_way way;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	r.launcher = pair[0];
	TAILQ_INIT(&r.jobs);
	TAILQ_INSERT_TAIL(&r.jobs, job, link);
	job->phase = JOB_RUNNING;
	job->ticket.spoiled = spoiled;
	assert_int_equal(message_send(pair[1], &report, sizeof(report), NULL, 0, 0), 0);
	assert_int_equal(launch_hear(&r), 0);
	assert_int_equal(job->phase, JOB_ENDED);
	way = job->way;
	assert_int_equal(r.no_claims_before > clock_boot_ms(), way == WAY_BACK);
	counted = job->spoiled != NULL;
	close(pair[0]);
	close(pair[1]);
	job_free(job);
	return way;
}

static void job_ends_by_what_is_its_own(void **state)
{
	(void)state;
	assert_int_equal(way_after(STEP_NONE, 0, 0), WAY_DONE);
	assert_int_equal(way_after(STEP_LOST_KEEPER, EIO, 0), WAY_DONE);
	assert_int_equal(way_after(STEP_PROGRAM, ENOENT, 0), WAY_DONE);
	assert_int_equal(way_after(STEP_PROGRAM, EACCES, 0), WAY_DONE);
	assert_int_equal(way_after(STEP_PROGRAM, ENOEXEC, 0), WAY_DONE);
	assert_int_equal(way_after(STEP_PROGRAM, E2BIG, 0), WAY_DONE);
	assert_int_equal(way_after(STEP_INTERPRETER, ENOENT, 0), WAY_DONE);
	assert_int_equal(way_after(STEP_FOLDER, EACCES, 0), WAY_DONE);
}

static void trouble_with_its_files_gives_it_back_some_times(void **state)
{
	(void)state;
	assert_int_equal(way_after(STEP_FOLDER, EIO, 0), WAY_BACK);
	assert_int_equal(way_after(STEP_PROGRAM, EIO, 0), WAY_BACK);
	assert_true(counted);
	assert_int_equal(way_after(STEP_PROGRAM, EIO, RUNNER_SPOILED_MOST - 1), WAY_DONE);
}

/* As often as it takes: the job has not run, and this machine alone is to blame. */
static void machine_without_room_gives_it_back(void **state)
{
	const unsigned late = RUNNER_SPOILED_MOST;

	(void)state;
	assert_int_equal(way_after(STEP_KEEPER, EAGAIN, late), WAY_BACK);
	assert_int_equal(way_after(STEP_FORK, ENOMEM, late), WAY_BACK);
	assert_int_equal(way_after(STEP_SETUP, EMFILE, late), WAY_BACK);
	assert_int_equal(way_after(STEP_STDIN, ENFILE, late), WAY_BACK);
	assert_int_equal(way_after(STEP_COPY, ENOSPC, late), WAY_BACK);
	assert_int_equal(way_after(STEP_COPY, EDQUOT, late), WAY_BACK);
	assert_false(counted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(job_ends_by_what_is_its_own),
		cmocka_unit_test(trouble_with_its_files_gives_it_back_some_times),
		cmocka_unit_test(machine_without_room_gives_it_back),
	};

	return cmocka_run_group_tests_name("runner_launch", tests, NULL, NULL);
}
