/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * child - a job's process before it is the job.
 *
 * Gets the job's folder and streams straight from the daemon (run.c makes the parcel), enters the
 * one and executes the program. All that may hang on a dead mount hangs here, in a process that its
 * keeper can kill.
 * Runs between fork and exec of a program with one thread: anything may be called.
 *
 * A program without the x bit: SMB mounts show files so, and a noexec mount refuses likewise. If it
 * is an ELF file it is copied into memory and run from there; scripts are run by their
 * interpreter anyway (the coordinator names it in the ticket).
 */
#include "child.h"

#include "cgroup.h"
#include "descriptors.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

static noreturn void fail(struct child_failure *failure, enum message_step step, int error)
{
	failure->step = step;
	failure->error = error;
	_exit(CHILD_FAILED);
}

/* Makes fd the descriptor number want. */
static int place(int fd, int want)
{
	int r;

	if (fd < 0 || fd == want)
		return fd;
	r = dup2(fd, want);
	close(fd);
	return r;
}

static void set_files(int parcel, struct child_failure *failure)
{
	int fds[MESSAGE_MAX_FDS];
	char byte;
	ssize_t n = message_receive(parcel, &byte, 1, fds, MSG_DONTWAIT);

	if (n != 1)
		fail(failure, STEP_SETUP, n < 0 ? (int)-n : EBADMSG);
	if (fchdir(fds[0]) < 0)
		fail(failure, STEP_FOLDER, errno);
	if (place(open("/dev/null", O_RDONLY), STDIN_FILENO) < 0)
		fail(failure, STEP_STDIN, errno);
	if (place(fds[1], STDOUT_FILENO) < 0)
		fail(failure, STEP_STDOUT, errno);
	if (place(fds[2], STDERR_FILENO) < 0)
		fail(failure, STEP_STDERR, errno);
	if (close_range(3, ~0U, 0) < 0)
		fail(failure, STEP_SETUP, errno);
}

static void set_limits(pid_t keeper, struct child_failure *failure)
{
	const struct rlimit none = { 0, 0 };
	sigset_t empty;

	if (setsid() < 0 || setrlimit(RLIMIT_CORE, &none) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		fail(failure, STEP_SETUP, errno);
	if (getppid() != keeper) /* it died before the line above */
		_exit(CHILD_FAILED);
	descriptors_restore();
	sigemptyset(&empty);
	sigprocmask(SIG_SETMASK, &empty, NULL);
}

/* An anonymous copy of the ELF file, executable. -1 with errno EACCES if it is none. */
static int copy_program(const char *program)
{
	int fd = open(program, O_RDONLY | O_CLOEXEC | O_NONBLOCK), copy;
	char magic[SELFMAG];
	ssize_t n;

	if (fd < 0)
		return -1;
	if (pread(fd, magic, SELFMAG, 0) != SELFMAG || memcmp(magic, ELFMAG, SELFMAG) != 0) {
		errno = EACCES;
		return -1;
	}
	copy = memfd_create("program", MFD_CLOEXEC);
	if (copy < 0)
		return -1;
	do
		n = sendfile(copy, fd, NULL, 1 << 30);
	while (n > 0);
	return n < 0 ? -1 : copy;
}

/* A client of NFS believes for half a minute that there is no such program, though it was installed
 * just now. Opening the folders above it makes it ask again. */
static void forget_absence(const char *program)
{
	char folder[PATH_MAX];

	for (const char *slash = strchr(program + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int fd;

		if (slash - program >= PATH_MAX)
			return;
		memcpy(folder, program, (size_t)(slash - program));
		folder[slash - program] = '\0';
		fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			close(fd);
	}
}

/* Returns only if the program cannot be executed. */
static void execute(const struct message_start *start, struct child_failure *failure)
{
	int copy;

	execve(start->program, start->argv, start->envp);
	if (errno == ENOENT) {
		forget_absence(start->program);
		execve(start->program, start->argv, start->envp);
	}
	if (errno == ENOENT && access(start->program, F_OK) == 0)
		fail(failure, STEP_INTERPRETER, ENOENT);
	if (errno != EACCES)
		fail(failure, STEP_PROGRAM, errno);
	copy = copy_program(start->program);
	if (copy < 0)
		fail(failure, errno == EACCES ? STEP_PROGRAM : STEP_COPY, errno);
	fexecve(copy, start->argv, start->envp);
	fail(failure, STEP_COPY, errno);
}

noreturn void child_run(const struct message_start *start, int parcel, pid_t keeper, int cgroup,
			struct child_failure *failure)
{
	int r = cgroup_enter(cgroup);

	if (r < 0)
		fail(failure, STEP_SETUP, -r);
	set_limits(keeper, failure);
	set_files(parcel, failure);
	execute(start, failure);
	_exit(CHILD_FAILED);
}
