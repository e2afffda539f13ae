#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='a runner whose signs of life do not get through: its jobs are frozen, and go on only if they are still its own'
. "$(dirname "$0")/../lib.sh"
RUNNER_OPTS="-o beat=300ms -o freeze=2s"
HANG=$TEST_ROOT/hang

hung() { SHIM_STALL=r1.beat SHIM_STALL_WHILE="$HANG" "$@"; }

line_job() {
	make_job "$1" <<-"EOF"
		i=0
		until [ -e enough ]; do i=$((i + 1)); echo "line $i"; sleep 0.1; done
	EOF
}

lines() { wc -l <"$(jobs_in active "$1")/stdout.txt"; }
has_lines() { [ "$(lines "$1")" -ge "$2" ]; }

stands_still() {	# NAME
	local before
	before=$(lines "$1") && sleep 0.7 && [ "$(lines "$1")" = "$before" ]
}

test_expect_success 'a job runs, and the share hangs: the job is frozen' '
	share_new && spoold_start && hung runner_start r1 && line_job one && drop_mv one &&
	wait_in active one && wait_until 10 has_lines one 3 && touch "$HANG" && wait_until 10 stands_still one
'

test_expect_success 'the share is back: it goes on where it was' '
	before=$(lines one) && rm "$HANG" && wait_until 10 has_lines one $((before + 3)) &&
	grep "jobs that were frozen go on" "$LOGS/r1.log" && touch "$(jobs_in active one)/enough" &&
	folder=$(wait_done one) && seq -f "line %g" "$(wc -l <"$folder/stdout.txt")" >expected &&
	test_cmp expected "$folder/stdout.txt"
'

test_expect_success 'it was revoked meanwhile: it never runs again' '
	line_job two && drop_mv two && wait_in active two && wait_until 10 has_lines two 3 && touch "$HANG" &&
	wait_until 10 stands_still two && before=$(lines two) && id=$(job_id two) &&
	: >"$SHARE/spool/claims/r1/$id.1.revoked" && rm "$HANG" && folder=$(wait_in lost two) &&
	test "$(wc -l <"$folder/stdout.txt")" = "$before" &&
	wait_until 10 test ! -e "$SHARE/spool/claims/r1/$id.1.revoked"
'

test_expect_success 'its claim was removed meanwhile: it never runs again' '
	touch "$(wait_in active two)/enough" && wait_done two &&
	line_job three && drop_mv three && wait_in active three && wait_until 10 has_lines three 3 && touch "$HANG" &&
	wait_until 10 stands_still three && before=$(lines three) && rm "$SHARE"/spool/claims/r1/*.claim.* && rm "$HANG" &&
	wait_until 10 grep "its claim has vanished" "$LOGS/r1.log" && stands_still three && has_lines three "$before" &&
	test "$(lines three)" = "$before"
'

test_done
