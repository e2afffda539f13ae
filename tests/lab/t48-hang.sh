#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='the file server answers nobody for longer than the lease: all jobs are frozen, none is taken away'
. /lab/lib.sh
RUNNER_OPTS="--slots 2 -o beat=2s -o freeze=10s"
SPOOLD_OPTS="-o publish=1s -o lease=25s"
still=35
# Clients of SMB come back up to a minute one after the other; the lease must be longer than that.
if [ "$MEDIUM" = smb ]; then
	SPOOLD_OPTS="-o publish=1s -o lease=90s"
	still=100
fi

test_expect_success "$MEDIUM: six jobs run" '
	daemons_start && living_jobs 6 40 && wait_until 60 are_running 6
'

test_expect_success "$MEDIUM: no client reaches the server for longer than the lease: all jobs are frozen" '
	for host in c1 c2 c3; do link_cut $host || return 1; done && sleep 25 && signs_of_life >before &&
	sleep $still && signs_of_life >after && test_cmp before after && test -s before
'

test_expect_success "$MEDIUM: the server is back: they go on where they were, and each has run once" '
	for host in c1 c2 c3; do link_heal $host || return 1; done && living_jobs_are_whole 6 &&
	test -z "$(find /srv/share/spool/lost -name "*-living")" && grep "no runner beats" "$LOGS/spoold.log" &&
	wait_until 60 check_share
'

test_done
