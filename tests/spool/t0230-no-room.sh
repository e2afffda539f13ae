#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The quota of the share is used up, or the disk of a machine is full, so that nothing can be made
# for a job before its start.
#
# The first one fails if in runner/folder.c only trouble is waited for; the second one if in
# runner/run.c a job without a scratch folder fails, or if in runner/serve.c jobs are taken
# nevertheless.
test_description='no room before the start: no job fails'
. "$(dirname "$0")/../lib.sh"
EDQUOT=122
SPOOLD_OPTS="-o settle=100ms -o scan=200ms -o publish=300ms"
RUNNER_OPTS="-o slots=3 -o poll=200ms -o beat=300ms"

# full TEXT RUNNER: the runner anew; nothing with TEXT in its path can be made. room: it can again.
full() {
	SHIM_FAIL=$1 SHIM_FAIL_WITH=$EDQUOT SHIM_FAIL_WHILE=$PWD/full runner_start "$2" && touch full
}
room() { rm full; }
nothing_failed() { [ -z "$(find "$SHARE/spool/failed" -mindepth 1 -type d)" ]; }
ran_as() { test "$(cat "$1/stdout.txt")" = "$2"; }

job() { # NAME: prints which attempt it is
	make_job "$1" <<-"EOF"
		echo "$SPOOL_ATTEMPT"
	EOF
}

test_expect_success 'spoold starts' '
	share_new && spoold_start
'

waits() { wait_until 10 grep "$1.1 cannot start now: Disk quota exceeded; it waits" "$LOGS/r1.log"; }
test_expect_success 'the share has no room for stdout.txt: jobs wait for it, in their first attempt' '
	full stdout.txt r1 && for name in a b c; do job $name && drop $name || return 1; done &&
	for name in a b c; do wait_in active $name || return 1; done && waits 1 && nothing_failed &&
	room && for name in a b c; do folder=$(wait_done $name) && ran_as "$folder" 1 || return 1; done &&
	runner_stop r1
'

not_taken() { grep "no job is taken: no folder can be made in .*: Disk quota exceeded" "$LOGS/r1.log"; }
free_slots() { sed -n "s/.*free_slots = \"\(.*\)\"/\1/p" "$SHARE/spool/runners/r1.beat"; }
all_taken() { [ "$(free_slots)" = 0 ]; }
has_free() { [ "$(free_slots)" -gt 0 ]; }
test_expect_success 'the machine has no room for scratch folders: it gives back, and takes no job until it has' '
	full scratch/ r1 && job d && drop d && wait_until 10 not_taken &&
	wait_until 10 all_taken && nothing_failed &&
	test "$(grep -c "given back: its scratch folder" "$LOGS/r1.log")" = 1 &&
	room && folder=$(wait_done d) && ran_as "$folder" 2 && wait_until 10 has_free &&
	test "$(grep -c "given back: its scratch folder" "$LOGS/r1.log")" = 1
'

test_expect_success 'another machine gets the jobs meanwhile' '
	touch full && job e && drop e && wait_until 10 grep "5.1: given back" "$LOGS/r1.log" &&
	runner_start r2 && folder=$(wait_done e) && grep "runner = .*r2" "$folder/job.result" &&
	nothing_failed && room
'

test_expect_success 'every job is in one place' '
	wait_until 10 check_share
'

test_done
