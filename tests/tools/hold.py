#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""hold.py SIGN FOLDER PATTERN COMMAND...: stops a copy in its middle.

Runs COMMAND under ptrace, with all its children, until one of them has a file below FOLDER open
for writing whose name matches PATTERN. There all of them are stopped and let go of, and the file
SIGN is made. SIGUSR1 lets the command run on; its status is then ours. Status 99: it ended before.
"""
import ctypes
import fnmatch
import os
import signal
import sys

sign, folder, pattern, *command = sys.argv[1:]

TRACEME, SYSCALL, DETACH, SETOPTIONS = 0, 24, 17, 0x4200
# Children are traced too; a stop at a system call is told from other stops; all end with us.
OPTIONS = 0x1 | 0x2 | 0x4 | 0x8 | 0x100000
AT_SYSCALL = signal.SIGTRAP | 0x80
WALL = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, pid, data=0):
    if libc.ptrace(request, pid, None, data) < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"ptrace: {os.strerror(error)}")


def start():
    pid = os.fork()
    if pid == 0:
        ptrace(TRACEME, 0)
        os.execvp(command[0], command)
    os.waitpid(pid, 0)      # it stops at its first instruction
    ptrace(SETOPTIONS, pid, OPTIONS)
    ptrace(SYSCALL, pid)
    return pid


def writes(pid):
    """Has it a file open for writing that is meant?"""
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            path = os.readlink(f"/proc/{pid}/fd/{fd}")
            if not path.startswith(folder + "/") or \
               not fnmatch.fnmatchcase(os.path.basename(path), pattern):
                continue
            with open(f"/proc/{pid}/fdinfo/{fd}", encoding="ascii") as file:
                flags = int(file.read().partition("flags:")[2].split()[0], 8)
            if flags & os.O_ACCMODE != os.O_RDONLY:
                return True
    except FileNotFoundError:
        pass
    return False


def run_until_it_writes(first):
    """Returns the processes, the one that writes last; it is stopped, the others run."""
    alive = {first}
    while True:
        pid, status = os.waitpid(-1, WALL)
        if not os.WIFSTOPPED(status):
            alive.discard(pid)
            if pid == first:
                sys.exit("hold.py: the command ended before it could be stopped")
            continue
        number, event = os.WSTOPSIG(status), status >> 16
        if number == AT_SYSCALL and writes(pid):
            return [other for other in alive if other != pid] + [pid]
        if number in (AT_SYSCALL, signal.SIGTRAP) or event or pid not in alive:
            number = 0          # not a signal that was meant for it
        alive.add(pid)
        ptrace(SYSCALL, pid, number)


def stop(pids):
    for pid in pids[:-1]:
        os.kill(pid, signal.SIGSTOP)
        os.waitpid(pid, WALL)
    for pid in pids:
        ptrace(DETACH, pid, signal.SIGSTOP)


signals = [signal.SIGUSR1, signal.SIGTERM]
copy = start()
stopped = run_until_it_writes(copy)
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
stop(stopped)
with open(sign, "w", encoding="ascii"):
    pass
number = signal.sigwait(signals)
for process in stopped:
    os.kill(process, signal.SIGCONT if number == signal.SIGUSR1 else signal.SIGKILL)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]))
