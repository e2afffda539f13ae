#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='what its owner deletes or takes back is gone: nothing is made anew'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=150ms -o scan=300ms -o scan_folders=1s -o publish=100ms"
. "$SRCDIR/tests/drops.sh"

nowhere() {	# NAME: in no place, with no trouble told
	test ! -e "$INCOMING/$1" && ! job_id "$1" &&
		! find "$SHARE/spool" -name ".tmp-[0-9]*" | grep . &&
		! grep -iE "warning|error" "$LOGS/spoold.log"
}

listed() {
	spoolctl queue --all --json |
		jq -e --arg name "$1" '[.. | objects | select(.name? == $name)] | length > 0'
}
not_listed() { ! listed "$1"; }

test_expect_success 'spoold starts' '
	share_new && spoold_start
'

test_expect_success 'a folder deleted while it is copied' '
	make_job frog <<<true && drop_open frog && drops_pass 1 && still_incoming frog &&
	rm -rf "$INCOMING/frog" && drop_close &&
	drops_pass 2 && nowhere frog
'

test_expect_success 'a file deleted while it is copied' '
	echo "print(1)" >frog.py && drop_open frog.py && drops_pass 1 && still_incoming frog.py &&
	rm "$INCOMING/frog.py" && drop_close &&
	drops_pass 2 && nowhere frog.py
'

test_expect_success 'a folder deleted while it settles' '
	for i in 1 2 3 4 5 6; do make_job quick <<<true && drop quick && sleep 0.0$i &&
	rm -rf "$INCOMING/quick" || return 1; done &&
	drops_pass 2 && test ! -e "$INCOMING/quick" && test -z "$(jobs_in failed quick)" &&
	! grep -iE "warning|error" "$LOGS/spoold.log"
'

reads_large() { spoold_reads "*large.dat*"; }
reads_nothing() { ! reads_large; }

test_expect_success 'a folder deleted while it is examined' '
	make_job large <<<true && truncate -s 60M large/large.dat && drop_mv large &&
	wait_until 10 reads_large &&
	rm -rf "$INCOMING/large" && wait_until 10 reads_nothing && drops_pass 2 && nowhere large
'

test_expect_success 'a folder taken back while it is examined is as it was' '
	make_job back <<<true && truncate -s 60M back/large.dat && listing back >before &&
	drop_mv back && wait_until 10 reads_large &&
	mv "$INCOMING/back" . && wait_until 10 reads_nothing && drops_pass 2 && nowhere back &&
	listing back >after && diff before after
'

test_expect_success 'a folder renamed while it is examined is admitted under its last name, once' '
	make_job first <<<true && truncate -s 60M first/large.dat && drop_mv first &&
	wait_until 10 reads_large &&
	mv "$INCOMING/first" "$INCOMING/second" && folder=$(wait_in queued second) &&
	manifest_fits "$folder" &&
	drops_pass 1 && nowhere first && test $(jobs_in queued second | wc -l) = 1
'

test_expect_success 'a queued folder that its owner deletes: its row is gone' '
	make_job gone <<<true && drop_mv gone && folder=$(wait_in queued gone) &&
	id=$(job_id gone) && wait_until 10 listed gone &&
	rm -rf "$folder" && wait_until 10 not_listed gone && wait_until 10 check_share &&
	events | grep " gone id=$id .*from=queued" &&
	drops_pass 2 && test ! -e "$folder" && test -z "$(jobs_in failed gone)" &&
	test $(events | grep -c " gone id=$id ") = 1
'

test_expect_success 'a queued folder that is deleted while spoold does not run' '
	make_job away <<<true && drop_mv away && folder=$(wait_in queued away) &&
	id=$(job_id away) && spoold_stop && rm -rf "$folder" && spoold_start &&
	wait_until 10 not_listed away && wait_until 10 check_share && test ! -e "$folder" &&
	test $(events | grep -c " gone id=$id ") = 1
'

test_expect_success 'a rejected folder that is deleted' '
	make_job bad "tll = 1" <<<true && drop_mv bad && folder=$(wait_failed bad) &&
	wait_until 10 listed bad && rm -rf "$folder" &&
	wait_until 10 not_listed bad && wait_until 10 check_share
'

test_expect_success 'a deleted number is not used again' '
	last=$(job_id passing$LIB_PASSED) && rm -rf "$QUEUED"/*-passing* &&
	wait_until 10 not_listed passing$LIB_PASSED && spoold_stop &&
	rm -f "$STATE"/spoold/index.db* &&
	spoold_start && drops_pass 1 && test $(job_id passing$LIB_PASSED) -gt $last
'

test_expect_success 'nothing is left in incoming, every job is in one place' '
	wait_incoming_empty && wait_until 10 check_share
'

test_done
