#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A cancel that comes at each state of a job, and together with what its runner says. t0401 has the
# job that rests, t0210 one that runs on a real runner.
#
# Fails if a cancel in spoold/ passes over a state, or counts more than a report that was there first.
test_description='a cancel at every state: each job ends once, and a report that was there first wins'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=200ms -o publish=300ms -o lease=30s -o beat=500ms"
. "$SRCDIR/tests/leases.sh"
CLAIMS=$TEST_ROOT/share/spool/claims REQUESTS=$TEST_ROOT/share/spool/requests

job() { make_job "$1" "runner = \"${2:-r1}\"" <<<true && drop_mv "$1" && wait_until 10 job_id "$1"; }
cancel() { : >"$REQUESTS/cancel-$(job_id "$1")"; }
is_gone() { ! compgen -G "$1"; }
ordered() { test -e "${FAKE_CLAIM%.claim.*}.cancel"; }
still() { kill -STOP "${LIB_PID[spoold]}"; }
goes_on() { kill -CONT "${LIB_PID[spoold]}"; }
# The order is the runner's to remove.
swept() { rm -f "$CLAIMS/r1/$1".*.cancel; wait_until 10 is_gone "$CLAIMS/*/$1.*"; }

# one_end NAME PLACE STATE: that is its only end, in its folder, in the log; no request, no ticket is left.
one_end() {
	local id folder
	folder=$(wait_in "$2" "$1") && id=${folder##*/} id=${id%%-*} &&
		grep "state = \"$3\"" "$folder/job.result" &&
		swept "$id" && wait_until 10 is_gone "$REQUESTS/cancel-$id" &&
		test "$(for place in queued active "done" failed; do jobs_in $place "$1"; done)" = "$folder" &&
		test "$(cat "$SHARE"/spool/events/*.log | grep -cE " id=$id .*to=(done|failed) ")" = 1
}

test_expect_success 'spoold and a runner that does what the script says' '
	share_new && spoold_start && fake_new r1
'

test_expect_success 'a number that is not given yet: answered, and the job that gets it later is not concerned' '
	next=$(($(cat "$SHARE/spool/next" 2>/dev/null || echo 1))) && : >"$REQUESTS/cancel-1" &&
	wait_until 10 grep "^failed" "$SHARE/spool/replies/cancel-1" && wait_until 10 is_gone "$REQUESTS/cancel-1" &&
	job early && fake_claim early && fake_finish "$FAKE_CLAIM" && one_end early "done" DONE
'

test_expect_success 'QUEUED, no runner for it' '
	job queued nobody-here && wait_in queued queued && cancel queued && one_end queued failed CANCELLED
'

test_expect_success 'OFFERED: the offer is taken back, nobody can claim it any more' '
	job offered && wait_until 10 fake_offer offered && offer=$(fake_offer offered) && cancel offered &&
	one_end offered failed CANCELLED && ! test -e "$offer"
'

test_expect_success 'OFFERED, and claimed before spoold takes the offer back: the runner is told, and gives back' '
	job claimed && wait_until 10 fake_offer claimed && still && cancel claimed && fake_claim claimed && goes_on &&
	wait_until 10 ordered && fake_give_back "$FAKE_CLAIM" && one_end claimed failed CANCELLED
'

test_expect_success 'RUNNING: the runner is told; it was done before it read that: done wins' '
	job runs && fake_claim runs && cancel runs && wait_until 10 ordered && fake_finish "$FAKE_CLAIM" &&
	one_end runs "done" DONE
'

test_expect_success 'together with the report: done wins, whichever of both spoold sees first' '
	for n in 1 2 3 4 5; do
		job both$n && fake_claim both$n && still && cancel both$n && fake_finish "$FAKE_CLAIM" && goes_on &&
		one_end both$n "done" DONE || return 1
	done
'

test_expect_success 'together with what is given back: it does not begin anew' '
	job back && fake_claim back && still && fake_give_back "$FAKE_CLAIM" && cancel back && goes_on &&
	one_end back failed CANCELLED
'

test_expect_success 'spoold dies between the order and the answer: the cancel holds' '
	job dies && fake_claim dies && cancel dies && wait_until 10 ordered && spoold_kill9 && spoold_start &&
	wait_until 10 ordered && fake_give_back "$FAKE_CLAIM" && one_end dies failed CANCELLED
'

test_expect_success 'two cancels of one job are one' '
	job twice && fake_claim twice && cancel twice && wait_until 10 ordered && rm -f "$REQUESTS/cancel-$(job_id twice)" &&
	cancel twice && fake_give_back "$FAKE_CLAIM" && one_end twice failed CANCELLED
'

test_expect_success 'ended: it is answered so, and stays as it is' '
	id=$(job_id runs) && cancel runs && wait_until 10 is_gone "$REQUESTS/cancel-$id" &&
	wait_until 10 grep "ended already" "$SHARE/spool/replies/cancel-$id" && one_end runs "done" DONE
'

test_expect_success 'a real runner: twenty jobs, each cancelled at another moment of its run' '
	runner_start r2 && for n in $(seq 20); do
		make_job race$n "runner = \"r2\"" <<<"echo fine" && drop_mv race$n && wait_until 10 job_id race$n &&
		sleep 0.0$((n % 10)) && : >"$REQUESTS/cancel-$(job_id race$n)" || return 1
	done && for n in $(seq 20); do
		wait_until 20 sh -c "ls -d \"$SHARE\"/spool/done/*-race$n || ls -d \"$SHARE\"/spool/failed/*-race$n" || return 1
		if folder=$(jobs_in "done" race$n) && test -n "$folder"; then
			test "$(cat "$folder/stdout.txt")" = fine && one_end race$n "done" DONE || return 1
		else
			one_end race$n failed CANCELLED || return 1
		fi
	done
'

test_expect_success 'every job is in one place' '
	wait_until 10 check_share
'

fake_hush_all
test_done
