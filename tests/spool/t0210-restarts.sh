#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='kill -9 of an idle or busy daemon loses nothing; nothing of a job outlives its report'
. "$(dirname "$0")/../lib.sh"

EFFECTS=$TEST_ROOT/effects

test_expect_success 'start' '
	daemons_start r1
'

test_expect_success 'spoold is killed while jobs wait: they run after the next start' '
	make_job waits "runner = \"later\"" <<-\EOF &&
	echo ran
	EOF
	drop_mv waits && wait_in queued waits &&
	spoold_kill9 && spoold_start && wait_in queued waits &&
	runner_start later && folder=$(wait_done waits) && test "$(cat "$folder/stdout.txt")" = ran &&
	check_share
'

test_expect_success 'a runner is killed while idle: its next start takes work' '
	runner_kill9 later && runner_start later &&
	make_job after "runner = \"later\"" <<-\EOF &&
	echo ran
	EOF
	drop_mv after && wait_done after
'

test_expect_success 'spoold is killed while a job runs: the job goes on and is filed once' '
	make_job runs "env = {\"EFFECTS=$EFFECTS\"}" <<-\EOF &&
	echo begun >>"$EFFECTS"
	sleep 1.5
	echo ended
	EOF
	drop_mv runs && wait_until 10 grep begun "$EFFECTS" &&
	spoold_kill9 && spoold_start &&
	folder=$(wait_done runs) && test "$(cat "$folder/stdout.txt")" = ended &&
	test "$(grep -c begun "$EFFECTS")" = 1
'

test_expect_success 'a runner vanishes with all that it runs: the job runs again in a fresh copy' '
	make_job busy "env = {\"EFFECTS=$EFFECTS.busy\"}" "runner = \"later\"" <<-\EOF &&
	echo "begun $SPOOL_ATTEMPT" >>"$EFFECTS"
	echo scribble >>input.txt
	[ "$SPOOL_ATTEMPT" != 1 ] || sleep 60
	EOF
	echo fresh >input.txt.keep && cp input.txt.keep busy/keep.txt &&
	drop_mv busy && wait_until 10 grep "begun 1" "$EFFECTS.busy" &&
	runner_vanish later && runner_start later &&
	folder=$(wait_done busy) &&
	test "$(cat "$EFFECTS.busy")" = "$(printf "begun 1\nbegun 2")" &&
	test "$(cat "$folder/input.txt")" = scribble &&
	test_cmp input.txt.keep "$folder/keep.txt" &&
	ls -d "$SHARE"/spool/lost/*.1-busy &&
	check_share
'

test_expect_success 'an attempt that rewrote an input or our record is not run again: it ends as LOST, its folder is kept' '
	make_job forger "env = {\"EFFECTS=$EFFECTS.forger\"}" "runner = \"later\"" <<-\EOF &&
	echo "begun" >>"$EFFECTS"
	sed -i "s/^cores 1/cores 2/" .spool-manifest
	sleep 60
	EOF
	drop_mv forger && wait_until 10 grep begun "$EFFECTS.forger" &&
	wait_until 5 grep "cores 2" "$SHARE"/spool/active/*-forger/.spool-manifest &&
	runner_vanish later && runner_start later &&
	folder=$(wait_failed forger) && grep "state = \"LOST\"" "$folder/job.result" &&
	ls -d "$SHARE"/spool/lost/*-forger && test "$(grep -c begun "$EFFECTS.forger")" = 1
'

test_expect_success 'spoold ends at once, though gigabytes are being hashed' '
	make_job big "executable = \"/bin/true\"" </dev/null &&
	for i in 1 2 3 4 5 6; do truncate -s 1000M "big/f$i" || return 1; done &&
	drop_mv big && sleep 0.3 && spoold_stop && spoold_start &&
	rm -r "$SHARE"/spool/incoming/big
'

test_expect_success 'a double-forked child in a session of its own is dead before the job is reported' '
	make_job daemon "env = {\"PIDFILE=$TEST_ROOT/pidfile\"}" <<-\EOF &&
	(setsid sh -c "(echo \$\$ >\"$PIDFILE\"; exec sleep 1000) & exit" &)
	while ! [ -s "$PIDFILE" ]; do sleep 0.02; done
	echo parent gone
	EOF
	drop_mv daemon &&
	wait_until 20 sh -c "ls \"$SHARE\"/spool/claims/r1 \"$SHARE\"/spool/claims/later \"$SHARE\"/spool/done | grep -E \"[.]done[.]|-daemon$\"" &&
	! kill -0 "$(cat "$TEST_ROOT/pidfile")" &&
	wait_done daemon
'

test_expect_success 'the time to live ends a job that ignores TERM' '
	make_job stubborn "ttl = 1s" <<-\EOF &&
	trap "" TERM
	while :; do sleep 0.1; done
	EOF
	drop_mv stubborn && folder=$(wait_failed stubborn) && grep "state = \"TIMEOUT\"" "$folder/job.result"
'

test_expect_success 'a running job is cancelled by a file' '
	make_job endless <<-\EOF &&
	echo on my way
	sleep 1000
	EOF
	drop_mv endless && wait_until 10 sh -c "cat \"$SHARE\"/spool/active/*-endless/stdout.txt | grep way" &&
	: >"$SHARE/spool/requests/cancel-$(job_id endless)" &&
	folder=$(wait_failed endless) && grep "state = \"CANCELLED\"" "$folder/job.result" &&
	wait_until 5 sh -c "! ls \"$SHARE\"/spool/requests | grep cancel"
'

test_expect_success 'the folder of a running job is deleted: the job ends, nothing is made anew' '
	make_job doomed "env = {\"PIDFILE=$TEST_ROOT/doomed\"}" <<-\EOF &&
	echo $$ >"$PIDFILE"
	sleep 1000
	EOF
	drop_mv doomed && wait_until 10 test -s "$TEST_ROOT/doomed" &&
	id=$(job_id doomed) && rm -r "$(jobs_in active doomed)" &&
	wait_until 20 sh -c "! kill -0 \$(cat \"$TEST_ROOT/doomed\")" &&
	test -z "$(jobs_in "done" doomed)$(jobs_in failed doomed)$(jobs_in queued doomed)" &&
	grep "gone id=$id" "$SHARE"/spool/events/*.log
'

test_expect_success 'two coordinators: the second refuses' '
	test_must_fail spoold --share "$SHARE" --state "$TEST_ROOT/other-state" --foreground 2>refusal &&
	grep "another spoold" refusal
'

test_expect_success 'all is where it belongs' '
	wait_until 10 check_share
'

# The sign of a coordinator on another machine: spoold watches it for a lease before it begins.
foreign_sign() {
	sed -e "s/machine = .*/machine = \"another\"/" -e "/^# sum/d" "$1" >sign &&
		echo "# sum $(sha256sum <sign | cut -d " " -f 1)" >>sign && mv sign "$1"
}

test_expect_success 'spoold can be stopped while it watches another coordinator'\''s sign' '
	spoold_stop && foreign_sign "$SHARE/spool/coordinator" && : >"$LOGS/spoold.log" && spoold_spawn &&
	wait_until 10 grep "watching its sign" "$LOGS/spoold.log" && spoold_stop && spoold_start -o lease=1s -o beat=300ms
'

test_done
