#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runners are shell functions here (tests/leases.sh), so that they fall silent and answer at any
# instant.
test_description='the jobs of a runner that has fallen silent begin anew elsewhere'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=200ms -o publish=300ms -o lease=3s -o beat=500ms"
. "$SRCDIR/tests/leases.sh"

CLAIMS=$TEST_ROOT/share/spool/claims
is_gone() { ! compgen -G "$1"; }
marker() { echo "${1%.claim.*}.revoked"; }
said() { grep "$@" "$LOGS/spoold.log"; }

# job NAME [RUNNER]: dropped, and wanted there.
job() {
	make_job "$1" ${2:+"runner = \"$2\""} <<<true && echo input >"$1/input.txt" && drop_mv "$1"
}

# in_order PATTERN...: lines of the trace that match, one after the other.
in_order() {
	local at=0 next pattern
	for pattern; do
		next=$(tail -n +$((at + 1)) trace | grep -nEm1 "$pattern") ||
			{ echo "not there after line $at: $pattern" >&2; return 1; }
		at=$((at + ${next%%:*}))
	done
}

test_expect_success 'spoold and two runners' '
	share_new && SHIM_TRACE=$PWD/trace spoold_start && fake_new r1 && fake_new r2
'

test_expect_success 'a runner falls silent: its job is revoked, then offered to the other one' '
	job first && fake_claim first && first=$FAKE_CLAIM silent=$(fake_of "$FAKE_CLAIM") &&
	fake_hush $silent &&
	wait_until 10 test -e "$(marker "$first")" &&
	grep "no sign of life from runner $silent from 20.* to 20" "$(marker "$first")" &&
	fake_claim first && second=$FAKE_CLAIM && test "$(fake_of "$second")" != $silent &&
	echo scribble >>"$(wait_in lost first)/input.txt" &&
	test "$(cat "$(wait_in active first)/input.txt")" = input
'

shows() { spoolctl show "$1" | grep "$2"; }
test_expect_success 'log and history say so' '
	id=$(job_id first) &&
	said "$id: revoke active -> active RUNNING on $silent: no sign of life from runner $silent" &&
	said "$id: requeue queued -> queued QUEUED on $silent: no sign of life" &&
	wait_until 10 shows $id "1 on $silent: LOST, revoked .*: no sign of life"
'

test_expect_success 'it ends there; the claim of the silent one and its marker stay' '
	fake_finish "$second" && folder=$(wait_done first) && grep "state = .*DONE" "$folder/job.result" &&
	wait_until 10 is_gone "$second" && wait_until 10 is_gone "${second/.claim./.done.}" &&
	test -e "$first" && test -e "$(marker "$first")" && wait_until 10 check_share
'

test_expect_success 'it comes back and gives back what is not its own any more: ticket and marker go' '
	fake_wake $silent && fake_give_back "$first" &&
	wait_until 10 is_gone "${first/.claim./.back.}" && wait_until 10 is_gone "$(marker "$first")" &&
	test -z "$(jobs_in active first)$(jobs_in queued first)" && wait_until 10 check_share
'

test_expect_success 'the marker was durable before the copy was made, and went when the ticket was durably gone' '
	inbox="claims/$silent" && sync="(fsync 0 .*$inbox|syncfs 0 .*)$" &&
	in_order "write 0 .*$inbox/1.1.revoked" "(fsync 0 .*1.1.revoked|syncfs 0 .*)$" "$sync" \
		"mkdir.* 0 .*queued/.tmp-1.1" "rename 0 .*active/1.1-first .*lost/1.1-first" "rename 0 .*/.tmp-1.1 .*queued/1.1-first" &&
	in_order "unlink 0 .*$inbox/1.1.back" "$sync" "unlink 0 .*$inbox/1.1.revoked"
'

test_expect_success 'a result that comes too late is void' '
	job late r1 && fake_claim late && late=$FAKE_CLAIM && fake_hush r1 &&
	wait_in lost late && fake_finish "$late" && wait_until 10 is_gone "${late/.claim./.done.}" &&
	wait_until 10 is_gone "$(marker "$late")" && test -n "$(jobs_in queued late)" &&
	fake_wake r1 && fake_claim late && fake_finish "$FAKE_CLAIM" && wait_done late
'

test_expect_success 'so is one that comes while the next attempt runs, and one that comes when that is done' '
	for when in runs ended; do
		job $when r1 && fake_claim $when && late=$FAKE_CLAIM && fake_hush r1 && wait_in lost $when &&
		fake_wake r1 && fake_claim $when || return 1
		[ $when = runs ] || { fake_finish "$FAKE_CLAIM" && wait_done $when; } || return 1
		fake_finish "$late" && wait_until 10 is_gone "${late/.claim./.done.}" && wait_until 10 is_gone "$(marker "$late")" || return 1
		[ $when = ended ] || { test -e "$FAKE_CLAIM" && test -n "$(jobs_in active runs)" && fake_finish "$FAKE_CLAIM"; } || return 1
		folder=$(wait_done $when) && grep "attempt = \"2\"" "$folder/job.result" || return 1
	done
'

fake_hush_all
test_done
