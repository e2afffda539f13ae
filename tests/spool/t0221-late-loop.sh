#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# spoold stands still for longer than a lease, as when its file server does not answer; then the
# runners do not come through either.
#
# Fails if in spoold/runners.c the age of a sign of life is counted by the clock alone.
test_description='when spoold was late, the runners are not taken for absent'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=150ms -o scan=200ms -o lease=7s -o beat=200ms"
RUNNER_OPTS="-o beat=300ms -o freeze=1s"

test_expect_success 'spoold and three runners; each has a job that waits for an end' '
	daemons_start r1 r2 r3 && for name in a b c d e f g h; do
		make_job $name <<-"EOF" && drop $name || return 1
			until [ -e ../../../end ]; do sleep 0.1; done
		EOF
	done && for name in a b c d e f; do wait_in active $name || return 1; done
'

past() { [ "$(date +%s%3N)" -gt "$1" ]; }
rest() { local end=$(($(date +%s%3N) + $1)); wait_until 20 past $end; }
absent() { grep -E "absent|withdraw" "$LOGS/spoold.log"; }

test_expect_success 'all stand still for longer than a lease; spoold goes on first: nobody is absent' '
	all="${LIB_PID[spoold]} ${LIB_PID[r1]} ${LIB_PID[r2]} ${LIB_PID[r3]}" && kill -STOP $all &&
	rest 9000 && kill -CONT ${LIB_PID[spoold]} && make_job later <<<true && drop later &&
	wait_until 10 job_id later && rest 500 && ! absent && kill -CONT $all && rest 1500 && ! absent
'

test_expect_success 'a runner that is silent is absent, all the same' '
	runner_kill9 r3 && wait_until 20 grep "runner r3 is absent" "$LOGS/spoold.log" &&
	! grep "r[12] is absent" "$LOGS/spoold.log" && runner_start r3
'

test_expect_success 'all jobs end' '
	touch "$SHARE/end" && for name in a b c d e f g h later; do wait_done $name || return 1; done &&
	wait_until 10 check_share
'

test_done
