#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A folder that was a job before is dropped again, with all that we have put into it.
#
# Fails if in spoold/drops.c a drop is complete a settle time after it was first seen: the folder
# that is copied by cp -r.
test_description='results of an earlier life are moved to attempts/0, never followed or overwritten'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=150ms -o scan=300ms -o scan_folders=1s"
. "$SRCDIR/tests/drops.sh"

ours="stdout.txt stderr.txt job.result .spool-manifest REJECTED.txt"

add_results() {	# FOLDER TEXT
	local name
	for name in $ours; do echo "$2 $name" >"$1/$name" || return 1; done
}

test_expect_success 'spoold starts' '
	share_new && spoold_start
'

test_expect_success 'what we wrote is kept in attempts/0, inputs and results of the program stay' '
	make_job frog <<<true && echo 1 >frog/result.csv && add_results frog old &&
	mkdir -p frog/attempts/1 && echo 1 >frog/attempts/1/stdout.txt &&
	drop_mv frog && folder=$(wait_in queued frog) &&
	for name in stdout.txt stderr.txt job.result .spool-manifest REJECTED.txt; do
		test "$(cat "$folder/attempts/0/$name")" = "old $name" || return 1
	done &&
	test "$(cat "$folder/attempts/0/attempts/1/stdout.txt")" = 1 &&
	test -f "$folder/result.csv" && test -x "$folder/run.sh" &&
	for name in stdout.txt stderr.txt job.result REJECTED.txt; do
		test ! -e "$folder/$name" || return 1
	done &&
	grep "^spool-manifest 1$" "$folder/.spool-manifest" &&
	grep " result.csv$" "$folder/.spool-manifest" && ! grep attempts "$folder/.spool-manifest"
'

gone() { [ ! -e "$1" ]; }

test_expect_success 'again and again' '
	for i in 1 2 3; do
		folder=$(wait_in queued frog) && add_results "$folder" "life $i" &&
		mv "$folder" frog &&
		drop_mv frog && wait_until 10 gone "$folder" && folder=$(wait_in queued frog) ||
		return 1
	done &&
	test "$(cat "$folder/attempts/0/stdout.txt")" = "life 3 stdout.txt" &&
	test "$(cat "$folder/attempts/0/attempts/0/stdout.txt")" = "life 2 stdout.txt" &&
	test "$(cat "$folder/attempts/0/attempts/0/attempts/0/attempts/0/stdout.txt")" = \
		"old stdout.txt"
'

test_expect_success 'links, folders, fifos of these names are moved, never followed or opened' '
	mkdir precious && echo keep >precious/keep && listing precious >before &&
	make_job link <<<true && ln -s "$PWD/precious/keep" link/stdout.txt &&
	ln -s "$PWD/precious" link/attempts &&
	ln -s "$PWD/precious/new" link/job.result && mkdir link/stderr.txt &&
	echo 1 >link/stderr.txt/file && mkfifo link/REJECTED.txt &&
	ln -s "$PWD/precious/keep" link/.spool-manifest && ln -s "$PWD/precious/keep" link/.ready &&
	drop_mv link && folder=$(wait_in queued link) && listing precious >after &&
	cmp before after &&
	old=$folder/attempts/0 && test "$(readlink "$old/stdout.txt")" = "$PWD/precious/keep" &&
	test "$(readlink "$old/attempts")" = "$PWD/precious" &&
	test "$(readlink "$old/job.result")" = "$PWD/precious/new" &&
	test -f "$old/stderr.txt/file" && test -p "$old/REJECTED.txt" &&
	test -L "$old/.spool-manifest" &&
	test ! -L "$folder/.spool-manifest" -a ! -L "$folder/attempts" && manifest_fits "$folder"
'

test_expect_success 'temporary names of ours too, whatever they are' '
	make_job temp <<<true && echo 1 >temp/.tmp-old &&
	ln -s "$PWD/precious" temp/.tmp-job.result && mkdir temp/.tmp-x &&
	echo 2 >temp/.tmp-x/file &&
	drop_mv temp && folder=$(wait_in queued temp) && listing precious >after &&
	cmp before after &&
	test "$(cat "$folder/attempts/0/.tmp-old")" = 1 &&
	test -L "$folder/attempts/0/.tmp-job.result" &&
	test "$(cat "$folder/attempts/0/.tmp-x/file")" = 2
'

test_expect_success 'copied by cp -r, it waits like any drop' '
	make_job slow <<<true && add_results slow old && drop_open slow && drops_pass &&
	still_incoming slow && test -f "$INCOMING/slow/stdout.txt" &&
	drop_close && folder=$(wait_in queued slow) &&
	test "$(cat "$folder/attempts/0/stdout.txt")" = "old stdout.txt" && manifest_fits "$folder"
'

test_expect_success 'a rejected folder keeps the record of an earlier run too' '
	make_job wrong "tll = 1m" <<<true && add_results wrong old && drop_mv wrong &&
	folder=$(wait_failed wrong) &&
	rejected "$folder" job.conf 2 "unknown key \"tll\"" "one of the keys" \
		"did you mean \"ttl\"" &&
	for name in stdout.txt stderr.txt job.result REJECTED.txt .spool-manifest; do
		test "$(cat "$folder/attempts/0/$name")" = "old $name" || return 1
	done && test -x "$folder/run.sh"
'

test_expect_success 'mended in place and dropped again, it is admitted' '
	folder=$(wait_failed wrong) && mv "$folder" wrong && sed -i "s/tll/ttl/" wrong/job.conf &&
	drop_mv wrong &&
	folder=$(wait_in queued wrong) && test ! -e "$folder/REJECTED.txt" &&
	grep "unknown key" "$folder/attempts/0/REJECTED.txt" &&
	grep -x "ttl 60000" "$folder/.spool-manifest"
'

test_expect_success 'a link as job.result in a rejected folder is not followed' '
	make_job sly "tll = 1m" <<<true && ln -s "$PWD/precious/keep" sly/job.result &&
	ln -s "$PWD/precious/keep" sly/REJECTED.txt &&
	ln -s "$PWD/precious/keep" sly/.tmp-job.result && drop_mv sly &&
	folder=$(wait_failed sly) && listing precious >after && cmp before after &&
	rejected "$folder" job.conf 2 "unknown key" "keys" "ttl" &&
	test ! -L "$folder/job.result" -a ! -L "$folder/REJECTED.txt"
'

test_expect_success 'naming a file of ours as input or program is explained' '
	make_job name "data = \"stdout.txt\"" <<<true && echo 1 >name/stdout.txt && drop_mv name &&
	folder=$(wait_failed name) &&
	rejected "$folder" job.conf 2 "\"stdout.txt\" for \"data\"" "the spool itself writes" \
		"another name"
'

test_expect_success 'nothing is left in incoming, every job is in one place' '
	wait_incoming_empty && wait_until 10 check_share
'

test_done
