#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Somebody sets the clock, of the server or of a machine with a runner, while all work.
#
# Fails if leases, freezing, settling or time limits go by the time of day.
test_description='the clock on the wall jumps by a day: nobody is taken for lost, nothing is frozen, ended or overdue'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=300ms -o scan=200ms -o publish=300ms -o lease=3s -o beat=300ms"
RUNNER_OPTS="-o beat=300ms -o freeze=1s"
DAY=86400
WALL=$TEST_ROOT/wall
END=$TEST_ROOT/end

# set_clock WHOSE SECONDS: adds them to the time of day of spoold or r1 from now on.
set_clock() { echo "$2" >"$WALL.$1.new" && mv "$WALL.$1.new" "$WALL.$1"; }
line_job() {
	make_job "$1" "ttl = 2h" "env = {\"END=$END.$1\"}" <<-"EOF"
		i=0
		until [ -e "$END" ]; do i=$((i + 1)); echo "line $i"; sleep 0.1; done
	EOF
}
lines() { wc -l <"$(jobs_in active "$1")/stdout.txt"; }
has_lines() { [ "$(lines "$1")" -ge "$2" ]; }
said() { grep -E "$@" "$LOGS/spoold.log" "$LOGS/r1.log" "$LOGS/r2.log"; }
counter() { sed -n 's/.*counter = "\(.*\)".*/\1/p' "$SHARE/spool/coordinator"; }
has_beaten() { [ "$(counter)" -ge "$1" ]; }
leases_pass() { wait_until 20 has_beaten $(($(counter) + 20)); }	# two, by its own beat

# undisturbed: the job goes on for two leases without a pause; another one comes, runs and ends.
TIMES=0
undisturbed() {
	local before name=passing$((++TIMES))
	before=$(lines long) && leases_pass && has_lines long $((before + 30)) &&
		make_job "$name" <<<"echo fine" && drop "$name" && folder=$(wait_done "$name") &&
		test "$(cat "$folder/stdout.txt")" = fine && not_lost
}
not_lost() {
	! said "absent|revoke|frozen|freezes|overdue|TIMEOUT|future" && [ -z "$(find "$SHARE/spool/lost" -mindepth 1 -type d)" ]
}

test_expect_success 'a job runs' '
	echo 0 >"$WALL.spoold" && echo 0 >"$WALL.r1" && share_new && SHIM_WALL=$WALL.spoold spoold_start &&
	SHIM_WALL=$WALL.r1 runner_start r1 && line_job long && drop_mv long && wait_in active long &&
	wait_until 10 has_lines long 3 && runner_start r2
'

for whose in spoold r1; do
	for jump in $DAY -$DAY; do
		test_expect_success "the clock of $whose jumps by $jump s" '
			set_clock $whose $jump && undisturbed && set_clock $whose 0 && undisturbed
		'
	done
done

test_expect_success 'a folder that is being copied is waited for all the same' '
	mkdir "$SHARE/spool/incoming/slow" && exec 8>"$SHARE/spool/incoming/slow/run.sh" &&
	echo "echo one" >&8 && set_clock spoold $DAY && leases_pass && test -d "$SHARE/spool/incoming/slow" &&
	echo "echo two" >&8 && exec 8>&- && echo "executable = \"/bin/sh\"" >"$SHARE/spool/incoming/slow/job.conf" &&
	echo "arguments = {\"run.sh\"}" >>"$SHARE/spool/incoming/slow/job.conf" && folder=$(wait_done slow) &&
	test "$(cat "$folder/stdout.txt")" = "$(printf "one\ntwo")" && set_clock spoold 0
'

test_expect_success 'a time limit is as long as it says' '
	make_job limit "ttl = 2s" "runner = \"r1\"" <<<"sleep 100" && drop_mv limit && wait_in active limit &&
	set_clock r1 -$DAY && folder=$(wait_failed limit) && grep "state = \"TIMEOUT\"" "$folder/job.result" &&
	set_clock r1 0
'

test_expect_success 'the job ends, in its first attempt, with no day in its figures' '
	touch "$END.long" && folder=$(wait_done long) && grep "attempt = \"1\"" "$folder/job.result" &&
	seconds=$(sed -n "s/.*wall_seconds = \"\([0-9]*\).*/\1/p" "$folder/job.result") &&
	test "$seconds" -ge 10 && test "$seconds" -lt 600 &&
	seq -f "line %g" "$(wc -l <"$folder/stdout.txt")" >expected && test_cmp expected "$folder/stdout.txt"
'

test_expect_success 'both clocks a day behind at a new start: signs of life of tomorrow keep nobody out' '
	spoold_stop && runner_stop r1 && set_clock spoold -$DAY && set_clock r1 -$DAY &&
	SHIM_WALL=$WALL.spoold spoold_start && SHIM_WALL=$WALL.r1 runner_spawn r1 &&
	make_job later "runner = \"r1\"" <<<"echo fine" && drop later && wait_done later
'

test_expect_success 'every job is in one place' '
	wait_until 10 check_share
'

test_done
