#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a job has written is lost on its way to the server, as fsync says.
#
# The first body fails if a runner counts attempts instead of spoiled runs; the second one if
# spoold/requeue.c does not count them, or does not hand on the number.
test_description='only spoiled runs count: a job fails by the fifth, whatever came before'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=200ms -o publish=300ms"
RUNNER_OPTS="-o beat=300ms"

start() { SHIM_LOST=stdout.txt SHIM_LOST_WHILE=$PWD/lost runner_start r1; }
# A runner that is sick takes no job for ten seconds; a fresh one does not know that it is.
restart() { runner_stop r1 && start; }

job() { # NAME LAST: it waits for its end in the runs before LAST, and notes each outside
	make_job "$1" <<-EOF
		echo hello
		echo run >>../../../$1.runs
		[ "\$(wc -l <../../../$1.runs)" -ge $2 ] || sleep 100
	EOF
}
has_lines() { [ "$(grep -c "$2" "$1")" -eq "$3" ]; }
runs() { wait_until 20 has_lines "$SHARE/$1.runs" run "$2"; }
spoiled() { wait_until 20 has_lines "$LOGS/r1.log" "$1[.].*: given back: its results could not be kept" "$2"; }

test_expect_success 'four orderly restarts, then results that are lost: given back, and done' '
	share_new && spoold_start && start && job often 5 && drop often &&
	for n in 1 2 3 4; do
		runs often $n && { [ $n -lt 4 ] || touch lost; } && restart || return 1
	done && spoiled 1 1 && rm lost && restart && folder=$(wait_done often) && runs often 6 &&
	grep "spoiled = .1" "$folder/job.result" && grep "^spoiled 1" "$folder/.spool-manifest"
'

test_expect_success 'the fifth spoiled run fails, with the reason; restarts of spoold change nothing' '
	touch lost && job never 1 && drop never &&
	for n in 1 2 3 4; do
		spoiled 2 $n && restart && spoold_kill9 && spoold_start || return 1
	done && folder=$(wait_failed never) && grep "spoiled = .4" "$folder/job.result" &&
	grep "reason = .*its results could not be kept: Input/output error" "$folder/job.result" &&
	runs never 5
'

test_expect_success 'every job is in one place' '
	rm lost && wait_until 10 check_share
'

test_done
