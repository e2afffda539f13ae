#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The shim says that the share is on NFS and that nobody knows who writes, as on NFS 3.
#
# Fails if in spoold/drops.c a drop is complete after settle although nobody can tell of writers, or
# if the looks at a large one are made in the loop, there or in admit.c, enqueue.c or prepare.c.
test_description='on a network mount without leases a drop has to stand still for settle_polled, or hold .ready'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o settle_polled=4s -o scan_polled=200ms -o incoming_patience=30s"
. "$SRCDIR/tests/drops.sh"

test_expect_success 'spoold works by scanning' '
	share_new && SHIM_NFS=$SHARE spoold_start && grep "is a NFS mount" "$LOGS/spoold.log"
'

# Two more drops, complete by .ready, come and go: some settle times.
pass=0
some_pass() {
	local name
	for name in a b; do
		name=passed-$name$((++pass)) && make_job "$name" <<<true && touch "$name/.ready" &&
			drop "$name" && wait_in queued "$name" || return 1
	done
}

test_expect_success 'drops with .ready do not wait' '
	begun=$(date +%s%3N) && some_pass && test $(($(date +%s%3N) - begun)) -lt 3500
'

test_expect_success 'a folder that pauses for longer than settle is taken when it is whole' '
	make_job slow <<<true && drop slow && some_pass && still_incoming slow &&
	echo 1 >"$INCOMING/slow/data.csv" && some_pass && still_incoming slow &&
	echo 2 >>"$INCOMING/slow/data.csv" && some_pass && still_incoming slow &&
	folder=$(wait_in queued slow) && test "$(cat "$folder/data.csv")" = "1
2" && manifest_fits "$folder"
'

test_expect_success 'so is a single file' '
	echo "print(1)" >"$INCOMING/slow.py" && some_pass && still_incoming slow.py &&
	echo "print(2)" >>"$INCOMING/slow.py" && some_pass && still_incoming slow.py &&
	folder=$(wait_in queued slow.py) && test $(grep -c print "$folder/slow.py") = 2
'

test_expect_success '.ready ends the waiting' '
	spoold_stop && SHIM_NFS=$SHARE spoold_start -o settle_polled=1h &&
	make_job told <<<true && drop told && some_pass && still_incoming told &&
	touch "$INCOMING/told/.ready" && wait_in queued told
'

counter() { sed -n 's/.*counter = "\(.*\)"/\1/p' "$SHARE/spool/coordinator"; }

# watch_sign: until the file unwatched is there, notes each time that spoold stood still for 3 s.
watch_sign() {
	local - last="" now since=${EPOCHREALTIME/[.,]/} sign
	set +x
	while [ ! -e unwatched ]; do
		sign=$(counter) now=${EPOCHREALTIME/[.,]/}
		if [ "$sign" != "$last" ]; then
			last=$sign since=$now
		elif [ $((now - since)) -gt 3000000 ]; then
			echo "no sign for 3 s" >>stood-still && since=$now
		fi
		sleep 0.1
	done
}
test_expect_success 'while a large folder is looked at, which takes seconds, spoold goes on' '
	spoold_stop && make_job large <<<true &&
	(cd large && seq 3000 | xargs touch && touch rest.part) &&
	SHIM_NFS=$SHARE SHIM_RTT=1500 spoold_start -o beat=200ms && { watch_sign & WATCHER=$!; } &&
	drop_mv large &&
	some_pass && still_incoming large && some_pass
'

test_expect_success 'and while it is admitted, and offered' '
	mv "$INCOMING/large/rest.part" "$INCOMING/large/rest" && touch "$INCOMING/large/.ready" &&
	TIME_LIMIT=90 && wait_in queued large && runner_start r1 && wait_done large && touch unwatched &&
	wait $WATCHER && ! test -e stood-still
'

test_expect_success 'a runner is given the jobs, and they end' '
	wait_done slow && wait_done told
'

test_expect_success 'every job is in one place' '
	check_share
'

test_done
