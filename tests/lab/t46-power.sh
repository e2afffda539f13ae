#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='a client loses its power while its jobs run, and comes back'
. /lab/lib.sh
RUNNER_OPTS="--slots 4"

test_expect_success "$MEDIUM: twelve jobs run" '
	daemons_start && counting_jobs 12 10 && wait_until 60 are_running 12 && go && sleep 5
'

# All others are done, and those of c1 are still in active/.
only_its_jobs_are_left() {
	test "$(running)" -le 4 && test "$(running)" -gt 0
}

test_expect_success "$MEDIUM: c1 is gone, and its jobs wait for it" '
	power_off c1 && lab_forget c1 && wait_until 120 only_its_jobs_are_left
'

test_expect_success "$MEDIUM: c1 is back: its runner gives back what it held, and all are done" '
	up "$MEDIUM" c1 && runner_start c1 && jobs_are_whole 12 10 && check_share
'

test_done
