#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A file server may take what is written and say only at the sync that it has no room for it.
#
# Fails if in spoold/jobs.c a failed sync ends the daemon, or lets the job go on.
test_description='a share that is full at the sync: nothing is lost, and spoold waits for room'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=200ms"
. "$SRCDIR/tests/drops.sh"

# full TEXT: spoold anew; no sync of a file with TEXT in its path succeeds. room: they do again.
full() {
	spoold_stop && : >"$LOGS/spoold.log" && SHIM_FULL=$1 SHIM_FULL_WHILE=$PWD/full spoold_start &&
	touch full
}
room() { rm full; }
no_room() { wait_until 10 grep "the share has no room" "$LOGS/spoold.log"; }
ran_once() { test "$(cat "$1/../../../$2.runs")" = ran; }

job() {	# NAME: it notes each run outside of its folder
	make_job "$1" <<-EOF
		echo ran >>../../../$1.runs
	EOF
}

test_expect_success 'spoold and a runner start' '
	daemons_start
'

test_expect_success 'the record of an admission' '
	job frog && full .spool-manifest && drop frog && no_room && drop_mv "$(job toad && echo toad)" &&
	wait_until 10 test -d "$INCOMING/toad" && still_incoming frog && room &&
	folder=$(wait_done frog) && ran_once "$folder" frog && wait_done toad
'

test_expect_success 'a ticket' '
	job newt && full claims/r1/.tmp- && drop newt && no_room && wait_in queued newt && room &&
	folder=$(wait_done newt) && ran_once "$folder" newt
'

test_expect_success 'the record of an end' '
	job crab && full job.result && drop crab && no_room && test -z "$(jobs_in "done" crab)" && room &&
	folder=$(wait_done crab) && ran_once "$folder" crab && grep "state = .*DONE" "$folder/job.result"
'

test_expect_success 'a cancel is not answered with "no such job" meanwhile' '
	runner_stop r1 && job wait && full spool/queued && drop wait && no_room &&
	id=$(job_id wait) && touch "$SHARE/spool/requests/cancel-$id" && no_room && room &&
	folder=$(wait_failed wait) && grep "^ok" "$SHARE/spool/replies/cancel-$id" &&
	grep CANCELLED "$folder/job.result"
'

test_expect_success 'every job is in one place' '
	wait_until 10 check_share
'

test_done
