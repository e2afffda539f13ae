#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A file .ready says that all is there; "inputs" in job.conf says what has to be there.
#
# Fails if in spoold/drops.c a drop is complete a settle time after it was first seen: .ready (that
# would
# take an hour), and inputs that come later than the settle time.
test_description='.ready: at once; inputs in job.conf: not before they are there'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=1h -o scan=300ms"
. "$SRCDIR/tests/drops.sh"

test_expect_success 'spoold starts, with a settle time of an hour' '
	share_new && spoold_start
'

test_expect_success 'a folder that is copied with .ready in it' '
	make_job frog <<<true && echo 1 >frog/data && touch frog/.ready && drop frog &&
	folder=$(wait_in queued frog) && whole "$folder" frog
'

test_expect_success 'a folder that gets .ready last, long after it came' '
	make_job toad <<<true && mkdir toad/in && make_data toad/in/data 3000 &&
	hold data cp -r toad "$INCOMING/" && still_incoming toad && release &&
	still_incoming toad && touch "$INCOMING/toad/.ready" &&
	folder=$(wait_in queued toad) && whole "$folder" toad
'

test_expect_success '.ready holds although a name looks like a copy in progress' '
	make_job newt <<<true && echo 1 >newt/machine.part && drop newt &&
	touch "$INCOMING/newt/.ready" &&
	folder=$(wait_in queued newt) && whole "$folder" newt
'

test_expect_success '.ready may be anything; it is never opened' '
	make_job pipe <<<true && mkfifo pipe/.ready && make_job link <<<true &&
	ln -s /nowhere link/.ready &&
	make_job dir <<<true && mkdir dir/.ready &&
	drop pipe link dir && wait_in queued pipe && wait_in queued link && wait_in queued dir
'

test_expect_success '.ready deeper in the folder is a file like any other' '
	make_job deep <<<true && mkdir deep/in && touch deep/in/.ready && drop deep &&
	make_job mark <<<true && drop_mv mark && wait_in queued mark && still_incoming deep &&
	touch "$INCOMING/deep/.ready" &&
	folder=$(wait_in queued deep) && test -f "$folder/in/.ready"
'

test_expect_success 'a folder with nothing but .ready is rejected at once' '
	mkdir empty && touch empty/.ready && drop empty && folder=$(wait_failed empty) &&
	rejected "$folder" "the folder" - "an empty folder" "a job.conf" "put the files"
'

test_expect_success 'spoold with a short settle time' '
	spoold_stop && SPOOLD_OPTS="-o settle=150ms -o scan=300ms -o incoming_patience=1s" &&
	spoold_start
'

test_expect_success 'inputs that are missing are waited for, however long' '
	make_job moth "inputs = {\"a.dat\", \"in/b.dat\"}" <<<true && drop moth &&
	drops_pass 3 && still_incoming moth &&
	echo 1 >"$INCOMING/moth/a.dat" && drops_pass 3 && still_incoming moth &&
	mkdir "$INCOMING/moth/in" && echo 2 >"$INCOMING/moth/in/b.dat" &&
	folder=$(wait_in queued moth) && test -f "$folder/a.dat" && test -f "$folder/in/b.dat" &&
	manifest_fits "$folder"
'

test_expect_success 'also with .ready, and if it came by one rename' '
	make_job bee "inputs = {a.dat}" <<<true && touch bee/.ready &&
	make_job wasp "inputs = {a.dat}" <<<true &&
	drop bee && drop_mv wasp && drops_pass 3 && still_incoming bee wasp &&
	make_data wasp.dat 2000 && hold a.dat cp wasp.dat "$INCOMING/wasp/a.dat" &&
	echo 1 >"$INCOMING/bee/a.dat" &&
	wait_in queued bee && drops_pass && still_incoming wasp && release &&
	folder=$(wait_in queued wasp) && cmp wasp.dat "$folder/a.dat" && manifest_fits "$folder"
'

cpu_ticks() { awk '{ print $14 + $15 }' "/proc/${LIB_PID[spoold]}/stat"; }

# While a folder waits, nothing is done for it: no number is used up, and spoold rests.
test_expect_success 'a folder that waits for inputs is told once and costs nothing' '
	make_job ant "inputs = {a.dat}" <<<true && touch ant/.ready &&
	make_job fly "inputs = {a.dat}" <<<true && drop ant fly &&
	wait_until 10 grep "\"ant\" has been .*a.dat.*not there yet" "$LOGS/spoold.log" &&
	before=$(cpu_ticks) && drops_pass 1 && first=$(job_id passing$LIB_PASSED) &&
	drops_pass 5 && last=$(job_id passing$LIB_PASSED) && after=$(cpu_ticks) &&
	test $last = $((first + 5)) && test $((after - before)) -lt 50 &&
	test $(grep -c "\"ant\" has been" "$LOGS/spoold.log") = 1 && still_incoming ant fly
'

test_expect_success 'they are admitted when the input comes, also after a new start' '
	spoold_stop && spoold_start && drops_pass 1 && still_incoming ant fly &&
	echo 1 >"$INCOMING/ant/a.dat" && echo 1 >"$INCOMING/fly/a.dat" && wait_in queued ant &&
	wait_in queued fly
'

test_expect_success 'a single job.conf can wait for nothing: rejected' '
	mkdir single &&
	printf "%s\n" "executable = \"run.sh\"" "inputs = {a.dat}" >single/job.conf &&
	drop single/job.conf && folder=$(wait_failed job.conf) &&
	rejected "$folder" job.conf 2 "\"a.dat\" in \"inputs\"" "all files" \
		"copy it into the folder"
'

passed=0
some_pass() {
	local name=whole$((++passed))
	make_job "$name" <<<true && drop_mv "$name" && wait_in queued "$name"
}

test_expect_success 'ready_needed: nothing is complete because it stands still' '
	spoold_stop && spoold_start -o ready_needed=yes && make_job slow <<<true &&
	echo "print(1)" >slow.py && drop slow slow.py && some_pass && some_pass && some_pass &&
	still_incoming slow slow.py && touch "$INCOMING/slow/.ready" && wait_in queued slow &&
	mv "$INCOMING/slow.py" . && some_pass && drop_mv slow.py && wait_in queued slow.py
'

test_expect_success 'nothing is left in incoming, every job is in one place' '
	wait_incoming_empty && check_share
'

test_done
