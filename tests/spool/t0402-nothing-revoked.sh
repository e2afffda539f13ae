#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='when nothing is taken from a silent runner: all are silent, spoold was late, it freezes nothing'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=200ms -o publish=300ms -o lease=3s -o beat=500ms"
. "$SRCDIR/tests/leases.sh"

said() { grep "$@" "$LOGS/spoold.log"; }
past() { [ "$(date +%s%3N)" -gt "$1" ]; }
rest() { local end=$(($(date +%s%3N) + $1)); wait_until 20 past $end; }
markers() { compgen -G "$SHARE/spool/claims/*/*.revoked"; }
job() { make_job "$1" "runner = \"$2\"" <<<true && drop_mv "$1" && fake_claim "$1"; }

test_expect_success 'spoold and two runners with a job each' '
	share_new && spoold_start && fake_new r1 && fake_new r2 && job one r1 && one=$FAKE_CLAIM && job two r2
'

test_expect_success 'spoold stands still for longer than a lease while one of them cannot beat: nothing is revoked' '
	kill -STOP ${LIB_PID[spoold]} && fake_hush r1 && rest 4500 && kill -CONT ${LIB_PID[spoold]} &&
	rest 1000 && fake_wake r1 && rest 1000 && ! markers && ! said "is absent"
'

test_expect_success 'spoold is killed and started again: the silence before it does not count' '
	fake_hush r1 && rest 2000 && spoold_kill9 && spoold_start && rest 2000 && ! markers && fake_wake r1 &&
	rest 1000 && ! markers
'

test_expect_success 'all are silent: the network may be down, nothing is revoked' '
	fake_hush r1 && fake_hush r2 && wait_until 10 said "no runner beats: the network may be down" &&
	rest 2000 && ! markers && test "$(said -c "no runner beats")" -le 3
'

test_expect_success 'one comes back: it keeps its job, the other one has a whole lease to follow, then it is taken for lost' '
	fake_wake r2 && wait_until 10 said "runner r2 is present" && rest 2000 && ! markers &&
	wait_until 10 test -e "${one%.claim.*}.revoked" && wait_in lost one &&
	test -z "$(jobs_in lost two)" && fake_wake r1 && fake_give_back "$one" && fake_claim one &&
	fake_finish "$FAKE_CLAIM" && wait_done one
'

test_expect_success 'spoold cannot read the beats: nothing is revoked' '
	fake_hush r2 && rest 1000 && chmod 0 "$SHARE/spool/runners" && rest 4000 && ! said "r2 is absent" ;
	chmod 755 "$SHARE/spool/runners" && rest 500 && ! markers && fake_wake r2
'

test_expect_success 'a runner that freezes nothing gets work and keeps it' '
	fake_new old 0 && job kept old && fake_hush old &&
	wait_until 10 said "runner old is silent and does not freeze its jobs" && rest 2000 && ! markers &&
	fake_wake old && fake_finish "$FAKE_CLAIM" && wait_done kept
'

nodes() { spoolctl nodes | grep "$1"; }
test_expect_success 'a runner that freezes too late gets none; log tells both figures' '
	fake_register slow 2500 && fake_wake slow && wait_until 10 said "runner slow is present, but gets no work" &&
	said "runner slow gets no work: it freezes its jobs 2.5 s after .* may need 0.8 s .* the lease is 3.0 s" &&
	wait_until 5 nodes "slow .*ERROR" &&
	make_job waits "runner = \"slow\"" <<<true && drop_mv waits && wait_in queued waits && rest 1000 &&
	test -n "$(jobs_in queued waits)" && fake_register slow 1000 && fake_claim waits &&
	fake_finish "$FAKE_CLAIM" && wait_done waits
'

fake_hush_all
test_done
