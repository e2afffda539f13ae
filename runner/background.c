/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * background - a daemon started by hand.
 *
 * Touches no file. Until it is ready the daemon has the terminal, so what is wrong is told where
 * the command was typed. Under systemd nobody forks: the service stays in the foreground.
 */
#include "background.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void wait_for(pid_t daemon, int fd)
{
	int status;
	char byte;
	ssize_t n;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		_exit(0);
	if (waitpid(daemon, &status, 0) == daemon && WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	_exit(1);
}

int background_enter(void)
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
		wait_for(pid, ends[0]);
	}
	close(ends[0]);
	setsid();
	return ends[1];
}

void background_ready(int fd, int log_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(null, STDIN_FILENO);
	dup2(log_fd, STDOUT_FILENO);
	dup2(log_fd, STDERR_FILENO);
	close(null);
	if (write(fd, "", 1) < 0)
		log_warn("nobody waits for this daemon to start");
	close(fd);
}
