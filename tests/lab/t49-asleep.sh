#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='a client stands still, as a suspended one does, and goes on after its jobs were taken away'
. /lab/lib.sh
RUNNER_OPTS="--slots 2 -o beat=2s -o freeze=10s"
SPOOLD_OPTS="-o publish=1s -o lease=25s"

# All processes of a client but its first one: those that hold the mount of the share.
processes_of() {	# HOST
	pgrep --ns "$(client_pid "$1")" --nslist pid | grep -vx "$(client_pid "$1")"
}

# nsenter stops with its child, and has to be woken, too.
wake() {	# HOST
	# shellcheck disable=SC2046	# words
	kill -CONT $(processes_of "$1") "${LAB_OUTER[$1]}"
}

test_expect_success "$MEDIUM: six jobs run, two on each client" '
	daemons_start && living_jobs 6 40 && wait_until 60 are_running 6 && running_on_all
'

test_expect_success "$MEDIUM: c1 falls asleep: its jobs are taken away" '
	kill -STOP $(processes_of c1) && wait_until 60 grep revoke "$LOGS/spoold.log" &&
	wait_until 120 attempts_of_c1_are_over
'

test_expect_success "$MEDIUM: c1 wakes up: it freezes first, then gives back, and all jobs end with one attempt as their result" '
	wake c1 && living_jobs_are_whole 6 && wait_until 60 no_claims c1 && wait_until 60 check_share
'

test_expect_success "$MEDIUM: it slept while others worked: no two attempts of a job ran at the same time" '
	never_two_at_once
'

test_done
