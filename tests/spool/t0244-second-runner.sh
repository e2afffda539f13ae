#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fails if in runner/lock.c the lock goes by the state folder, and if in runner/register.c another
# machine may take the name.
test_description='a name has one runner: a second one waits or refuses, and touches nothing'
. "$(dirname "$0")/../lib.sh"
. "$SRCDIR/tests/leases.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=200ms -o publish=300ms"
RUNNER_OPTS="-o beat=300ms"

test_expect_success 'a job runs' '
	daemons_start && make_job long <<-EOF && drop_mv long && wait_in active long &&
		echo run >>"$PWD/runs"
		until [ -e "$PWD/go" ]; do sleep 0.1; done
	EOF
	wait_until 10 test -e runs
'

second() {
	timeout 5 spool-runner --share "$SHARE" --state "$TEST_ROOT/other" --name r1 --foreground >second.log 2>&1
}
test_expect_success 'a second one of its name on this machine does not get in, with a state folder of its own too' '
	instance=$(grep instance "$SHARE/spool/runners/r1.conf") && test_must_fail second && cat second.log &&
	grep "another runner" second.log && test "$(grep instance "$SHARE/spool/runners/r1.conf")" = "$instance" &&
	test "$(ls "$SHARE"/spool/claims/r1/*.claim.* | wc -l)" = 1
'

test_expect_success 'the job was not disturbed' '
	touch go && wait_done long && test "$(cat runs)" = run
'

test_expect_success 'one of another machine refuses, and says what to do' '
	runner_stop r1 && sed -e "s/machine = .*/machine = \"00112233445566778899aabbccddeeff\"/" -e "/^# sum/d" \
		"$SHARE/spool/runners/r1.conf" >conf && fake_seal conf && cp conf "$SHARE/spool/runners/r1.conf" &&
	runner_spawn r1 && runner_wait_end r1 && test $LIB_STATUS != 0 && tail -n 3 "$LOGS/r1.log" | grep -E "machine|host" &&
	cmp conf "$SHARE/spool/runners/r1.conf"
'

test_done
