/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * background - fork, setsid, and a pipe by which the parent learns that the daemon works.
 *
 * The parent stays until then, so that "spoold --share X && echo started" is true, and errors
 * appear where they were caused.
 */
#include "background.h"

#include "safefs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int ready_fd = -1;

/* The parent: passes on the daemon's word. */
static _Noreturn void wait_for_word(int fd)
{
	char text[1024];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		_exit(1);
	text[n] = '\0';
	fputs(text, stdout);
	fflush(stdout);
	_exit(0);
}

void background_start(void)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		perror("cannot go into the background");
		exit(1);
	}
	if (pid > 0) {
		close(ends[1]);
		wait_for_word(ends[0]);
	}
	close(ends[0]);
	ready_fd = ends[1];
	(void)setsid();
}

int background_ready(const char *text, const char *log_path)
{
	int null_fd, log_fd;

	if (ready_fd < 0)
		return 0;
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	log_fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (null_fd < 0 || log_fd < 0)
		return -errno;
	(void)safefs_write_all(ready_fd, text, strlen(text));
	close(ready_fd);
	ready_fd = -1;
	if (dup2(null_fd, STDIN_FILENO) < 0 || dup2(log_fd, STDOUT_FILENO) < 0 ||
	    dup2(log_fd, STDERR_FILENO) < 0)
		return -errno;
	close(null_fd);
	close(log_fd);
	return 0;
}
