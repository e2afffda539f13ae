#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='two runners share 200 jobs: each runs once; the index is a fold of the share'
. "$(dirname "$0")/../lib.sh"

EFFECTS=$TEST_ROOT/effects
TIME_LIMIT=120

test_expect_success 'a share, spoold and two runners with two slots each' '
	daemons_start && runner_stop r1 &&
	runner_start a --slots 2 && runner_start b --slots 2
'

test_expect_success '200 jobs of 50 ms arrive at once' '
	mkdir batch &&
	for i in $(seq 200); do
		mkdir "batch/j$i" &&
		printf "executable = \"/bin/sh\"\narguments = {\"-c\", \"echo j%s >>%s; sleep 0.05; echo j%s\"}\n" \
			"$i" "$EFFECTS" "$i" >"batch/j$i/job.conf" || return 1
	done &&
	mv batch/* "$SHARE/spool/incoming/"
'

ended() { [ "$(find "$SHARE/spool/done" -mindepth 1 -maxdepth 1 -type d | wc -l)" = 200 ]; }

test_expect_success 'all are done' '
	wait_until $TIME_LIMIT ended
'

test_expect_success 'each ran exactly once, and each folder has its own output' '
	test "$(wc -l <"$EFFECTS")" = 200 &&
	test "$(sort -u "$EFFECTS" | wc -l)" = 200 &&
	for i in $(seq 200); do
		test "$(cat "$(jobs_in "done" "j$i")/stdout.txt")" = "j$i" || return 1
	done
'

test_expect_success 'both runners worked' '
	grep -l "runner = \"a\"" "$SHARE"/spool/done/*/job.result | wc -l >from_a &&
	grep -l "runner = \"b\"" "$SHARE"/spool/done/*/job.result | wc -l >from_b &&
	test "$(cat from_a)" -gt 50 && test "$(cat from_b)" -gt 50 &&
	test $(($(cat from_a) + $(cat from_b))) = 200
'

test_expect_success 'every job is in one place, the index is equal to the share' '
	check_share
'

# The tables that are folds of the share; times of known_clients are of this start.
tables() {
	sqlite3 "$STATE/spoold/index.db" "select * from job_queue order by id; select * from attempts order by id, attempt;
		select * from users order by 1; select * from events order by rowid"
}

test_expect_success 'the index is deleted; the next start rebuilds it equal' '
	spoold_stop &&
	tables >before && test "$(wc -l <before)" -gt 1000 &&
	rm -f "$STATE/spoold/index.db"* &&
	spoold_start && check_share && spoold_stop &&
	tables >after &&
	test_cmp before after
'

test_expect_success 'also the log is deleted: folders and records give every job back' '
	sqlite3 "$STATE/spoold/index.db" "select id, place, folder, state, name, user, runner, exit_code from job_queue order by id" >before &&
	rm -f "$STATE/spoold/index.db"* "$SHARE"/spool/events/*.log &&
	spoold_start && check_share && spoold_stop &&
	sqlite3 "$STATE/spoold/index.db" "select id, place, folder, state, name, user, runner, exit_code from job_queue order by id" >after &&
	test_cmp before after
'

test_expect_success 'the index is deleted while jobs run: no decision changes' '
	: >"$EFFECTS" && spoold_start &&
	mkdir again &&
	for i in $(seq 40); do
		mkdir "again/k$i" &&
		printf "executable = \"/bin/sh\"\narguments = {\"-c\", \"echo k%s >>%s; sleep 0.05\"}\n" "$i" "$EFFECTS" >"again/k$i/job.conf" || return 1
	done &&
	mv again/* "$SHARE/spool/incoming/" &&
	wait_done k1 && rm -f "$STATE/spoold/index.db"* &&
	wait_until 30 sh -c "test \$(grep -c . \"$EFFECTS\") = 40" && wait_done k40 &&
	test "$(sort -u "$EFFECTS" | wc -l)" = 40 &&
	spoold_stop && spoold_start && check_share
'

test_done
