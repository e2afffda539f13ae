#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The answer to a rename gets lost: it was done and is told as failed, or was not done and is told
# as done. And a client sends an old one again.
#
# Fails if in runner/ the answer of a rename is believed instead of what lies there.
test_description='the answer to a rename is not believed: a claim that was made is found, one that was not is no claim'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=200ms -o publish=300ms"
RUNNER_OPTS="-o beat=300ms -o poll=200ms"

runs() { cat "$SHARE/$1.runs"; }
job() { make_job "$1" "runner = \"r1\"" <<<"echo \$SPOOL_ATTEMPT >>../../../$1.runs; echo fine" && drop_mv "$1"; }
# with NAME VARIABLE TEXT: a job for a runner whose first rename to such a name goes wrong so.
with() {
	share_name=$1 && export "$2=1" SHIM_MATCH="$3" && runner_start r1 && unset "$2" SHIM_MATCH && job "$1" &&
		folder=$(wait_done "$1") && [ "$(cat "$folder/stdout.txt")" = fine ]
}

test_expect_success 'spoold starts' '
	share_new && spoold_start
'

test_expect_success 'the claim was made, and the answer was lost: it runs, once' '
	with lie SHIM_LIE_AT .claim. && test "$(runs lie)" = 1 && runner_stop r1
'

test_expect_success 'the claim was not made, and is told as made: it runs, once' '
	with noop SHIM_NOOP_AT .claim. && test "$(runs noop)" = 1 && runner_stop r1
'

test_expect_success 'the same of the report' '
	with lie2 SHIM_LIE_AT .done. && test "$(runs lie2)" = 1 && runner_stop r1 &&
	with noop2 SHIM_NOOP_AT .done. && test "$(runs noop2)" = 1
'

test_expect_success 'an old claim that is sent again finds nothing: its names are gone, and never come again' '
	cd "$SHARE/spool/claims/r1" && for n in 1 2 3 4; do
		wait_until 10 sh -c "! ls $n.*" && test_must_fail mv $n.1.offer $n.1.claim.r1-00000000-00000000 || return 1
	done && job later && wait_done later && test "$(runs later)" = 1 && test "$(job_id later)" = 5
'

test_expect_success 'every job is in one place' '
	wait_until 10 check_share
'

test_done
