#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='a runner is killed: its jobs go on, and the next one of its name takes them over'
. "$(dirname "$0")/../lib.sh"
RUNNER_OPTS="-o beat=300ms -o freeze=3s"

# counting_job NAME: a job that writes a line every tenth of a second until there is a file "enough".
counting_job() {
	make_job "$1" <<-"EOF"
		i=0
		until [ -e enough ]; do i=$((i + 1)); echo "line $i"; sleep 0.1; done
		seq 1000 >result.txt
		echo "attempt $SPOOL_ATTEMPT" >>result.txt
		echo $$ >"$SPOOL_SCRATCH/../pid"
	EOF
}

# The job that was the last to begin its end.
has_ended() {
	pid=$(cat "$STATE/r1/r1.scratch/pid") && ! kill -0 "$pid"
}

has_lines() {	# NAME COUNT
	[ "$(wc -l <"$(jobs_in active "$1")/stdout.txt")" -ge "$2" ]
}

test_expect_success 'a job runs' '
	daemons_start r1 && counting_job one && drop_mv one && wait_in active one &&
	wait_until 10 has_lines one 3
'

test_expect_success 'the runner is killed: the job goes on' '
	runner_kill9 r1 && lines=$(wc -l <"$(jobs_in active one)/stdout.txt") &&
	wait_until 10 has_lines one $((lines + 3))
'

test_expect_success 'a new one takes it over, with the same instance, and does not start it again' '
	runner_start r1 && wait_until 10 grep "1.1: adopted" "$LOGS/r1.log" &&
	test "$(sed -n "s/.*instance //p" "$LOGS/r1.log" | sort -u | wc -l)" = 1 &&
	lines=$(wc -l <"$(jobs_in active one)/stdout.txt") && wait_until 10 has_lines one $((lines + 3))
'

test_expect_success 'its results are told as those of any other' '
	touch "$(jobs_in active one)/enough" && folder=$(wait_done one) &&
	tail -n 1 "$folder/result.txt" | grep "attempt 1" &&
	grep "state = \"DONE\"" "$folder/job.result" && grep "result.txt" "$folder/job.result" &&
	grep "stdout.txt" "$folder/job.result"
'

test_expect_success 'a job that ends while no daemon is there is told by the next one, not run again' '
	counting_job two && drop_mv two && wait_in active two && wait_until 10 has_lines two 2 &&
	folder=$(jobs_in active two) && rm -f "$STATE/r1/r1.scratch/pid" && runner_kill9 r1 && touch "$folder/enough" &&
	wait_until 10 has_ended && runner_start r1 && folder=$(wait_done two) &&
	tail -n 1 "$folder/result.txt" | grep "attempt 1" && grep "has ended" "$LOGS/r1.log"
'

test_expect_success 'without a daemon a job is frozen when the lease is over, and thawed by the next one' '
	counting_job three && drop_mv three && wait_in active three && wait_until 10 has_lines three 2 &&
	runner_kill9 r1 && sleep 4 && folder=$(jobs_in active three) &&
	before=$(wc -l <"$folder/stdout.txt") && sleep 1 && test "$(wc -l <"$folder/stdout.txt")" = "$before" &&
	runner_start r1 && wait_until 10 has_lines three $((before + 3)) && touch "$folder/enough" &&
	folder=$(wait_done three) && seq -f "line %g" "$(wc -l <"$folder/stdout.txt")" >lines && test_cmp lines "$folder/stdout.txt"
'

test_expect_success 'what was taken away meanwhile is killed, not thawed' '
	counting_job four && drop_mv four && wait_in active four && wait_until 10 has_lines four 2 &&
	runner_kill9 r1 && sleep 4 && folder=$(jobs_in active four) && id=$(job_id four) &&
	before=$(wc -l <"$folder/stdout.txt") && : >"$SHARE/spool/claims/r1/$id.1.revoked" &&
	runner_start r1 && folder=$(wait_in lost four) && test "$(wc -l <"$folder/stdout.txt")" = "$before" &&
	wait_in active four && wait_until 10 test ! -e "$SHARE/spool/claims/r1/$id.1.revoked" &&
	wait_until 10 has_lines four 2 && touch "$(jobs_in active four)/enough" && folder=$(wait_done four) &&
	tail -n 1 "$folder/result.txt" | grep "attempt 2"
'

test_expect_success 'two SIGTERM end all at once, also the jobs' '
	counting_job five && drop_mv five && wait_in active five && wait_until 10 has_lines five 2 &&
	kill -TERM "${LIB_PID[r1]}" && kill -TERM "${LIB_PID[r1]}" && runner_wait_end r1 &&
	wait_until 10 lib_no_launchers r1 && runner_start r1 && wait_in lost five && touch "$(wait_in active five)/enough" && wait_done five
'

test_expect_success '"--drain-and-exit" finds one that has taken over; nodes tell what freezes jobs' '
	wait_until 10 runner_is_up r1 && counting_job six && drop_mv six && wait_in active six && wait_until 10 has_lines six 2 &&
	runner_kill9 r1 && runner_start r1 && spoolctl nodes -o RUNNER,FREEZER | grep "r1 *\(signals\|cgroup\)" &&
	touch "$(jobs_in active six)/enough" &&
	timeout 60 spool-runner --share "$SHARE" --name r1 --drain-and-exit >out && cat out && grep "process ${LIB_PID[r1]})" out &&
	runner_wait_end r1 && wait_done six && test -z "$(lib_launchers)"
'

test_done
