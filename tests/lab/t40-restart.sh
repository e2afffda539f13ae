#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='the file server restarts in the middle of 50 running jobs'
. /lab/lib.sh
RUNNER_OPTS="--slots 17"

test_expect_success "$MEDIUM: 50 jobs run at once" '
	daemons_start && counting_jobs 50 10 && wait_until 120 are_running 50
'

test_expect_success "$MEDIUM: the server restarts while they run, and again while they end" '
	go && sleep 5 && restart && sleep 12 && restart
'

test_expect_success "$MEDIUM: each is done, once, with all of its lines" '
	counted_jobs_are_whole 50 10
'

test_expect_success "$MEDIUM: and the spool works as before" '
	people_job after <<-"EOF" &&
		echo after
	EOF
	as alice c3 sh -c "umask 002; spoolctl submit --wait /home/alice/after" && check_share
'

test_done
