#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='a client is cut off for longer than the lease: its jobs run elsewhere, and never in two places at once'
. /lab/lib.sh
RUNNER_OPTS="--slots 2 -o beat=2s -o freeze=10s"
SPOOLD_OPTS="-o publish=1s -o lease=25s"

test_expect_success "$MEDIUM: six jobs run, two on each client" '
	daemons_start && living_jobs 6 40 && wait_until 60 are_running 6 && running_on_all
'

test_expect_success "$MEDIUM: c1 is cut off: its jobs are taken away, and begin anew on the others" '
	ls /srv/share/spool/claims/c1 >held && cat held && link_cut c1 &&
	wait_until 60 grep -c "revoke" "$LOGS/spoold.log" && wait_until 120 attempts_of_c1_are_over
'

test_expect_success "$MEDIUM: c1 is back: it gives back what it held, and all jobs end, each with one attempt as its result" '
	link_heal c1 && living_jobs_are_whole 6 && wait_until 60 no_claims c1 && wait_until 60 check_share
'

test_expect_success "$MEDIUM: by the clock that all share, no two attempts of a job ran at the same time" '
	never_two_at_once
'

test_done
