#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='the link of a client is cut for 20 s while its jobs run, begin and end'
. /lab/lib.sh
RUNNER_OPTS="--slots 4"

test_expect_success "$MEDIUM: twelve jobs run, others wait" '
	daemons_start && counting_jobs 30 5 && wait_until 60 running_on_all && go
'

test_expect_success "$MEDIUM: c1 is cut for 20 s; the others go on meanwhile" '
	link_cut c1 && before=$(ls /srv/share/spool/done | wc -l) && sleep 20 && after=$(ls /srv/share/spool/done | wc -l) &&
	link_heal c1 && echo "$before jobs were done before, $after after it" && test "$after" -gt "$before"
'

test_expect_success "$MEDIUM: each job is done, once, with all of its lines" '
	counted_jobs_are_whole 30 5
'

test_expect_success "$MEDIUM: c1 works again" '
	people_job again "runner = \"c1\"" <<-"EOF" &&
		hostname
	EOF
	as alice c3 sh -c "umask 002; spoolctl submit --wait /home/alice/again" && check_share
'

test_done
