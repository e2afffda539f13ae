/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_watchdog - the launcher's lease, and what becomes of jobs when their daemon is gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "launching.h"

#include <sys/un.h>

/* A job that writes a line every few milliseconds, by one new process for each. */
#define LINES "echo $$ >pid; while :; do sh -c 'echo line'; done"

static int set_up_without_lease(void **state)
{
	struct world *w = world_new();

	*state = w;
	return 0;
}

static size_t lines_of(struct world *w, uint64_t tag)
{
	_cleanup_close_ int folder = folder_of(w, tag);
	struct stat st;

	assert_int_equal(fstatat(folder, "stdout.txt", &st, 0), 0);
	return (size_t)st.st_size;
}

static void wait_for_lines(struct world *w, uint64_t tag)
{
	size_t before = lines_of(w, tag);
	int64_t end = clock_boot_ms() + PATIENCE_MS;

	while (lines_of(w, tag) <= before) {
		assert_true(clock_boot_ms() < end);
		poll(NULL, 0, 5);
	}
}

/* Nothing of it runs: its output stands still. */
static void assert_frozen(struct world *w, uint64_t tag)
{
	size_t before = lines_of(w, tag);

	poll(NULL, 0, 300);
	assert_int_equal(lines_of(w, tag), before);
}

static uint64_t frozen_job(struct world *w, int64_t ttl_ms)
{
	int64_t end;
	uint64_t tag;

	renew_for(w, 700);
	end = clock_boot_ms() + 800;
	tag = start_script(w, LINES, ttl_ms, LONG_MS);
	wait_for_lines(w, tag);
	while (clock_boot_ms() < end)
		poll(NULL, 0, 5);
	assert_frozen(w, tag);
	return tag;
}

/* -- the lease ----------------------------------------------------------------------------------- */

static void job_is_frozen_when_the_lease_is_over_and_goes_on_with_the_next(void **state)
{
	struct world *w = *state;
	uint64_t tag = frozen_job(w, LONG_MS);

	renew_for(w, 500);
	wait_for_lines(w, tag);
	poll(NULL, 0, 600);
	assert_frozen(w, tag);
	renew_for(w, LONG_MS);
	wait_for_lines(w, tag);
	stop(w, tag, WHY_CANCEL, 0);
	assert_int_equal(report_of(w, tag).why, WHY_CANCEL);
}

static void renewal_that_comes_too_late_thaws_nothing(void **state)
{
	struct world *w = *state;
	uint64_t tag = frozen_job(w, LONG_MS);

	renew_for(w, -1);
	assert_frozen(w, tag);
}

static void earlier_end_shortens_no_lease(void **state)
{
	struct world *w = *state;
	uint64_t tag;

	renew_for(w, LONG_MS);
	renew_for(w, 1);
	poll(NULL, 0, 50);
	tag = start_script(w, "exit 0", LONG_MS, 0);
	assert_int_equal(report_of(w, tag).step, STEP_NONE);
}

static void nothing_is_started_without_a_lease(void **state)
{
	struct world *w = *state;
	uint64_t tag = start_script(w, "exit 0", LONG_MS, 0);

	assert_int_equal(report_of(w, tag).step, STEP_LEASE);
	renew_for(w, 100);
	poll(NULL, 0, 150);
	tag = start_script(w, "exit 0", LONG_MS, 0);
	assert_int_equal(report_of(w, tag).step, STEP_LEASE);
}

static void frozen_job_ends_at_its_time_limit(void **state)
{
	struct world *w = *state;
	struct message_report r = report_of(w, frozen_job(w, 1500));

	assert_int_equal(r.why, WHY_TTL);
	assert_int_equal(r.term_signal, SIGKILL); /* what is frozen hears no SIGTERM */
}

static void frozen_job_that_is_stopped_does_not_run_again(void **state)
{
	struct world *w = *state;
	uint64_t tag = frozen_job(w, LONG_MS);
	size_t before = lines_of(w, tag);

	stop(w, tag, WHY_EVICT, LONG_MS);
	renew_for(w, LONG_MS);
	assert_int_equal(report_of(w, tag).why, WHY_EVICT);
	assert_int_equal(lines_of(w, tag), before);
}

static void keeper_that_was_frozen_serves_the_next(void **state)
{
	struct world *w = *state;
	uint64_t tag = frozen_job(w, LONG_MS);

	stop(w, tag, WHY_EVICT, 0);
	report_of(w, tag);
	renew_for(w, LONG_MS);
	assert_int_equal(run_script(w, "sleep 0.3; exit 4").exit_code, 4);
}

/* -- another daemon ------------------------------------------------------------------------------ */

/* Gives the launcher a lock with a socket at which it can be found. */
static void give_lock(struct world *w, struct sockaddr_un *addr, socklen_t *len)
{
	struct message_lock lock = { .type = MESSAGE_LOCK, .rid = "r1-12345678-87654321" };
	int fds[2] = { open("/dev/null", O_RDWR | O_CLOEXEC),
		       socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) };

	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			   (size_t)snprintf(addr->sun_path + 1, sizeof(addr->sun_path) - 1, "%s",
					    w->top));
	assert_int_equal(bind(fds[1], (struct sockaddr *)addr, *len), 0);
	assert_int_equal(listen(fds[1], 4), 0);
	assert_int_equal(message_send(w->sock, &lock, sizeof(lock), fds, 2, 0), 0);
	close(fds[0]);
	close(fds[1]);
	hear_hello(w);
}

static int call(const struct sockaddr_un *addr, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)addr, len), 0);
	return fd;
}

/* The daemon is gone, and another one is there. What HELLO says. */
static struct message_hello adopt(struct world *w, const struct sockaddr_un *addr, socklen_t len)
{
	struct message_hello hello = { 0 };
	int fds[MESSAGE_MAX_FDS];
	struct pollfd p;

	close(w->sock);
	w->sock = call(addr, len);
	assert_int_equal(message_send_plain(w->sock, MESSAGE_ADOPT, 0), 0);
	p = (struct pollfd){ .fd = w->sock, .events = POLLIN };
	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	assert_int_equal(message_receive(w->sock, &hello, sizeof(hello), fds, 0), sizeof(hello));
	assert_int_equal(hello.type, MESSAGE_HELLO);
	assert_true(fds[0] >= 0 && fds[1] >= 0);
	close(fds[0]);
	close(fds[1]);
	return hello;
}

static void another_daemon_goes_on_with_a_running_job(void **state)
{
	struct world *w = *state;
	struct message_hello hello;
	struct message_tag runs;
	struct sockaddr_un addr;
	int fds[MESSAGE_MAX_FDS];
	socklen_t len;
	uint64_t tag;

	give_lock(w, &addr, &len);
	renew_for(w, LONG_MS);
	tag = start_script(w, LINES, LONG_MS, LONG_MS);
	wait_for_lines(w, tag);
	hello = adopt(w, &addr, len);
	assert_int_equal(hello.version, MESSAGE_VERSION);
	assert_int_equal(hello.count, 1);
	assert_int_equal(hello.beats, 1);
	assert_string_equal(hello.rid, "r1-12345678-87654321");
	assert_int_equal(message_receive(w->sock, &runs, sizeof(runs), fds, 0), sizeof(runs));
	assert_int_equal(runs.type, MESSAGE_RUNS);
	assert_int_equal(runs.tag, tag);
	wait_for_lines(w, tag);
	stop(w, tag, WHY_CANCEL, 0);
	assert_int_equal(report_of(w, tag).why, WHY_CANCEL);
}

static void reports_are_kept_until_they_are_forgotten(void **state)
{
	struct world *w = *state;
	struct message_tag forget = { .type = MESSAGE_FORGET };
	struct sockaddr_un addr;
	socklen_t len;
	uint64_t first, second;

	give_lock(w, &addr, &len);
	renew_for(w, LONG_MS);
	first = start_script(w, "exit 3", LONG_MS, 0);
	assert_int_equal(report_of(w, first).exit_code, 3);
	second = start_script(w, "exit 4", LONG_MS, 0);
	assert_int_equal(report_of(w, second).exit_code, 4);
	forget.tag = first;
	assert_int_equal(message_send(w->sock, &forget, sizeof(forget), NULL, 0, 0), 0);
	assert_int_equal(adopt(w, &addr, len).count, 1);
	assert_int_equal(report_of(w, second).exit_code, 4);
	forget.tag = second;
	assert_int_equal(message_send(w->sock, &forget, sizeof(forget), NULL, 0, 0), 0);
}

static void who_calls_and_says_nothing_keeps_nobody_out(void **state)
{
	struct world *w = *state;
	struct sockaddr_un addr;
	int silent, rubbish;
	socklen_t len;
	uint64_t tag;

	give_lock(w, &addr, &len);
	renew_for(w, LONG_MS);
	tag = start_script(w, LINES, LONG_MS, LONG_MS);
	wait_for_lines(w, tag);
	close(w->sock);
	silent = call(&addr, len);
	rubbish = call(&addr, len);
	assert_int_equal(message_send(rubbish, "rubbish", 7, NULL, 0, 0), 0);
	w->sock = call(&addr, len);
	assert_int_equal(adopt(w, &addr, len).count, 1);
	close(silent);
	close(rubbish);
}

static void told_to_end_it_kills_all(void **state)
{
	struct world *w = *state;
	struct sockaddr_un addr;
	socklen_t len;
	uint64_t tag;
	pid_t pid;

	give_lock(w, &addr, &len);
	renew_for(w, LONG_MS);
	tag = start_script(w, LINES, LONG_MS, LONG_MS);
	pid = pid_in(w, tag, "pid");
	assert_int_equal(message_send_plain(w->sock, MESSAGE_END, 0), 0);
	assert_true(ends_within(w->launcher, PATIENCE_MS));
	w->launcher = 0;
	assert_true(is_dead(pid));
}

static void daemon_that_does_not_listen_stops_nothing(void **state)
{
	enum { JOBS = 700 }; /* more than a socket holds */
	static bool seen[JOBS + 2];
	struct world *w = *state;
	uint64_t last;

	renew_for(w, LONG_MS);
	for (int i = 0; i < JOBS; i++)
		start_program(w, "/bin/true", (char *[]){ (char[]){ "true" }, NULL }, LONG_MS, 0);
	last = start_script(w, "echo $$ >pid", LONG_MS, 0);
	pid_in(w, last, "pid");
	for (int i = 0; i <= JOBS; i++) {
		struct message_report r = next_report(w);

		assert_in_range(r.tag, 1, JOBS + 1);
		assert_false(seen[r.tag]);
		seen[r.tag] = true;
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_without_lease, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(job_is_frozen_when_the_lease_is_over_and_goes_on_with_the_next),
		TEST(renewal_that_comes_too_late_thaws_nothing),
		TEST(earlier_end_shortens_no_lease),
		TEST(nothing_is_started_without_a_lease),
		TEST(frozen_job_ends_at_its_time_limit),
		TEST(frozen_job_that_is_stopped_does_not_run_again),
		TEST(keeper_that_was_frozen_serves_the_next),
		TEST(another_daemon_goes_on_with_a_running_job),
		TEST(reports_are_kept_until_they_are_forgotten),
		TEST(who_calls_and_says_nothing_keeps_nobody_out),
		TEST(told_to_end_it_kills_all),
		TEST(daemon_that_does_not_listen_stops_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
