#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What may happen between the marker, the copy and the move to lost/, with kill -9 of spoold in each
# place. The shim holds a sync back (SHIM_LATE), so that what is tried falls into the gap.
test_description='a revoked job: answers that come in between, restarts, things removed by hand'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=200ms -o scan_folders=1s -o lease=3s -o beat=500ms -o publish=1s"
. "$SRCDIR/tests/leases.sh"

is_gone() { ! compgen -G "$1"; }
marker() { echo "${1%.claim.*}.revoked"; }
said() { grep "$@" "$LOGS/spoold.log"; }
past() { [ "$(date +%s%3N)" -gt "$1" ]; }
rest() { local end=$(($(date +%s%3N) + $1)); wait_until 20 past $end; }
lost() { jobs_in lost "$1" | grep .; }
gaps() { touch late && SHIM_LATE=$1 SHIM_LATE_WHILE=$PWD/late spoold_start; }	# TEXT: its sync waits
go_on() { rm late; }

job() { make_job "$1" "runner = \"r1\"" <<<true && drop_mv "$1" && fake_claim "$1" && claim=$FAKE_CLAIM; }
# runs_again JOB: its next attempt is claimed and ends.
runs_again() { fake_claim "$1" && fake_finish "$FAKE_CLAIM" && wait_done "$1"; }
swept() { wait_until 10 is_gone "${1%.claim.*}.*"; }

test_expect_success 'spoold and two runners' '
	share_new && spoold_start && fake_new r1 && fake_new r2
'

test_expect_success 'a beat after the marker was made: the runner may not have seen it, the job rests until it answers' '
	spoold_stop && gaps .revoked && job beats && fake_hush r1 &&
	wait_until 10 test -e "$(marker "$claim")" && fake_wake r1 && rest 700 && go_on &&
	wait_until 10 said "rests until runner r1 answers" && rest 4000 && ! lost beats &&
	fake_give_back "$claim" && wait_in lost beats && runs_again beats && swept "$claim"
'

test_expect_success 'the same beat is found by the one more look, before any scan' '
	spoold_stop && touch late && SHIM_LATE=.revoked SHIM_LATE_WHILE=$PWD/late \
		spoold_start -o watch=no -o scan_polled=2500ms && job looked && fake_hush r1 &&
	wait_until 10 test -e "$(marker "$claim")" && fake_beat r1 && go_on &&
	wait_until 2 said "$(job_id looked): revoked; it rests" && ! lost looked && fake_wake r1 &&
	fake_give_back "$claim" && runs_again looked && swept "$claim"
'

test_expect_success 'the same, and it is silent for another lease' '
	spoold_stop && gaps .revoked && job hushes && fake_hush r1 &&
	wait_until 10 test -e "$(marker "$claim")" && fake_beat r1 && rest 700 && go_on && rest 1500 &&
	! lost hushes && wait_in lost hushes && fake_wake r1 && fake_give_back "$claim" && runs_again hushes &&
	swept "$claim"
'

test_expect_success 'a result after the marker counts' '
	spoold_stop && gaps .revoked && job intime && fake_hush r1 &&
	wait_until 10 test -e "$(marker "$claim")" && fake_finish "$claim" && go_on &&
	folder=$(wait_done intime) && grep "state = .*DONE" "$folder/job.result" && ! lost intime &&
	swept "$claim" && fake_wake r1
'

copy() { compgen -G "$SHARE/spool/queued/.tmp-*"; }
no_copy() { ! copy; }
test_expect_success 'a result while the copy is being made counts, and the copy is thrown away' '
	spoold_stop && gaps queued/.tmp- && job midway && fake_hush r1 && wait_until 10 copy &&
	fake_finish "$claim" && go_on && wait_done midway && ! lost midway && swept "$claim" &&
	wait_until 10 no_copy && fake_wake r1
'

test_expect_success 'the claim is removed by hand while the job rests: a lease later it is queued' '
	spoold_stop && gaps .revoked && job bereft && fake_hush r1 &&
	wait_until 10 test -e "$(marker "$claim")" && fake_wake r1 && rest 700 && go_on &&
	wait_until 10 said "rests until runner r1 answers" && rm "$claim" && rest 2000 && ! lost bereft &&
	wait_in lost bereft && runs_again bereft && test -e "$(marker "$claim")"
'

test_expect_success 'killed before the marker is durable: it rests for a lease after the next start' '
	spoold_stop && gaps .revoked && job early && fake_hush r1 &&
	wait_until 10 test -e "$(marker "$claim")" && spoold_kill9 && go_on && spoold_start && rest 2000 &&
	! lost early && wait_in lost early && fake_wake r1 && runs_again early && test -e "$claim" &&
	fake_give_back "$claim" && swept "$claim"
'

# killed_at N JOB: after the N-th rename of its folder, while it is revoked.
killed_at() {
	spoold_stop && SHIM_MATCH=.1-$2 SHIM_KILL_AFTER=$1 spoold_start && job "$2" && fake_hush r1 &&
		spoold_wait_end && [ "$LIB_STATUS" = 137 ]
}

test_expect_success 'killed when the folder is in lost/: the copy becomes the job' '
	killed_at 2 half && ! jobs_in queued half | grep . && spoold_start && wait_in queued half &&
	fake_wake r1 && runs_again half && test -e "$claim" && test -e "$(marker "$claim")" &&
	fake_give_back "$claim" && swept "$claim"
'

test_expect_success 'killed when the copy is in queued/: the claim of the attempt before is not its own' '
	killed_at 3 whole && wait_in queued whole && spoold_start && fake_wake r1 &&
	runs_again whole && test -e "$(marker "$claim")" && fake_give_back "$claim" && swept "$claim"
'

test_expect_success 'the marker is removed by hand: it is made anew, before the job begins and after it' '
	spoold_stop && gaps .revoked && job naked && fake_hush r1 &&
	wait_until 10 test -e "$(marker "$claim")" && fake_beat r1 && rest 700 && go_on &&
	wait_until 10 said "rests until runner r1" && rm "$(marker "$claim")" && wait_in lost naked &&
	test -e "$(marker "$claim")" && rm "$(marker "$claim")" && wait_until 10 test -e "$(marker "$claim")" &&
	fake_wake r1 && runs_again naked && fake_give_back "$claim" &&
	swept "$claim"
'

test_expect_success 'it is cancelled while it rests: it ends as CANCELLED' '
	spoold_stop && gaps .revoked && job unwanted && fake_hush r1 &&
	wait_until 10 test -e "$(marker "$claim")" && fake_beat r1 && rest 700 && go_on &&
	: >"$SHARE/spool/requests/cancel-$(job_id unwanted)" && folder=$(wait_failed unwanted) &&
	grep "state = .*CANCELLED" "$folder/job.result" && fake_wake r1 && fake_give_back "$claim" && swept "$claim"
'

test_expect_success 'its folder is deleted while it rests: nothing is made anew, the marker stays until the runner has answered' '
	spoold_stop && gaps .revoked && job doomed && fake_hush r1 &&
	wait_until 10 test -e "$(marker "$claim")" && fake_wake r1 && rest 700 && go_on &&
	wait_until 10 said "rests until runner r1" && rm -r "$(jobs_in active doomed)" &&
	wait_until 10 said "gone active .*its folder was removed" && rest 1000 &&
	test -e "$(marker "$claim")" && ! test -e "${claim%.claim.*}.cancel" &&
	fake_give_back "$claim" && swept "$claim" && ! lost doomed
'

test_expect_success 'a marker without a ticket is kept as long as lost folders are' '
	old=$(compgen -G "$SHARE/spool/claims/r1/*.revoked") && test "$(wc -l <<<"$old")" = 1 &&
	spoold_stop && spoold_start -o keep_lost=1s && wait_until 10 is_gone "$old"
'

test_expect_success 'every job is in one place' '
	wait_until 10 no_copy && wait_until 10 check_share
'

fake_hush_all
test_done
