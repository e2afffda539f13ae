#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whoever guards the jobs is killed: launcher, or launcher and daemon one after the other.
#
# Fails if a keeper outlives its launcher, if the daemon reports what it has not seen end, and if
# the next start takes the claim for its own and waits.
test_description='the launcher is killed while a job runs: nothing of it lives on, and the job begins anew'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=200ms -o publish=300ms"
RUNNER_OPTS="-o beat=300ms -o freeze=3s"
PIDS=$TEST_ROOT/pids

# job NAME: the first attempt has a child of its own, and one that left its session; it never ends.
job() {
	make_job "$1" "runner = \"r1\"" "env = {\"PIDS=$PIDS/$1\"}" <<-"EOF"
		echo "$$" >>"$PIDS.$SPOOL_ATTEMPT"
		if [ "$SPOOL_ATTEMPT" = 1 ]; then
			(setsid sh -c "(echo \$\$ >>\"$PIDS.1\"; exec sleep 1000) & exit" &)
			sleep 1000 &
			echo "$!" >>"$PIDS.1"
			echo scribble >>input.txt.new
			wait
		fi
		echo "attempt $SPOOL_ATTEMPT"
	EOF
	drop_mv "$1" && wait_until 20 has_three "$1"
}
has_three() { [ "$(wc -l <"$PIDS/$1.1")" = 3 ]; }
all_dead() {
	local pid
	for pid in $(cat "$PIDS/$1.1"); do
		! kill -0 "$pid" 2>/dev/null || return 1
	done
}
kill_launcher() { local pid; pid=$(lib_launchers r1) && [ -n "$pid" ] && kill -KILL $pid; }
# The second attempt is the result, and the first one was dead before it began.
begun_anew() {
	folder=$(wait_done "$1") && test "$(cat "$folder/stdout.txt")" = "attempt 2" &&
	ls -d "$SHARE"/spool/lost/*.1-"$1" && ! test -e "$folder/input.txt.new"
}

test_expect_success 'a job runs' '
	mkdir -m 777 "$PIDS" && daemons_start && job one
'

test_expect_success 'the launcher is killed: all of the job dies, the daemon ends and says why' '
	kill_launcher && wait_until 10 all_dead one && runner_wait_end r1 && test $LIB_STATUS != 0 &&
	grep -i launcher "$LOGS/r1.log" && test -z "$(jobs_in "done" one)$(jobs_in failed one)" &&
	test -z "$(lib_launchers)"
'

test_expect_success 'the next start gives the claim back: the job begins anew in a fresh copy' '
	runner_start r1 && begun_anew one && wait_until 10 check_share
'

test_expect_success 'the daemon is killed, then the launcher: nothing lives on, nothing begins before the next start' '
	job two && runner_kill9 r1 && ! all_dead two && kill_launcher && wait_until 10 all_dead two &&
	! test -e "$PIDS/two.2" && runner_start r1 && begun_anew two && wait_until 10 check_share
'

test_expect_success 'the launcher is killed, then the daemon, at once' '
	job three && kill_launcher && kill -KILL ${LIB_PID[r1]} && runner_wait_end r1 &&
	wait_until 10 all_dead three && runner_start r1 && begun_anew three && wait_until 10 check_share
'

test_done
