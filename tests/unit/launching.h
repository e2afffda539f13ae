/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * launching - verbs for tests that drive launcher and keepers as the daemon does, by packets: a
 * launcher and a folder below /tmp for each test, jobs that are small shell scripts.
 */
#ifndef TEST_LAUNCHING_H
#define TEST_LAUNCHING_H

#include "../../runner/launcher.h"
#include "../../runner/message.h"

#include "cleanup.h"
#include "clock.h"
#include "rmtree.h"
#include "safefs.h"
#include "xalloc.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define PATIENCE_MS 20000
#define LONG_MS 600000

struct world {
	char top[64];
	int top_fd;
	int sock;
	pid_t launcher;
	uint64_t tags;
};

/* Jobs may run for so long from now on. */
static inline void renew_for(struct world *w, int64_t ms)
{
	struct message_renew renew = { .type = MESSAGE_RENEW, .beats = 1 };

	renew.good_until = clock_boot_ms() + ms;
	assert_int_equal(message_send(w->sock, &renew, sizeof(renew), NULL, 0, 0), 0);
}

static inline struct world *world_new(void)
{
	struct world *w = xcalloc(1, sizeof(*w));

	snprintf(w->top, sizeof(w->top), "/tmp/test_launcher.XXXXXX");
	assert_non_null(mkdtemp(w->top));
	w->top_fd = open(w->top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(w->top_fd >= 0);
	w->launcher = launcher_fork(&w->sock, true);
	assert_true(w->launcher > 0);
	return w;
}

static inline int set_up(void **state)
{
	struct world *w = world_new();

	renew_for(w, LONG_MS);
	*state = w;
	return 0;
}

static inline bool ends_within(pid_t pid, int64_t ms)
{
	int64_t end = clock_boot_ms() + ms;

	while (waitpid(pid, NULL, WNOHANG) != pid) {
		if (clock_boot_ms() > end)
			return false;
		poll(NULL, 0, 5);
	}
	return true;
}

static inline int tear_down(void **state)
{
	struct world *w = *state;

	if (w->sock >= 0) {
		message_send_plain(w->sock, MESSAGE_END, MSG_DONTWAIT);
		close(w->sock);
	}
	if (w->launcher > 0)
		assert_true(ends_within(w->launcher, PATIENCE_MS));
	close(w->top_fd);
	assert_int_equal(rmtree(AT_FDCWD, w->top), 0);
	free(w);
	return 0;
}

/* The folder of a job, made if it is not there. */
static inline int folder_of(struct world *w, uint64_t tag)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "%llu", (unsigned long long)tag);
	mkdirat(w->top_fd, name, 0755);
	fd = openat(w->top_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* What a child gets: folder, stdout.txt and stderr.txt in a socket. */
static inline int parcel_of(struct world *w, uint64_t tag)
{
	const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC;
	int fds[3] = { folder_of(w, tag) }, pair[2];

	fds[1] = openat(fds[0], "stdout.txt", flags, 0644);
	fds[2] = openat(fds[0], "stderr.txt", flags, 0644);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(message_send(pair[0], "", 1, fds, 3, 0), 0);
	close(pair[0]);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	return pair[1];
}

static inline uint64_t start_program(struct world *w, const char *program, char **argv,
				     int64_t ttl_ms, int64_t kill_wait_ms)
{
	char path[] = "PATH=/usr/bin:/bin", *envp[] = { path, NULL };
	struct message_start start = {
		.tag = ++w->tags,
		.ttl_ms = ttl_ms,
		.kill_wait_ms = kill_wait_ms,
		.program = program,
		.argv = argv,
		.envp = envp,
	};
	_cleanup_close_ int parcel = parcel_of(w, start.tag);
	_cleanup_free_ char *packet = NULL;
	size_t len;

	packet = message_build_start(&start, &len);
	assert_non_null(packet);
	assert_int_equal(message_send(w->sock, packet, len, &parcel, 1, 0), 0);
	return start.tag;
}

/* A job that is the shell script. */
static inline uint64_t start_script(struct world *w, const char *script, int64_t ttl_ms,
				    int64_t kill_wait_ms)
{
	_cleanup_free_ char *text = xstrdup(script);
	char sh[] = "sh", c[] = "-c", *argv[] = { sh, c, text, NULL };

	return start_program(w, "/bin/sh", argv, ttl_ms, kill_wait_ms);
}

static inline void stop(struct world *w, uint64_t tag, enum message_why why, int64_t kill_wait_ms)
{
	struct message_stop s = {
		.type = MESSAGE_STOP,
		.why = why,
		.tag = tag,
		.kill_wait_ms = kill_wait_ms,
	};

	assert_int_equal(message_send(w->sock, &s, sizeof(s), NULL, 0, 0), 0);
}

/* The next report, whosever. */
static inline struct message_report next_report(struct world *w)
{
	struct pollfd p = { .fd = w->sock, .events = POLLIN };
	int fds[MESSAGE_MAX_FDS];
	struct message_report r = { 0 };

	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	assert_int_equal(message_receive(w->sock, &r, sizeof(r), fds, 0), sizeof(r));
	assert_int_equal(message_type(&r, sizeof(r)), MESSAGE_REPORT);
	return r;
}

static inline void hear_hello(struct world *w)
{
	struct message_hello hello;
	int fds[MESSAGE_MAX_FDS];

	assert_int_equal(message_receive(w->sock, &hello, sizeof(hello), fds, 0), sizeof(hello));
	assert_int_equal(message_type(&hello, sizeof(hello)), MESSAGE_HELLO);
}

static inline struct message_report report_of(struct world *w, uint64_t tag)
{
	struct message_report r = next_report(w);

	assert_int_equal(r.tag, tag);
	return r;
}

static inline struct message_report run_script(struct world *w, const char *script)
{
	return report_of(w, start_script(w, script, LONG_MS, 1000));
}

/* The content of a file in a job's folder; heap. */
static inline char *content(struct world *w, uint64_t tag, const char *file)
{
	_cleanup_close_ int folder = folder_of(w, tag);
	char *text = NULL;
	size_t len;

	assert_int_equal(safefs_read(folder, file, 65536, &text, &len, NULL), 0);
	return text;
}

/* Waits until the job has written a whole line into file; the number in it. */
static inline pid_t pid_in(struct world *w, uint64_t tag, const char *file)
{
	int64_t end = clock_boot_ms() + PATIENCE_MS;

	for (;;) {
		_cleanup_close_ int folder = folder_of(w, tag);
		_cleanup_free_ char *text = NULL;
		size_t len;

		if (safefs_read(folder, file, 64, &text, &len, NULL) == 0 && strchr(text, '\n'))
			return (pid_t)strtol(text, NULL, 10);
		assert_true(clock_boot_ms() < end);
		poll(NULL, 0, 5);
	}
}

static inline bool is_dead(pid_t pid)
{
	return kill(pid, 0) < 0 && errno == ESRCH;
}

static inline bool dies_within(pid_t pid, int64_t ms)
{
	int64_t end = clock_boot_ms() + ms;

	while (!is_dead(pid)) {
		if (clock_boot_ms() > end)
			return false;
		poll(NULL, 0, 5);
	}
	return true;
}

static inline void assert_content(struct world *w, uint64_t tag, const char *file,
				  const char *expected)
{
	_cleanup_free_ char *text = content(w, tag, file);

	assert_string_equal(text, expected);
}

#endif
