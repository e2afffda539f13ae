#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# As t0300, for a job whose runner falls silent as soon as it has claimed it: it is revoked, begins
# anew and ends at the other one. The silent one goes on writing into the folder that it had.
test_description='spoold is killed after every rename it makes while a job is revoked; the next start finishes it'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=200ms -o lease=2s -o beat=500ms -o publish=1h"
. "$SRCDIR/tests/leases.sh"

# What the runners do in their turn; and spoold is started again when it is dead.
SILENT=
play() {	# JOB: true when it has ended and nothing is left of its tickets
	local folder
	lib_alive spoold || { spoold_wait_end; DEATHS+=$LIB_STATUS; spoold_start || return 1; }
	if fake_offer "$1" && fake_claim "$1"; then
		folder=$(jobs_in active "$1") && echo "${folder##*/}" >>"$folder/who"
		if [ -z "$SILENT" ]; then
			SILENT=$FAKE_CLAIM FOLDER=${folder##*/} && fake_hush "$(fake_of "$SILENT")"
		else
			fake_finish "$FAKE_CLAIM"
		fi
	fi
	[ -z "$SILENT" ] || echo late 2>/dev/null >>"$SHARE/spool/lost/$FOLDER/input.txt"
	[ -n "$(jobs_in "done" "$1")" ] || return 1
	if [ -e "$SILENT" ]; then
		fake_wake "$(fake_of "$SILENT")" && fake_give_back "$SILENT"
	fi
	is_gone "$SHARE/spool/claims/*/[0-9]*"
}

is_gone() { ! compgen -G "$1"; }
only_second() {	# JOB
	local folder
	folder=$(jobs_in "done" "$1") && [ "$(cat "$folder/who")" = "$(basename "$folder" | sed 's/-/.2-/')" ] &&
		[ "$(cat "$folder/input.txt")" = input ] && [ "$(jobs_in lost "$1" | wc -l)" = 1 ]
}

round() {	# N
	SILENT='' DEATHS='' && make_job "job$1" <<<true && echo input >"job$1/input.txt" &&
		SHIM_KILL_AFTER=$1 spoold_spawn && drop_mv "job$1" && wait_until 30 play "job$1" || return 1
	case $DEATHS in
	'') NEEDED=$1 ;;
	137) ;;
	*) return 1 ;;
	esac
	only_second "job$1" && wait_until 10 check_share && spoold_stop
}

test_expect_success 'a share and two runners' '
	share_new && spoold_start && fake_new r1 && fake_new r2 && spoold_stop
'

NEEDED=
test_expect_success 'killed after every rename: the job ends once, from its second attempt' '
	for n in $(seq 30); do
		round "$n" || { echo "killed after rename $n" >&2; break; }
		[ -z "$NEEDED" ] || break
	done &&
	test -n "$NEEDED" && test "$NEEDED" -gt 8 && echo "the scenario takes $((NEEDED - 1)) renames" >&2
'

test_expect_success 'nothing of ours is left behind' '
	spoold_start && wait_until 10 is_gone "$SHARE/spool/queued/.tmp-*"
'

fake_hush_all
test_done
