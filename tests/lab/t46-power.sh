#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='a client loses its power while its jobs run: the others do them, and it can come back'
. /lab/lib.sh
RUNNER_OPTS="--slots 4"

test_expect_success "$MEDIUM: twelve jobs run" '
	daemons_start && counting_jobs 12 10 && wait_until 60 are_running 12 && go && sleep 5
'

test_expect_success "$MEDIUM: c1 is gone: what it held begins anew on the others, and all are done" '
	ls /srv/share/spool/claims/c1 && power_off c1 && lab_forget c1 && jobs_are_whole 12 10 &&
	find /srv/share/spool/lost -name "*-counting" >lost && test "$(wc -l <lost)" -gt 0 && test "$(wc -l <lost)" -le 4
'

test_expect_success "$MEDIUM: c1 is back: its runner gives back the claims that it finds, and nothing of it is left" '
	up "$MEDIUM" c1 && runner_start c1 && wait_until 60 no_claims c1 && wait_until 60 check_share
'

test_done
