/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * background - fork, setsid, and a pipe by which the parent learns that the daemon works.
 *
 * Touches no file. The parent stays until then, so that "spoold --share X && echo started" is true,
 * and errors appear where they were caused. Under systemd nobody forks: the service stays in the
 * foreground. A daemon that crashes on its way closes the pipe; the parent passes its status on.
 */
#include "background.h"

#include "log.h"
#include "safefs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int ready_fd = -1;

/* The parent: passes on the daemon's word, or its end. */
static _Noreturn void wait_for_word(pid_t daemon, int fd)
{
	char text[PIPE_BUF]; /* so much comes in one piece */
	ssize_t n;
	int status;

	for (;;) {
		n = read(fd, text, sizeof(text));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		(void)safefs_write_all(STDOUT_FILENO, text, (size_t)n);
		if (text[n - 1] == '\n')
			_exit(0);
	}
	if (waitpid(daemon, &status, 0) == daemon && WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	_exit(1);
}

void background_start(void)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		log_die("cannot make a pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		log_die("cannot go into the background: %s", strerror(errno));
	if (pid > 0) {
		close(ends[1]);
		wait_for_word(pid, ends[0]);
	}
	close(ends[0]);
	ready_fd = ends[1];
	(void)setsid();
}

int background_ready(const char *text, int log_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -errno;
	dup2(null, STDIN_FILENO);
	dup2(log_fd, STDOUT_FILENO);
	dup2(log_fd, STDERR_FILENO);
	close(null);
	close(log_fd);
	if (safefs_write_all(ready_fd, text, strlen(text)) < 0)
		log_warn("nobody waits for this daemon to start");
	close(ready_fd);
	ready_fd = -1;
	return 0;
}
