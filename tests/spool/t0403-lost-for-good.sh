#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='what a lost attempt leaves in the folder, and when a job is not run again'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=200ms -o publish=300ms -o lease=3s -o beat=500ms"
. "$SRCDIR/tests/leases.sh"

job() { make_job "$@" "runner = \"r1\"" <<<true && echo input >"$1/input.txt" && drop_mv "$1"; }
# lose JOB: it is claimed, and its runner falls silent.
lose() {
	local before
	before=$(jobs_in lost "$1" | wc -l)
	fake_claim "$1" && fake_hush r1 && wait_in lost "$1" $((before + 1)) && fake_wake r1
}
state_is() { grep "^ *state = .*$2" "$1/job.result"; }

test_expect_success 'spoold and two runners' '
	share_new && spoold_start && fake_new r1 && fake_new r2
'

test_expect_success 'the fresh copy says what became of each attempt before it' '
	job told && lose told && lose told && fake_claim told && folder=$(wait_in active told) &&
	for n in 1 2; do
		record=$folder/attempts/$n && state_is $record LOST &&
		grep "^ *reason = \"no sign of life from runner r1 from 20.* to 20" $record/job.result &&
		grep "^ *attempt = .*$n" $record/job.result && grep filed_by $record/job.result || return 1
	done &&
	grep "^lost 2$" "$folder/.spool-manifest" && ! grep attempts "$folder/.spool-manifest" &&
	fake_finish "$FAKE_CLAIM" && folder=$(wait_done told) && state_is "$folder" DONE &&
	state_is "$folder/attempts/2" LOST
'

test_expect_success 'the third lost attempt is the last one: LOST' '
	job often && lose often && lose often && lose often && folder=$(wait_failed often) &&
	state_is "$folder" LOST && cat "$folder/input.txt" &&
	grep "reason = \"no sign of life from runner r1 from 20.* to 20.*the third attempt that was lost" "$folder/job.result" &&
	test "$(ls "$folder/attempts")" = "$(printf "1\n2\n3")" && test "$(jobs_in lost often | wc -l)" = 3
'

test_expect_success 'what is given back does not count' '
	job back && for n in 1 2 3 4; do fake_claim back && fake_give_back "$FAKE_CLAIM" || return 1; done &&
	fake_claim back && folder=$(wait_in active back) && ! grep "^lost" "$folder/.spool-manifest" &&
	grep "given back by runner r1" "$folder/attempts/4/job.result" && fake_finish "$FAKE_CLAIM" && wait_done back
'

test_expect_success 'on_lost = fail: LOST at once' '
	job once "on_lost = fail" && lose once && folder=$(wait_failed once) && state_is "$folder" LOST &&
	grep "on_lost = fail" "$folder/job.result" && grep "^on_lost fail$" "$folder/.spool-manifest"
'

test_expect_success 'on_lost = fail, but given back: it runs again' '
	job again "on_lost = fail" && fake_claim again && fake_give_back "$FAKE_CLAIM" && fake_claim again &&
	fake_finish "$FAKE_CLAIM" && wait_done again
'

test_expect_success 'on_lost = hold is refused' '
	job held "on_lost = hold" && folder=$(wait_failed held) &&
	grep "\"hold\" for \"on_lost\", which is not supported by this version" "$folder/REJECTED.txt"
'

test_expect_success 'an input was changed by the attempt: LOST, and the reason tells both' '
	job eats && fake_claim eats && echo more >>"$(wait_in active eats)/input.txt" && fake_hush r1 &&
	folder=$(wait_failed eats) && fake_wake r1 && state_is "$folder" LOST &&
	grep "no sign of life from runner r1 .*and an input changed: .*input.txt" "$folder/job.result"
'

test_expect_success 'every job is in one place, the index is equal' '
	for claim in "$SHARE"/spool/claims/r1/*.claim.*; do fake_give_back "$claim" || return 1; done &&
	wait_until 10 sh -c "! ls \"$SHARE\"/spool/claims/r1/*" && wait_until 10 check_share
'

# Fails if purge.c goes by age alone: then the copy has no attempt that it was made from, and is thrown away.
past() { [ "$(date +%s)" -gt "$1" ]; }
test_expect_success 'lost/ is not purged of what a fresh copy stands for that is not in its place yet' '
	before=$(jobs_in lost often | head -n 1) && rm -rf kept && spoold_stop && : >"$LOGS/spoold.log" &&
	SHIM_MATCH=spool/lost/ SHIM_KILL_AFTER=1 spoold_spawn && wait_until 10 spoold_is_up && job kept && fake_claim kept &&
	fake_give_back "$FAKE_CLAIM" && spoold_wait_end && test $LIB_STATUS = 137 && lost=$(wait_in lost kept) &&
	wait_until 5 past $(($(date +%s) + 2)) && chmod 555 "$SHARE/spool/queued" &&
	spoold_start -o keep_lost=1s -o scan_folders=1s && wait_until 10 test ! -e "$before" &&
	wait_until 10 grep "the fresh copy cannot be queued" "$LOGS/spoold.log" && test -e "$lost" &&
	spoold_kill9 && chmod 755 "$SHARE/spool/queued" && spoold_start -o keep_lost=1s -o scan_folders=1s && fake_claim kept &&
	fake_finish "$FAKE_CLAIM" && folder=$(wait_done kept) && test "$(cat "$folder/input.txt")" = input &&
	wait_until 10 test ! -e "$lost" && wait_until 10 check_share
'

fake_hush_all
test_done
