#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One scenario (a folder that succeeds, one that fails, a single file, a rejected folder, a cancelled job), and spoold is
# killed right after its N-th rename, for every N until it needs no more. The next start must finish each: start-up is the scan.
test_description='spoold is killed after every rename it makes; the next start finishes what was begun'
. "$(dirname "$0")/../lib.sh"

# Beats and snapshots would add renames at times of their own.
SPOOLD_OPTS='-o settle=100ms -o scan=500ms -o beat=30m -o lease=2h -o publish=1h'
EFFECTS=$TEST_ROOT/effects

# The jobs of round $1, with names of their own. "held" asks for a runner that is not there: it waits until it is cancelled.
make_round() {
	mkdir "round$1" && (
		cd "round$1" &&
		make_job "good$1" <<-\END &&
		echo "$SPOOL_JOB_NAME" >>"$EFFECTS_FILE"
		echo fine
		END
		echo "env = {\"EFFECTS_FILE=$EFFECTS\"}" >>"good$1/job.conf" &&
		make_job "fails$1" "env = {\"EFFECTS_FILE=$EFFECTS\"}" <<-\END &&
		echo "$SPOOL_JOB_NAME" >>"$EFFECTS_FILE"
		exit 3
		END
		make_job "held$1" 'executable = "/bin/true"' 'runner = "nobody-here"' </dev/null &&
		make_job "wrong$1" 'tll = 3' </dev/null &&
		printf 'echo single >>%s; echo %s >>%s\n' "$EFFECTS.sh" "single$1" "$EFFECTS" >"single$1.sh"
	)
}

drop_round() {
	mv "round$1"/* "$SHARE/spool/incoming/" &&
	rmdir "round$1"
}

# What a user would do: cancel the waiting one by a file, again after the restart if need be.
cancel_held() {
	local id
	id=$(job_id "held$1") && [ -n "$id" ] && [ -z "$(jobs_in failed "held$1")" ] &&
		: >"$SHARE/spool/requests/cancel-$id"
}

all_ended() {
	cancel_held "$1"
	[ -n "$(jobs_in "done" "good$1")" ] && [ -n "$(jobs_in failed "fails$1")" ] && [ -n "$(jobs_in "done" "single$1.sh")" ] &&
	[ -n "$(jobs_in failed "wrong$1")" ] && [ -n "$(jobs_in failed "held$1")" ]
}

dead_or_ended() {
	all_ended "$1" || ! lib_alive spoold
}

once_each() {
	local name
	for name in "good$1" "fails$1" "single$1"; do
		[ "$(grep -cx "$name" "$EFFECTS")" = 1 ] || { echo "$name ran $(grep -cx "$name" "$EFFECTS") times" >&2; return 1; }
	done
	[ "$(cat "$(jobs_in "done" "good$1")/stdout.txt")" = fine ] &&
	grep -q '^Line: 1' "$(jobs_in failed "wrong$1")/REJECTED.txt" &&
	grep -q 'exit_code = "3"' "$(jobs_in failed "fails$1")/job.result" &&
	grep -q CANCELLED "$(jobs_in failed "held$1")/job.result"
}

round() {	# N: killed after the N-th rename, finished by the next start
	make_round "$1" && SHIM_KILL_AFTER=$1 spoold_spawn && drop_round "$1" &&
	wait_until 30 dead_or_ended "$1" || return 1
	if lib_alive spoold; then
		lib_stop spoold && NEEDED=$1
	else
		spoold_wait_end && [ "$LIB_STATUS" = 137 ] || return 1
	fi
	spoold_start && wait_until 30 all_ended "$1" && once_each "$1" && check_share && spoold_stop
}

test_expect_success 'a share and a runner' '
	share_new && : >"$EFFECTS" && spoold_start && runner_start r1 && spoold_stop
'

NEEDED=
test_expect_success 'killed after every rename: each job ends once, in its place, the index equal' '
	for n in $(seq 2 200); do	# the first is that of its sign, after which a start takes two leases (t0408)
		round "$n" || { echo "killed after rename $n" >&2; break; }
		[ -z "$NEEDED" ] || break
	done &&
	test -n "$NEEDED" && test "$NEEDED" -gt 20 &&
	echo "the scenario takes $((NEEDED - 1)) renames" >&2
'

test_expect_success 'nothing of ours is left behind' '
	spoold_start &&
	wait_until 10 sh -c "! ls -A \"\$0\"/spool/claims/r1 | grep -v README" "$SHARE" &&
	! find "$SHARE/spool/queued" "$SHARE/spool/active" "$SHARE/spool/done" "$SHARE/spool/failed" -name ".tmp-*" | grep . &&
	! find "$SHARE/spool/queued" "$SHARE/spool/active" -mindepth 1 -maxdepth 1 ! -name README | grep .
'

test_done
