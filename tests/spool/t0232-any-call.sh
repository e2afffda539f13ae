#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Any one call of a runner on the share may fail: EIO of a soft mount, ESTALE of a server that was
# restored. One job for each call that its run takes, on a runner of its own, at which just this
# call fails; many at a time, because a runner that met trouble rests a while.
#
# Fails if in runner/ an error of the share is taken for the end of a job, or for nothing.
test_description='one call of a runner on the share fails, for every call: each job ends, and is never done wrongly'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=200ms -o publish=1s"
RUNNER_OPTS="-o beat=500ms -o poll=200ms"
ON=$TEST_ROOT/on MARKS=$TEST_ROOT/marks
EIO=5 ESTALE=116
TIME_LIMIT=60

# job NAME RUNNER: it notes when it begins and ends, outside of the share.
job() {
	make_job "$1" "runner = \"$2\"" "env = {\"MARKS=$MARKS/$1\"}" <<-"EOF"
		echo "begin $SPOOL_ATTEMPT" >>"$MARKS"
		sum=$(cksum <input.txt)
		sleep 0.2
		seq 200 >result.txt
		echo "$SPOOL_ATTEMPT $sum"
		echo "end $SPOOL_ATTEMPT" >>"$MARKS"
	EOF
	seq 100 >"$1/input.txt"
}

# one WHAT ERRNO N: a runner whose N-th such call fails, and its job; both are named so.
one() {
	local name=$1$2n$3 of
	case $1 in
	folder) of=.1-$name ;;
	inbox) of=claims/$name ;;
	esac
	job "$name" "$name" && SHIM_NTH_OF=$of SHIM_NTH=$3 SHIM_NTH_WITH=$2 SHIM_NTH_WHILE=$ON \
		SHIM_NTH_COUNT=$PWD/$name.calls runner_spawn "$name" && NAMES+=("$name")
}

ended() { [ -n "$(jobs_in "done" "$1")$(jobs_in failed "$1")" ]; }

# What is told of it is what happened.
is_right() {
	local name=$1 folder attempt
	folder=$(jobs_in "done" "$name")
	if [ -z "$folder" ]; then
		folder=$(jobs_in failed "$name") && grep -E "reason = \".+\"" "$folder/job.result"
		return
	fi
	attempt=$(sed -n 's/^ *attempt = "*\([0-9]*\)"*$/\1/p' "$folder/job.result") &&
		[ "$(cat "$folder/stdout.txt")" = "$attempt $(cksum <"$folder/input.txt")" ] &&
		seq 200 | cmp - "$folder/result.txt" && grep -x "end $attempt" "$MARKS/$name" &&
		[ "$(grep -c "state = \"DONE\"" "$folder/job.result")" = 1 ]
}

# No attempt begins twice, or before the one before it has ended or was told to be spoiled.
ran_in_turn() { ! grep begin "$MARKS/$1" | sort | uniq -d | grep .; }

# batch WHAT ERRNO FROM TO
batch() {
	local n name
	NAMES=()
	rm -f "$ON"
	for ((n = $3; n <= $4; n++)); do one "$1" "$2" "$n" || return 1; done
	for name in "${NAMES[@]}"; do lib_up "$name" runner_is_up "$name" || return 1; done
	touch "$ON"
	drop_mv "${NAMES[@]}" || return 1
	for name in "${NAMES[@]}"; do
		wait_until "$TIME_LIMIT" ended "$name" || { echo "$name has not ended"; return 1; }
		is_right "$name" && ran_in_turn "$name" || { echo "$name is wrong"; lib_tell_job "$name"; return 1; }
	done
	for name in "${NAMES[@]}"; do
		lib_alive "$name" || { echo "$name has died"; return 1; }
		[ "$(wc -l <"$name.calls")" -lt "${name##*n}" ] || MET=$((MET + 1))
		runner_stop "$name" || return 1
	done
}

# each WHAT ERRNO: for every call that an undisturbed run takes.
each() {
	local n
	MET=0
	for ((n = 1; n <= CALLS[$1]; n += 16)); do
		batch "$1" "$2" "$n" $((n + 15 < CALLS[$1] ? n + 15 : CALLS[$1])) || return 1
	done
	echo "$MET of ${CALLS[$1]} runs met their failure" && [ "$MET" -gt $((CALLS[$1] * 3 / 4)) ]
}

declare -A CALLS=()
test_expect_success 'undisturbed runs tell how many calls there are' '
	mkdir -m 777 "$MARKS" && share_new && spoold_start && batch folder 0 0 0 && batch inbox 0 0 0 &&
	CALLS[folder]=$(wc -l <folder0n0.calls) CALLS[inbox]=$(wc -l <inbox0n0.calls) &&
	echo "folder: ${CALLS[folder]}, inbox: ${CALLS[inbox]}" >&2 &&
	test ${CALLS[folder]} -gt 20 && test ${CALLS[inbox]} -gt 20
'

test_expect_success 'EIO at each call about the folder of the job' '
	each folder $EIO
'

test_expect_success 'ESTALE at each call about the folder of the job' '
	each folder $ESTALE
'

test_expect_success 'EIO at each call about the inbox and its tickets' '
	each inbox $EIO
'

test_expect_success 'ESTALE at each call about the inbox and its tickets' '
	each inbox $ESTALE
'

test_expect_success 'every job is in one place' '
	wait_until 20 check_share
'

test_done
