#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# As t0300, but killed before every call that changes or syncs something on the share, and runners
# too.
#
# Fails if in spoold/ or runner/ two calls that belong together are not mended by the next start.
test_description='daemons are killed before every call that changes something on the share; the next start finishes it'
. "$(dirname "$0")/../lib.sh"
CALLS=" write fsync fdatasync syncfs rename link unlink mkdir truncate chmod copy "
MARKS=$TEST_ROOT/marks
RUNNER_OPTS="-o beat=500ms -o poll=200ms"
SPOOLD_OPTS='-o settle=100ms -o scan=300ms -o beat=30m -o lease=2h -o publish=1h'

job() {	# NAME [LINE...]
	make_job "$@" "env = {\"MARKS=$MARKS/$1\"}" <<-"EOF"
		echo "begin $SPOOL_ATTEMPT" >>"$MARKS"
		cksum <input.txt
		echo "end $SPOOL_ATTEMPT" >>"$MARKS"
	EOF
	seq 100 >"$1/input.txt"
}
ended() { [ -n "$(jobs_in "done" "$1")$(jobs_in failed "$1")" ]; }
ended_or_dead() { ended "$1" || ! lib_alive "$2"; }

# is_done NAME ATTEMPTS: once, with its own results, after so many attempts at most, none of them twice.
is_done() {
	local folder
	folder=$(wait_done "$1") && [ "$(cat "$folder/stdout.txt")" = "$(seq 100 | cksum)" ] &&
		[ "$(grep -c begin "$MARKS/$1")" -le "$2" ] && ! sort "$MARKS/$1" | uniq -d | grep . &&
		! jobs_in failed "$1" | grep . && [ "$(jobs_in "done" "$1" | wc -l)" = 1 ]
}

# Who was killed between his first sign of life and the next is followed by a start of two leases
# (t0408). Nobody else can be at work here, so the next one may take the spool for unused.
without_sign() { rm -f "$SHARE/spool/coordinator" && : >"$SHARE/spool/unused"; }

round() {	# N: spoold is killed before its N-th call, and started again
	local end
	job "job$1" && SHIM_NTH_OF=$SHARE/spool/ SHIM_NTH=$1 SHIM_NTH_SIGNAL=9 SHIM_NTH_CALLS=$CALLS \
		SHIM_NTH_COUNT=$PWD/spoold$1.calls spoold_spawn && drop_mv "job$1" &&
		wait_until 30 ended_or_dead "job$1" spoold || return 1
	if lib_alive spoold; then
		lib_stop spoold && NEEDED=$1
	else
		spoold_wait_end && [ "$LIB_STATUS" = 137 ] || return 1
	fi
	without_sign && spoold_start && is_done "job$1" 1 && check_share && spoold_stop
}

test_expect_success 'a share and a runner' '
	mkdir -m 777 "$MARKS" && share_new && spoold_start && runner_start r1 && spoold_stop
'

NEEDED=
test_expect_success 'spoold is killed before every call: each job runs once and ends once' '
	for n in $(seq 150); do
		round "$n" || { echo "killed before call $n" >&2; tail -n 3 "spoold$n.calls"; break; }
		[ -z "$NEEDED" ] || break
	done &&
	test -n "$NEEDED" && test "$NEEDED" -gt 20 && echo "the scenario takes $((NEEDED - 1)) calls" >&2
'

# A runner of its own for each job; both have the name WHATnN.
spawn() { # WHAT N
	local of=claims/$1n$2 calls=$CALLS
	[ "$1" = inbox ] || of=.1-$1n$2 calls="$CALLS open readdir "
	job "$1n$2" "runner = \"$1n$2\"" && SHIM_NTH_OF=$of SHIM_NTH=$2 SHIM_NTH_SIGNAL=9 SHIM_NTH_CALLS=$calls \
		SHIM_NTH_COUNT=$PWD/$1n$2.calls SHIM_NTH_WHILE=$TEST_ROOT/on runner_spawn "$1n$2" && NAMES+=("$1n$2")
}

batch() { # WHAT FROM TO
	local n name
	NAMES=()
	rm -f "$TEST_ROOT/on"
	for ((n = $2; n <= $3; n++)); do spawn "$1" "$n" || return 1; done
	for name in "${NAMES[@]}"; do lib_up "$name" runner_is_up "$name" || return 1; done
	touch "$TEST_ROOT/on"
	drop_mv "${NAMES[@]}" || return 1
	for name in "${NAMES[@]}"; do
		wait_until 30 ended_or_dead "$name" "$name" || return 1
		lib_alive "$name" || { runner_wait_end "$name" && [ "$LIB_STATUS" = 137 ] && KILLED=$((KILLED + 1)) && runner_start "$name"; } || return 1
	done
	for name in "${NAMES[@]}"; do
		is_done "$name" 2 || { echo "$name is wrong"; lib_tell_job "$name"; return 1; }
		runner_stop "$name" || return 1
	done
}

each() { # WHAT
	local n count
	KILLED=0
	batch "$1" 0 0 && count=$(wc -l <"$1n0.calls") && [ "$count" -gt 3 ] || return 1
	for ((n = 1; n <= count; n += 12)); do
		batch "$1" "$n" $((n + 11 < count ? n + 11 : count)) || return 1
	done
	echo "killed $KILLED of $count times" && [ "$KILLED" -ge $((count - 1)) ]
}

test_expect_success 'runners are killed before every call about the folder of the job, also those that read' '
	spoold_start && each folder
'

test_expect_success 'runners are killed before every call about the inbox and its tickets' '
	each inbox && grep -l "its end was told before the former daemon was killed" "$LOGS"/inboxn*.log
'

test_expect_success 'every job is in one place' '
	wait_until 10 check_share
'

test_done
