#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""hold.py SIGN FOLDER PATTERN COMMAND...: stops a copy in its middle.

Starts COMMAND and stops it, with all its children, at a moment when one of them has a file below
FOLDER open for writing whose name matches PATTERN. Then makes the file SIGN and waits. SIGUSR1 lets
the command run on; its status is then ours. Status 99: it ended before it could be stopped.
"""
import fnmatch
import os
import signal
import subprocess
import sys
import time

sign, folder, pattern, *command = sys.argv[1:]


def read(path):
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def family(pid):
    """The process and all its descendants."""
    yield pid
    for child in read(f"/proc/{pid}/task/{pid}/children").split():
        yield from family(int(child))


def send(number):
    for pid in list(family(child.pid)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def stands_still():
    states = [read(f"/proc/{pid}/stat").rpartition(")")[2].split() for pid in family(child.pid)]
    return all(not state or state[0] in "TZX" for state in states)


def writes_one():
    for pid in family(child.pid):
        try:
            files = os.listdir(f"/proc/{pid}/fd")
        except OSError:
            continue
        for fd in files:
            try:
                path = os.readlink(f"/proc/{pid}/fd/{fd}")
            except OSError:
                continue
            if not path.startswith(folder + "/") or \
               not fnmatch.fnmatchcase(os.path.basename(path), pattern):
                continue
            flags = read(f"/proc/{pid}/fdinfo/{fd}").partition("flags:")[2].split()
            if flags and int(flags[0], 8) & os.O_ACCMODE != os.O_RDONLY:
                return True
    return False


def give_up(*_):
    send(signal.SIGKILL)
    os._exit(143)


def prepare_child():
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
    os.nice(19)


# The command shares a processor with us and comes second there: however busy the machine is, it
# does not get far while we do not look.
everywhere = os.sched_getaffinity(0)
os.sched_setaffinity(0, [min(everywhere)])
# SIGUSR1 may come at any time, also before we wait for it.
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
signal.signal(signal.SIGTERM, give_up)
child = subprocess.Popen(command, preexec_fn=prepare_child)
while True:
    send(signal.SIGSTOP)
    while not stands_still():
        time.sleep(0.0001)
        send(signal.SIGSTOP)    # to a child that was born meanwhile
    if writes_one():
        break
    send(signal.SIGCONT)
    if child.poll() is not None:
        print("hold.py: the command ended before it could be stopped", file=sys.stderr)
        sys.exit(99)
    time.sleep(0.0003)
with open(sign, "w", encoding="ascii"):
    pass
signal.sigwait([signal.SIGUSR1])
for relative in family(child.pid):
    os.sched_setaffinity(relative, everywhere)
send(signal.SIGCONT)
sys.exit(child.wait())
