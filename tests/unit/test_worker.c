/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of lib/worker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "worker.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TASKS 1000

struct job {
	struct worker *worker;
	int number, gate;
	long thread;
	sigset_t blocked;
	char name[16];
};

static int done_count, done_sum;
static int order[TASKS];

static int run(void *arg)
{
	struct job *job = arg;
	uint64_t value;

	if (job->gate >= 0 && read(job->gate, &value, sizeof(value)) < 0)
		return -1;
	job->thread = syscall(SYS_gettid);
	sigprocmask(SIG_BLOCK, NULL, &job->blocked);
	prctl(PR_GET_NAME, job->name);
	return job->number * 2;
}

static void done(void *arg, int result)
{
	struct job *job = arg;

	assert_int_equal(result, job->number * 2);
	order[done_count++] = job->number;
	done_sum += result;
}

static int setup(void **state)
{
	(void)state;
	done_count = done_sum = 0;
	return 0;
}

/* Collects until nothing is pending; fails after ten seconds without news. */
static void collect_all(struct worker *w)
{
	struct pollfd pfd = { .fd = worker_fd(w), .events = POLLIN };

	while (worker_pending(w) > 0) {
		assert_int_equal(poll(&pfd, 1, 10000), 1);
		worker_collect(w);
	}
}

static void tasks_run_in_order(void **state)
{
	static struct job jobs[TASKS];
	struct worker *w = worker_new("test-worker-with-a-long-name");

	(void)state;
	for (int i = 0; i < TASKS; i++) {
		jobs[i] = (struct job){ .number = i, .gate = -1 };
		worker_submit(w, run, done, &jobs[i]);
	}
	collect_all(w);
	assert_int_equal(done_count, TASKS);
	assert_int_equal(done_sum, TASKS * (TASKS - 1));
	for (int i = 0; i < TASKS; i++)
		assert_int_equal(order[i], i);
	assert_int_not_equal(jobs[0].thread, syscall(SYS_gettid));
	assert_int_equal(jobs[0].thread, jobs[TASKS - 1].thread);
	assert_string_equal(jobs[0].name, "test-worker-wit");
	worker_free(w);
}

static void signals_are_the_loops(void **state)
{
	struct job job = { .number = 1, .gate = -1 };
	struct worker *w = worker_new("w");
	sigset_t mine;

	(void)state;
	worker_submit(w, run, done, &job);
	collect_all(w);
	assert_int_equal(sigismember(&job.blocked, SIGTERM), 1);
	assert_int_equal(sigismember(&job.blocked, SIGCHLD), 1);
	assert_int_equal(sigismember(&job.blocked, SIGIO), 1);
	sigprocmask(SIG_BLOCK, NULL, &mine);
	assert_int_equal(sigismember(&mine, SIGTERM), 0);
	worker_free(w);
}

static void collecting_never_blocks(void **state)
{
	struct job job = { .number = 3, .gate = eventfd(0, 0) };
	struct worker *w = worker_new("w");
	uint64_t one = 1;

	(void)state;
	assert_int_equal(worker_collect(w), 0);
	worker_submit(w, run, done, &job);
	assert_int_equal(worker_pending(w), 1);
	assert_int_equal(worker_collect(w), 0);
	assert_int_equal(done_count, 0);
	assert_int_equal(write(job.gate, &one, sizeof(one)), sizeof(one));
	collect_all(w);
	assert_int_equal(done_count, 1);
	assert_int_equal(worker_pending(w), 0);
	worker_free(w);
	close(job.gate);
}

static void submit_again(void *arg, int result)
{
	struct job *job = arg;

	done(arg, result);
	if (done_count < 10)
		worker_submit(job->worker, run, submit_again, job);
}

static void ending_waits_for_all(void **state)
{
	static struct job jobs[20];
	struct job again = { .number = 1, .gate = -1 };
	struct worker *w = worker_new("w");

	(void)state;
	for (int i = 0; i < 20; i++) {
		jobs[i] = (struct job){ .number = i, .gate = -1 };
		worker_submit(w, run, i % 2 ? done : NULL, &jobs[i]);
	}
	worker_free(w);
	assert_int_equal(done_count, 10);
	done_count = 0;
	w = again.worker = worker_new("w");
	worker_submit(w, run, submit_again, &again);
	worker_free(w);
	assert_int_equal(done_count, 10);
	worker_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(tasks_run_in_order, setup),
		cmocka_unit_test_setup(signals_are_the_loops, setup),
		cmocka_unit_test_setup(collecting_never_blocks, setup),
		cmocka_unit_test_setup(ending_waits_for_all, setup),
	};

	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
