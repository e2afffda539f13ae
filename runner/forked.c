/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * forked - a fork of the daemon lets go of everything that was the daemon's.
 *
 * Touches descriptors, signals, session and memory of this process. After it: its end of the socket
 * is FD_SOCK, the numbers for the locks are taken by /dev/null, nothing else is open but stderr; a
 * session and a clean state of signals, as jobs inherit them; a subreaper, whom no job can trace.
 */
#include "forked.h"

#include "keepers.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

void forked_prepare(int sock, bool keeps_stderr)
{
	struct sigaction fresh = { .sa_handler = SIG_DFL };
	sigset_t all;
	int null;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (int sig = 1; sig < SIGRTMAX; sig++) /* what jobs inherit */
		sigaction(sig, &fresh, NULL);
	if (dup2(sock, FD_SOCK) < 0)
		_exit(1);
	close_range(FD_LOCKS, ~0U, 0);
	null = open("/dev/null", O_RDWR);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (!keeps_stderr)
		dup2(null, STDERR_FILENO);
	/* The numbers for the locks must not be taken by anything else. */
	for (int fd = FD_LOCKS; fd < FD_FREE; fd++)
		if (null != fd)
			dup2(null, fd);
	setsid();
	umask(022);
	prctl(PR_SET_NAME, "spool-launcher");
	prctl(PR_SET_DUMPABLE, 0); /* no job reads or steers us by ptrace */
	/* Best effort: small limits for locked memory are common, and swapping is rare. */
	(void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
	if (chdir("/") < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		_exit(1);
}
