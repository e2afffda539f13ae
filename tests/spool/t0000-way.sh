#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='the way of a job: a folder copied into incoming comes back with its results'
. "$(dirname "$0")/../lib.sh"

test_expect_success 'a share, spoold and two runners' '
	daemons_start r1 r2
'

test_expect_success 'a folder is copied into incoming, its results are read beside its inputs' '
	make_job hello "ttl = 1m" <<-\EOF &&
	echo "hello from job $SPOOL_JOB_ID"
	cat input.txt | tr a-z A-Z >output.txt
	EOF
	echo "some data" >hello/input.txt &&
	drop hello &&
	folder=$(wait_done hello) &&
	test "$(cat "$folder/stdout.txt")" = "hello from job $(job_id hello)" &&
	test "$(cat "$folder/output.txt")" = "SOME DATA" &&
	test "$(cat "$folder/input.txt")" = "some data" &&
	grep "state = \"DONE\"" "$folder/job.result"
'

test_expect_success 'a job that fails says how' '
	make_job sad <<-\EOF &&
	echo "this went wrong" >&2
	exit 7
	EOF
	drop sad &&
	folder=$(wait_failed sad) &&
	grep "this went wrong" "$folder/stderr.txt" &&
	grep "exit_code = \"7\"" "$folder/job.result"
'

test_expect_success 'a mistake is explained, nothing is lost' '
	make_job typo "tll = 1m" </dev/null &&
	drop typo &&
	folder=$(wait_failed typo) &&
	grep "did you mean \"ttl\"" "$folder/REJECTED.txt" &&
	test "$(cat "$folder/job.conf")" = "tll = 1m"
'

test_expect_success 'spoolctl submit, wait, show' '
	make_job tool <<-\EOF &&
	exit 4
	EOF
	id=$(spoolctl submit --parsable tool) &&
	test_expect_code 4 spoolctl wait "$id" &&
	spoolctl show "$id" | grep FAILED
'

test_expect_success 'every job is in one place, the index is equal to the share' '
	check_share
'

test_done
