#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/lab/lab without a machine: what it finds at $LAB is not believed.
test_description='the laboratory touches nothing that is not its own'
. "$(dirname "$0")/../lib.sh"

# A process that stands for any; it ends with the script.
victim() {
	setpriv --pdeathsig KILL -- "$@" >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- &
	victim=$!
}

lab() {
	LAB=$PWD/lab timeout 20 "$SRCDIR/tests/lab/lab" "$@"
}

test_expect_success 'a number that is left over ends no process' '
	mkdir -m 700 lab && ln -s image lab/image && victim sleep 60 && echo "$victim" >lab/pid && lab down &&
	kill -0 "$victim" && test_expect_code 1 lab on srv true 2>err && grep "does not run" err && kill "$victim"
'

test_expect_success 'nor one that only names the folder' '
	victim bash -c "sleep 60; :" "$PWD/lab/pid" && echo "$victim" >lab/pid && lab down && kill -0 "$victim" && kill "$victim"
'

test_expect_success 'the machine that is ours is ended, and its folder removed' '
	victim bash -c "exec -a qemu-system-x86_64 tail -f \"\$1\"" x "$PWD/lab/pid" && echo "$victim" >lab/pid &&
	wait_until 10 grep -q "^qemu" "/proc/$victim/cmdline" && lab down && test_expect_code 143 wait "$victim" && test ! -e lab
'

test_expect_success 'a folder of others, a link or a folder with other things is refused' '
	mkdir real && ln -s real lab && test_expect_code 1 lab down 2>err && grep "no folder of yours" err && rm lab &&
	mkdir lab && echo mine >lab/letter && test_expect_code 1 lab up 2>err && grep "something else" err && test -e lab/letter &&
	test_expect_code 1 env LAB=/usr "$SRCDIR/tests/lab/lab" down 2>err && grep "no folder of yours\|something else" err
'

test_done
