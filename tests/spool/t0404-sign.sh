#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The sign of life in spool/coordinator is what keeps two coordinators on two machines apart.
test_description='spoold moves nothing while its own sign of life is old, and stops when it reads another'
. "$(dirname "$0")/../lib.sh"
RUNNER_OPTS="-o beat=300ms -o freeze=1s"
SPOOLD_OPTS="-o settle=100ms -o settle_polled=100ms -o scan=200ms -o scan_polled=200ms -o lease=2s -o beat=200ms"
. "$SRCDIR/tests/drops.sh"

SIGN=$TEST_ROOT/share/spool/coordinator
counter() { sed -n 's/.*counter = "\(.*\)".*/\1/p' "$SIGN"; }
moves_on() { [ "$(counter)" != "$1" ]; }
past() { [ "$(date +%s%3N)" -gt "$1" ]; }
rest() { local end=$(($(date +%s%3N) + $1)); wait_until 20 past $end; }
said() { grep "$@" "$LOGS/spoold.log"; }
another() { sed -e "s/instance = .*/instance = \"spoold-another\"/" -e "/^# sum/d" "$SIGN" >other &&
	echo "# sum $(sha256sum <other | cut -d " " -f 1)" >>other; }

test_expect_success 'spoold and a runner start' '
	daemons_start
'

test_expect_success 'the sign is rewritten in place, whole, always of one length' '
	inode=$(stat -c %i "$SIGN") size=$(stat -c %s "$SIGN") && before=$(counter) &&
	wait_until 5 moves_on "$before" && rest 1000 && test "$(stat -c %i "$SIGN")" = $inode &&
	test "$(stat -c %s "$SIGN")" = $size && wait_until 5 check_share
'

test_expect_success 'it is removed by hand: it comes back' '
	rm "$SIGN" && wait_until 5 test -e "$SIGN" && before=$(counter) && wait_until 5 moves_on "$before"
'

test_expect_success 'it cannot be written: nothing is moved until it can' '
	spoold_stop && SHIM_NFS=$SHARE SHIM_LATE=spool/coordinator SHIM_LATE_WHILE=$PWD/late spoold_start && touch late &&
	make_job early <<<true && drop early && rest 1500 && make_job waits <<<true && : >waits/.ready &&
	drop waits && wait_until 10 said "could not be renewed for 1.0 s: nothing is moved" && rest 1000 && still_incoming waits && rm late && wait_done waits &&
	said "the sign of life in spool/coordinator: in order again"
'

test_expect_success 'another one has taken over while it stood still: it stops and has moved nothing' '
	spoold_stop && spoold_start && make_job taken <<<true && : >taken/.ready && another &&
	kill -STOP ${LIB_PID[spoold]} && mv other "$SIGN" && drop taken && rest 2500 &&
	kill -CONT ${LIB_PID[spoold]} && spoold_wait_end && test $LIB_STATUS = 1 && still_incoming taken &&
	said "another coordinator (spoold-another on .*) has taken over" && grep spoold-another "$SIGN" &&
	spoold_start && wait_done taken
'

test_done
