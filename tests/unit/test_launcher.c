/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_launcher - launcher, keepers and the last lines before a job's program: starts, ends, and
 * that nothing outlives a report.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "launching.h"

#include <sys/file.h>
#include <sys/syscall.h>

/* -- packets ------------------------------------------------------------------------------------- */

static void start_packet_survives_the_way(void **state)
{
	char a[] = "prog", b[] = "", c[] = "x y", e[] = "A=1", *argv[] = { a, b, c, NULL };
	char *envp[] = { e, NULL };
	struct message_start in = {
		.tag = 7, .ttl_ms = 8, .kill_wait_ms = 9, .program = "/p", .argv = argv,
		.envp = envp,
	}, out;
	_cleanup_free_ char *packet = NULL;
	size_t len;

	(void)state;
	packet = message_build_start(&in, &len);
	assert_int_equal(message_type(packet, len), MESSAGE_START);
	assert_int_equal(message_tag(packet), 7);
	assert_int_equal(message_open_start(packet, len, &out), 0);
	assert_int_equal(out.ttl_ms, 8);
	assert_int_equal(out.kill_wait_ms, 9);
	assert_string_equal(out.program, "/p");
	assert_string_equal(out.argv[1], "");
	assert_string_equal(out.argv[2], "x y");
	assert_null(out.argv[3]);
	assert_string_equal(out.envp[0], "A=1");
	assert_null(out.envp[1]);
	message_free_start(&out);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(message_open_start(packet, cut, &out), -EBADMSG);
}

static void too_large_a_start_is_refused(void **state)
{
	_cleanup_free_ char *huge = xcalloc(1, MESSAGE_MAX_BYTES + 1);
	char *argv[] = { huge, NULL }, *envp[] = { NULL };
	struct message_start in = { .tag = 1, .program = "/p", .argv = argv, .envp = envp };
	size_t len;

	(void)state;
	memset(huge, 'a', MESSAGE_MAX_BYTES);
	assert_null(message_build_start(&in, &len));
}

/* -- the way of a job ---------------------------------------------------------------------------- */

static void good_job_is_reported(void **state)
{
	struct world *w = *state;
	int64_t before = clock_wall_ms();
	struct message_report r = run_script(w, "echo out; echo err >&2; cat; exit 0");

	assert_int_equal(r.exit_code, 0);
	assert_int_equal(r.term_signal, 0);
	assert_int_equal(r.why, WHY_NOT);
	assert_int_equal(r.step, STEP_NONE);
	assert_int_equal(r.leftovers, 0);
	assert_true(r.started_at >= before && r.finished_at >= r.started_at);
	assert_true(r.peak_memory > 0);
	assert_content(w, 1, "stdout.txt", "out\n");
	assert_content(w, 1, "stderr.txt", "err\n");
}

static void exit_code_and_signal_are_told_apart(void **state)
{
	struct world *w = *state;
	struct message_report r = run_script(w, "exit 3");

	assert_int_equal(r.exit_code, 3);
	assert_int_equal(r.term_signal, 0);
	r = run_script(w, "kill -SEGV $$");
	assert_int_equal(r.exit_code, -1);
	assert_int_equal(r.term_signal, SIGSEGV);
}

static void job_sees_what_it_shall_see(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *expected = xasprintf("%s/1\nPATH=/usr/bin:/bin\n0 1 2 \n0022\n0\n",
						  w->top);
	struct message_report r = run_script(
		w,
		"/bin/pwd; env | grep -v '^\\(PWD\\|_\\|SHLVL\\|OLDPWD\\)='; "
		"for i in $(seq 0 50); do [ ! -e /proc/$$/fd/$i ] || printf '%s ' $i; done; echo; "
		"umask; ulimit -c");

	assert_int_equal(r.exit_code, 0);
	assert_content(w, 1, "stdout.txt", expected);
	r = run_script(w, "grep -c '^NoNewPrivs:.*1$' /proc/self/status; "
			  "test $(cut -d' ' -f6 /proc/$$/stat) = $$; echo $?");
	assert_content(w, 2, "stdout.txt", "1\n0\n");
	/* Whatever make starts ignores two signals of the C library (posix_spawn). */
	r = run_script(w, "grep -E '^Sig(Blk|Ign):' /proc/self/status | "
			  "sed 's/0000000180000000/0000000000000000/'");
	assert_content(w, 3, "stdout.txt",
		       "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

static void failed_start_names_its_step(void **state)
{
	struct world *w = *state;
	char name[] = "./prog", *argv[] = { name, NULL };
	struct message_report r = report_of(w, start_program(w, "./prog", argv, LONG_MS, 100));
	_cleanup_close_ int folder = folder_of(w, 2);

	assert_int_equal(r.step, STEP_PROGRAM);
	assert_int_equal(r.error, ENOENT);
	assert_int_equal(r.exit_code, -1);
	assert_int_equal(safefs_create(folder, "prog", "#!/no/such\n", 11, 0755, NULL), 0);
	r = report_of(w, start_program(w, "./prog", argv, LONG_MS, 100));
	assert_int_equal(r.step, STEP_INTERPRETER);
	assert_int_equal(r.error, ENOENT);
}

static void script_without_x_bit_is_refused(void **state)
{
	struct world *w = *state;
	char name[] = "./prog", *argv[] = { name, NULL };
	_cleanup_close_ int folder = folder_of(w, 1);
	struct message_report r;

	assert_int_equal(safefs_create(folder, "prog", "#!/bin/sh\n", 10, 0644, NULL), 0);
	r = report_of(w, start_program(w, "./prog", argv, LONG_MS, 100));
	assert_int_equal(r.step, STEP_PROGRAM);
	assert_int_equal(r.error, EACCES);
}

static void binary_without_x_bit_runs_from_memory(void **state)
{
	struct world *w = *state;
	char name[] = "./prog", word[] = "hello", *argv[] = { name, word, NULL };
	_cleanup_close_ int folder = folder_of(w, 1);
	_cleanup_free_ char *program = NULL;
	struct message_report r;
	size_t len;

	assert_int_equal(safefs_read(AT_FDCWD, "/bin/echo", 1 << 24, &program, &len, NULL), -EXDEV);
	_cleanup_close_ int bin = open("/bin", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(safefs_read(bin, "echo", 1 << 24, &program, &len, NULL), 0);
	assert_int_equal(safefs_create(folder, "prog", program, len, 0644, NULL), 0);
	r = report_of(w, start_program(w, "./prog", argv, LONG_MS, 100));
	assert_int_equal(r.step, STEP_NONE);
	assert_int_equal(r.exit_code, 0);
	assert_content(w, 1, "stdout.txt", "hello\n");
}

/* A program whose name is "late" is not there when it is asked for first, as on a client of NFS
 * that had looked for it before it was installed. */
int execve(const char *path, char *const argv[], char *const envp[])
{
	static bool asked;

	if (strcmp(path, "./late") == 0 && !asked) {
		asked = true;
		errno = ENOENT;
		return -1;
	}
	return (int)syscall(SYS_execve, path, argv, envp);
}

static void program_installed_just_now_is_found(void **state)
{
	struct world *w = *state;
	char name[] = "./late", *argv[] = { name, NULL };
	_cleanup_close_ int folder = folder_of(w, 1);
	struct message_report r;

	assert_int_equal(safefs_create(folder, "late", "#!/bin/sh\nexit 7\n", 17, 0755, NULL), 0);
	r = report_of(w, start_program(w, "./late", argv, LONG_MS, 100));
	assert_int_equal(r.step, STEP_NONE);
	assert_int_equal(r.exit_code, 7);
}

static void empty_parcel_is_refused(void **state)
{
	struct world *w = *state;
	char name[] = "true", *argv[] = { name, NULL }, *envp[] = { NULL };
	struct message_start start = { .tag = ++w->tags,
				       .ttl_ms = LONG_MS,
				       .program = "/bin/true",
				       .argv = argv,
				       .envp = envp };
	_cleanup_free_ char *packet = NULL;
	struct message_report r;
	int pair[2];
	size_t len;

	packet = message_build_start(&start, &len);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(message_send(w->sock, packet, len, &pair[1], 1, 0), 0);
	close(pair[0]);
	close(pair[1]);
	r = report_of(w, start.tag);
	assert_int_equal(r.step, STEP_SETUP);
	assert_int_equal(r.error, EBADMSG);
}

/* -- ending jobs --------------------------------------------------------------------------------- */

static void time_limit_ends_a_job(void **state)
{
	struct world *w = *state;
	struct message_report r = report_of(w, start_script(w, "exec sleep 1000", 100, LONG_MS));

	assert_int_equal(r.why, WHY_TTL);
	assert_int_equal(r.term_signal, SIGTERM);
	assert_true(r.wall_ms >= 100 && r.wall_ms < PATIENCE_MS);
}

static void job_that_ignores_sigterm_is_killed(void **state)
{
	struct world *w = *state;
	struct message_report r =
		report_of(w,
			  start_script(w, "trap '' TERM; while :; do sleep 1000; done", 300, 100));

	assert_int_equal(r.why, WHY_TTL);
	assert_int_equal(r.term_signal, SIGKILL);
}

static void job_may_tidy_up_when_asked(void **state)
{
	struct world *w = *state;
	uint64_t tag = start_script(w,
				    "trap 'echo saved; exit 5' TERM; echo $$ >pid; "
				    "while :; do sleep 0.01; done",
				    LONG_MS, LONG_MS);
	struct message_report r;

	pid_in(w, tag, "pid");
	stop(w, tag, WHY_CANCEL, LONG_MS);
	r = report_of(w, tag);
	assert_int_equal(r.why, WHY_CANCEL);
	assert_int_equal(r.exit_code, 5);
	assert_content(w, tag, "stdout.txt", "saved\n");
}

static void stop_reaches_the_deepest_descendant(void **state)
{
	struct world *w = *state;
	uint64_t tag = start_script(w,
				    "setsid sh -c 'setsid sh -c \"trap \\\"echo asked; exit\\\" "
				    "TERM; echo \\$\\$ >pid; "
				    "while :; do sleep 0.01; done\" & wait' & wait; sleep 1000",
				    LONG_MS, LONG_MS);

	pid_in(w, tag, "pid");
	stop(w, tag, WHY_EVICT, PATIENCE_MS);
	assert_int_equal(report_of(w, tag).why, WHY_EVICT);
	assert_content(w, tag, "stdout.txt", "asked\n");
}

static void stop_without_grace_kills_at_once(void **state)
{
	struct world *w = *state;
	uint64_t tag = start_script(w, "trap '' TERM; echo $$ >pid; while :; do sleep 0.01; done",
				    LONG_MS, LONG_MS);

	pid_in(w, tag, "pid");
	stop(w, tag, WHY_EVICT, LONG_MS);
	stop(w, tag, WHY_EVICT, 0);
	assert_int_equal(report_of(w, tag).term_signal, SIGKILL);
}

static void stop_of_a_stranger_changes_nothing(void **state)
{
	struct world *w = *state;

	stop(w, 4711, WHY_CANCEL, 0);
	assert_int_equal(run_script(w, "exit 0").exit_code, 0);
	stop(w, 1, WHY_CANCEL, 0);
	assert_int_equal(run_script(w, "exit 0").why, WHY_NOT);
}

/* -- what outlives its main process -------------------------------------------------------------- */

#define DAEMON                                                          \
	"setsid sh -c 'sh -c \"echo \\$\\$ >pid; trap : TERM HUP INT; " \
	"while :; do sleep 0.05; done\" & exit 0' & until [ -s pid ]; do sleep 0.01; done; "

static void daemon_of_a_job_is_dead_before_the_report(void **state)
{
	struct world *w = *state;
	struct message_report r = run_script(w, DAEMON "exit 0");

	assert_true(is_dead(pid_in(w, 1, "pid")));
	assert_int_equal(r.exit_code, 0);
	assert_int_equal(r.why, WHY_NOT);
	assert_true(r.leftovers >= 1);
}

static void daemon_of_another_job_lives_on(void **state)
{
	struct world *w = *state;
	uint64_t other = start_script(w, DAEMON "sleep 1000", LONG_MS, 100);
	pid_t daemon = pid_in(w, other, "pid");
	struct message_report r = run_script(w, DAEMON "exit 0");

	assert_int_equal(r.tag, 2);
	assert_false(is_dead(daemon));
	stop(w, other, WHY_CANCEL, 0);
	report_of(w, other);
	assert_true(is_dead(daemon));
}

static void keeper_serves_after_a_dirty_job(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 5; i++) {
		assert_int_equal(run_script(w, DAEMON "exit 1").exit_code, 1);
		assert_int_equal(run_script(w, "exit 0").leftovers, 0);
	}
}

static void killed_keeper_is_reported_when_all_is_dead(void **state)
{
	struct world *w = *state;
	struct message_report r = run_script(w, DAEMON "kill -KILL $PPID; sleep 1000");

	assert_int_equal(r.step, STEP_LOST_KEEPER);
	assert_true(is_dead(pid_in(w, 1, "pid")));
	assert_int_equal(run_script(w, "exit 0").exit_code, 0);
}

static void stopped_keeper_goes_on(void **state)
{
	struct world *w = *state;
	struct message_report r =
		report_of(w, start_script(w, "kill -STOP $PPID; exec sleep 1000", 200, 100));

	assert_int_equal(r.why, WHY_TTL);
}

static void without_a_daemon_all_jobs_die(void **state)
{
	struct world *w = *state;
	uint64_t first = start_script(w, DAEMON "sleep 1000", LONG_MS, LONG_MS);
	uint64_t second = start_script(w,
				       "trap '' TERM; echo $$ >pid; while :; do sleep 1000; done",
				       LONG_MS, LONG_MS);
	pid_t a = pid_in(w, first, "pid"), b = pid_in(w, second, "pid");

	close(w->sock);
	w->sock = -1;
	assert_true(ends_within(w->launcher, PATIENCE_MS));
	w->launcher = 0;
	assert_true(is_dead(a));
	assert_true(is_dead(b));
}

static void without_a_launcher_all_jobs_die(void **state)
{
	struct world *w = *state;
	pid_t daemon;

	start_script(w, DAEMON "sleep 1000", LONG_MS, LONG_MS);
	daemon = pid_in(w, 1, "pid");
	kill(w->launcher, SIGKILL);
	assert_true(ends_within(w->launcher, PATIENCE_MS));
	w->launcher = 0;
	assert_true(dies_within(daemon, PATIENCE_MS));
}

static void lock_is_free_only_when_nothing_runs(void **state)
{
	struct world *w = *state;
	const struct message_lock lock = { .type = MESSAGE_LOCK };
	int fds[2] = { openat(w->top_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600), -1 };
	_cleanup_close_ int again = openat(w->top_fd, "lock", O_RDWR | O_CLOEXEC);
	pid_t daemon;
	struct message_report r;

	assert_int_equal(flock(fds[0], LOCK_EX | LOCK_NB), 0);
	assert_int_equal(message_send(w->sock, &lock, sizeof(lock), fds, 1, 0), 0);
	hear_hello(w);
	close(fds[0]);
	r = run_script(w, "exec flock -n ../lock true"); /* the job itself holds nothing */
	assert_int_equal(r.exit_code, 1);
	start_script(w, DAEMON "sleep 1000", LONG_MS, LONG_MS);
	daemon = pid_in(w, 2, "pid");
	assert_int_equal(flock(again, LOCK_EX | LOCK_NB), -1);
	close(w->sock);
	w->sock = -1;
	assert_int_equal(flock(again, LOCK_EX), 0);
	assert_true(is_dead(daemon));
}

static void many_jobs_are_each_reported_once(void **state)
{
	struct world *w = *state;
	bool seen[201] = { 0 };
	unsigned under_way = 0;

	for (unsigned reported = 0; reported < 200;) {
		struct message_report r;

		for (; under_way < 8 && w->tags < 200; under_way++)
			start_script(w, "exit 0", LONG_MS, 100);
		r = next_report(w);
		assert_int_equal(r.exit_code, 0);
		assert_true(r.tag >= 1 && r.tag <= 200);
		assert_false(seen[r.tag]);
		seen[r.tag] = true;
		under_way--;
		reported++;
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start_packet_survives_the_way),
		cmocka_unit_test(too_large_a_start_is_refused),
		TEST(good_job_is_reported),
		TEST(exit_code_and_signal_are_told_apart),
		TEST(job_sees_what_it_shall_see),
		TEST(failed_start_names_its_step),
		TEST(script_without_x_bit_is_refused),
		TEST(binary_without_x_bit_runs_from_memory),
		TEST(program_installed_just_now_is_found),
		TEST(empty_parcel_is_refused),
		TEST(time_limit_ends_a_job),
		TEST(job_that_ignores_sigterm_is_killed),
		TEST(job_may_tidy_up_when_asked),
		TEST(stop_reaches_the_deepest_descendant),
		TEST(stop_without_grace_kills_at_once),
		TEST(stop_of_a_stranger_changes_nothing),
		TEST(daemon_of_a_job_is_dead_before_the_report),
		TEST(daemon_of_another_job_lives_on),
		TEST(keeper_serves_after_a_dirty_job),
		TEST(killed_keeper_is_reported_when_all_is_dead),
		TEST(stopped_keeper_goes_on),
		TEST(without_a_daemon_all_jobs_die),
		TEST(without_a_launcher_all_jobs_die),
		TEST(lock_is_free_only_when_nothing_runs),
		TEST(many_jobs_are_each_reported_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
