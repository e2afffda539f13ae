#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The preload shim of other tests does what it says: without that, a crash test that never crashes
# anything would pass.
test_description='the preload shim counts, lies, kills and traces'
. "$(dirname "$0")/../lib.sh"

shim() {	# [VARIABLE=VALUE...] -- PYTHON
	local vars=()
	while [ "$1" != -- ]; do
		vars+=("$1")
		shift
	done
	env "${vars[@]}" LD_PRELOAD="$BUILD/tests/shim.so" python3 -c "import os, threading
$2"
}

# The trace without numbers, thread ids and the folder: "rename 0 /a /b".
calls() {
	sed -E "s/^[0-9]+ [0-9]+ //; s|$(pwd | sed 's/ /\\\\x20/g')||g" "$@"
}

fresh() {
	rm -rf a b c d count trace && echo one >a && echo two >b
}

test_expect_success 'it counts renames of all threads' '
	fresh &&
	shim SHIM_COUNT=count -- "
def go(n):
	for i in range(50):
		os.rename(f\"x{n}.{i}\", f\"y{n}.{i}\")
for n in range(4):
	for i in range(50): open(f\"x{n}.{i}\", \"w\").close()
threads = [threading.Thread(target=go, args=(n,)) for n in range(4)]
for t in threads: t.start()
for t in threads: t.join()
" &&
	test "$(cat count)" = 200
'

test_expect_success 'a renamed file is renamed, also relative to a descriptor' '
	fresh &&
	shim SHIM_COUNT=count -- "
d = os.open(\".\", os.O_RDONLY)
os.rename(\"a\", \"c\", src_dir_fd=d, dst_dir_fd=d)" &&
	test "$(cat count)" = 1 && test "$(cat c)" = one && test ! -e a
'

test_expect_success 'SHIM_KILL_AFTER kills right after the N-th rename that succeeds' '
	fresh &&
	test_expect_code 137 shim SHIM_KILL_AFTER=2 -- "
os.rename(\"a\", \"c\")
try: os.rename(\"nothing\", \"d\")
except FileNotFoundError: pass
os.rename(\"b\", \"d\")
os.rename(\"c\", \"a\")" &&
	test -e c && test -e d
'

test_expect_success 'SHIM_MATCH counts only what goes to such a path' '
	fresh && mkdir -p queued && rm -f queued/* &&
	test_expect_code 137 shim SHIM_MATCH=/queued/ SHIM_KILL_AFTER=1 -- "
os.rename(\"a\", \"c\")
os.rename(\"b\", \"queued/b\")
os.rename(\"c\", \"a\")" &&
	test -e c && test -e queued/b
'

test_expect_success 'SHIM_LIE_AT does it and says that it did not' '
	fresh &&
	shim SHIM_LIE_AT=1 -- "
try:
	os.rename(\"a\", \"c\")
	raise SystemExit(3)
except FileNotFoundError: pass
os.rename(\"b\", \"d\")" &&
	test "$(cat c)" = one && test "$(cat d)" = two
'

test_expect_success 'SHIM_NOOP_AT says that it did it and does not' '
	fresh &&
	shim SHIM_NOOP_AT=2 -- "
os.rename(\"b\", \"d\")
os.rename(\"a\", \"c\")" &&
	test ! -e c && test "$(cat a)" = one && test -e d
'

test_expect_success 'SHIM_TRACE tells the order of write, sync and rename' '
	fresh &&
	shim SHIM_TRACE=trace -- "
fd = os.open(\"d e\", os.O_WRONLY | os.O_CREAT)
os.write(fd, b\"x\")
os.fsync(fd)
os.close(fd)
os.rename(\"d e\", \"c\")
d = os.open(\".\", os.O_RDONLY)
os.fsync(d)
os.unlink(\"b\")
os.mkdir(\"m\", dir_fd=d)
try: os.rename(\"nothing\", \"n\")
except FileNotFoundError: pass" &&
	sed "s/E$//" >expected <<-\EOF &&
	open 0 /d\x20e
	write 0 /d\x20e
	fsync-begin 0 /d\x20e
	fsync 0 /d\x20e
	rename 0 /d\x20e /c
	fsync-begin 0 E
	fsync 0 E
	unlink 0 /b
	mkdir 0 /m
	rename -2 /nothing /n
	EOF
	calls trace >found &&
	test_cmp expected found
'

test_expect_success 'openat2, which has no function in glibc, is seen too' '
	fresh &&
	shim SHIM_TRACE=trace -- "
import ctypes, struct
how = struct.pack(\"QQQ\", os.O_WRONLY | os.O_CREAT, 0o600, 0)
fd = ctypes.CDLL(None).syscall(437, -100, b\"c\", how, len(how))
assert fd >= 0" &&
	echo "open 0 /c" >expected &&
	calls trace >found &&
	test_cmp expected found
'

test_expect_success 'what the process forks is left alone' '
	fresh &&
	shim SHIM_KILL_AFTER=1 SHIM_COUNT=count -- "
pid = os.fork()
if pid == 0:
	os.rename(\"a\", \"c\")
	os._exit(5)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5" &&
	test -e c
'

test_expect_success 'SHIM_STALL makes files, not folders, wait as long as a file exists' '
	fresh && mkdir a.d && touch wait &&
	{ shim SHIM_STALL=/a SHIM_STALL_WHILE="$PWD/wait" -- "
os.rename(\"b\", \"c\")
os.rename(\"a.d\", \"d\")
os.unlink(\"a\")
" & } && pid=$! && wait_until 10 test -d d && test -e c && test -e a && rm wait && wait $pid &&
	test ! -e a
'

test_expect_success 'SHIM_NFS: what lies below a folder has no leases' '
	fresh && mkdir far && touch far/file && lease="
import fcntl
try: fcntl.fcntl(os.open(\"far/file\", os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK)
except BlockingIOError: os._exit(9)" &&
	shim SHIM_COUNT=count -- "$lease" &&
	test_expect_code 9 shim SHIM_NFS="$PWD/far" -- "$lease"
'

test_expect_success 'SHIM_NTH lets one call fail, or some, and tells which there were' '
	fresh && mkdir -p near && rm -f near/* && nth="
import errno
said = []
def tried(what, *args):
	try: what(*args)
	except OSError as e: said.append(errno.errorcode[e.errno])
	else: said.append(\"-\")
fd = os.open(\"near/new\", os.O_WRONLY | os.O_CREAT)
tried(os.write, fd, b\"x\")
tried(os.fsync, fd)
tried(os.rename, \"a\", \"near/a\")
tried(os.unlink, \"b\")
print(*said)" &&
	shim SHIM_NTH_OF=/near/ SHIM_NTH=3 SHIM_NTH_WITH=116 SHIM_NTH_COUNT=count -- "$nth" >said &&
	test "$(cat said)" = "- ESTALE - -" && test -e near/a && test ! -e b &&
	cut -d " " -f 1,2 count >calls && printf "%s\n" "1 open" "2 write" "3 fsync" "4 rename" >expected &&
	test_cmp expected calls && fresh && rm near/* &&
	shim SHIM_NTH_OF=/near/ SHIM_NTH=3 SHIM_NTH_TIMES=2 -- "$nth" >said &&
	test "$(cat said)" = "- EIO EIO -" && test -e a && test ! -e near/a
'

test_expect_success 'SHIM_WALL moves the clock on the wall, and no other' '
	echo -86400 >wall && clocks="
import time
print(int(time.time()), int(time.clock_gettime(time.CLOCK_BOOTTIME)))" &&
	python3 -c "$clocks" >before && shim SHIM_WALL="$PWD/wall" -- "$clocks" >moved &&
	read -r wall boot <before && read -r wall2 boot2 <moved &&
	test $((wall2 - wall + 86400)) -lt 60 && test $((wall2 - wall + 86400)) -ge 0 &&
	test $((boot2 - boot)) -lt 60 && test $((boot2 - boot)) -ge 0
'

test_done
