#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# While a client that is silent holds one spent ticket, all that follow wait behind it, up to 90 s.
#
# Fails if in spoold/removals.c each of them keeps a descriptor of its own.
test_description='spent tickets that have to wait take no descriptors'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=150ms -o scan=300ms -o publish=300ms -o beat=200ms"

descriptors() { ls "/proc/${LIB_PID[spoold]}/fd" | wc -l; }
spent() { [ "$(ls "$SHARE/spool/claims/r1" | grep -c "[.]done[.]")" -ge "$1" ]; }
swept() { ! spent 1; }
work() {	# NAME...: all are done
	local name
	for name; do make_job "$name" <<<true && drop_mv "$name" || return 1; done
	for name; do wait_done "$name" || return 1; done
}
settled() { [ "$(descriptors)" -le $(($1 + 10)) ]; }

test_expect_success 'forty tickets wait to be removed' '
	daemons_start && spoold_stop && SHIM_STALL=.done.r1 SHIM_STALL_WHILE=$PWD/silent spoold_start &&
	work first && wait_until 10 swept && touch silent && before=$(descriptors) &&
	work $(seq -f "many%g" 40) && wait_until 10 spent 40 && wait_until 5 settled $before
'

test_expect_success 'the inbox is another folder now: what is spent there goes too' '
	runner_stop r1 && cp -a "$SHARE/spool/claims/r1" new && mv "$SHARE/spool/claims/r1" old &&
	mv new "$SHARE/spool/claims/r1" && runner_start r1 && work other && rm silent &&
	wait_until 20 swept
'

test_expect_success 'every job is in one place' '
	wait_until 10 check_share
'

test_done
