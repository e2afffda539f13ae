#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A client that has read a file and is cut off makes the server wait, up to 90 s, when the file is
# renamed, replaced or removed (NFS 4 delegations). The shim does so as long as a file exists.
#
# Each body fails if what it names is done in the loop of spoold instead of in a lane.
test_description='while one file cannot be moved, spoold works on for everybody else'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=150ms -o scan=300ms -o publish=300ms -o beat=200ms"
. "$SRCDIR/tests/drops.sh"

# silent TEXT: spoold anew; from now on files with TEXT in their path are not to be had. speaks: they
# are again.
silent() {
	spoold_stop && SHIM_STALL=$1 SHIM_STALL_WHILE=$PWD/silent spoold_start && touch silent
}
speaks() { rm silent; }
counter() { sed -n 's/.*counter = "\(.*\)"/\1/p' "$SHARE/spool/coordinator"; }

moves_on() { [ "$(counter)" != "$1" ]; }

# Jobs come, run and go; requests are answered; a snapshot with them appears.
others=0
others_work() {
	local name=other$((++others))
	make_job "$name" <<<true && drop "$name" && wait_done "$name" &&
		spoolctl queue --all | grep -w "$name" && wait_until 5 moves_on "$(counter)"
}

test_expect_success 'spoold and a runner start' '
	daemons_start
'

test_expect_success 'a result of an earlier life in a dropped folder' '
	make_job again <<<true && echo old >again/stdout.txt && silent again/stdout.txt &&
	drop again && others_work && still_incoming again && others_work && speaks &&
	folder=$(wait_done again) && test "$(cat "$folder/attempts/0/stdout.txt")" = old
'

test_expect_success 'a rejected one' '
	make_job wrong "tll = 1" && echo old >wrong/REJECTED.txt && silent wrong/REJECTED.txt &&
	drop wrong && others_work && speaks && folder=$(wait_failed wrong) &&
	test "$(cat "$folder/attempts/0/REJECTED.txt")" = old && grep "tll" "$folder/REJECTED.txt"
'

test_expect_success 'a dropped file' '
	echo "print(1)" >late.py && cp late.py quick.py && silent incoming/late.py && drop late.py &&
	others_work && drop quick.py && wait_done quick.py && still_incoming late.py && speaks &&
	wait_done late.py
'

test_expect_success 'a job.result that the job has written itself' '
	make_job clash <<-"EOF" &&
		echo mine >job.result
	EOF
	silent clash/job.result && drop clash && wait_in active clash &&
	others_work && wait_in active clash && speaks &&
	folder=$(wait_done clash) && grep "state = .*DONE" "$folder/job.result"
'

test_expect_success 'the record of a folder that goes back because it was changed' '
	runner_stop r1 && make_job turned <<<true && silent turned/.spool-manifest &&
	drop turned && folder=$(wait_in queued turned) && echo 1 >"$folder/more" &&
	runner_start r1 && others_work && ! test -e "$folder" && still_incoming turned && speaks &&
	folder=$(wait_done turned) && grep " more$" "$folder/.spool-manifest"
'

spent() { compgen -G "$SHARE/spool/claims/r1/*.done.*"; }
swept() { ! spent; }
test_expect_success 'spent tickets' '
	silent .done.r1 && others_work && others_work && spent && speaks && wait_until 10 swept
'

cancelled() { grep -q "^ok" "$SHARE/spool/replies/cancel-$1"; }
gone() { [ ! -e "$1" ]; }
test_expect_success 'a request: it is answered once, with success' '
	runner_stop r1 && make_job unwanted <<<true && silent requests/cancel && drop unwanted &&
	wait_in queued unwanted && id=$(job_id unwanted) && touch "$SHARE/spool/requests/cancel-$id" &&
	wait_failed unwanted && cancelled $id && runner_start r1 && others_work && others_work &&
	cancelled $id && test -e "$SHARE/spool/requests/cancel-$id" && speaks &&
	wait_until 10 gone "$SHARE/spool/requests/cancel-$id" && cancelled $id
'

test_expect_success 'the numbers' '
	silent spool/next && speaks && others_work && touch silent && others_work && others_work &&
	speaks
'

test_expect_success 'the sign of spoold itself is rewritten in place, which need not wait' '
	silent spool/coordinator && others_work && others_work && speaks
'

test_expect_success 'another instance is noticed' '
	cp "$SHARE/spool/coordinator" another && silent spool/coordinator && others_work &&
	mv another "$SHARE/spool/coordinator" &&
	wait_until 5 grep "another coordinator .* has taken over" "$LOGS/spoold.log" && speaks &&
	spoold_wait_end && test $LIB_STATUS = 1 && spoold_start
'

test_expect_success 'every job is in one place' '
	wait_until 10 check_share
'

test_done
