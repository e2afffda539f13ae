#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two coordinators that start together, or one that starts beside another: the rules of spoold/guard.c,
# with hand-made signs of the other one.
test_description='how spoold starts: at once over what its own lock vouches for, else after a watch and a pause'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=200ms -o lease=2s -o beat=300ms"
. "$SRCDIR/tests/drops.sh"

SIGN=$TEST_ROOT/share/spool/coordinator
counter() { sed -n 's/.*counter = "\(.*\)".*/\1/p' "$SIGN"; }
now() { date +%s%3N; }
past() { [ "$(now)" -gt "$1" ]; }
rest() { local end=$(($(now) + $1)); wait_until 20 past $end; }
said() { grep "$@" "$LOGS/spoold.log"; }
says() { wait_until 10 said "$@"; }
afresh() { : >"$LOGS/spoold.log"; }
at_work() { spoold_is_up; }

# sign EDIT...: the sign, changed by sed, whole, in one rename. other_sign: of another instance.
sign() {
	local args=()
	for edit; do args+=(-e "$edit"); done
	sed "${args[@]}" -e "/^# sum/d" <"${FROM:-$SIGN}" >made && echo "# sum $(sha256sum <made | cut -d " " -f 1)" >>made && mv made "$SIGN"
}
other_sign() { FROM=kept sign "s/instance = .*/instance = \"spoold-another\"/" "s/machine = .*/machine = \"another\"/" "s/counter = .*/counter = \"$1\"/"; }

# at_once [OPTION...]: it starts without a word of waiting. slowly: it watches, then waits, a lease each.
at_once() { afresh && spoold_start && test_must_fail said -E "watching (its|for)|waiting"; }
slowly() {
	local begin
	afresh && begin=$(now) && spoold_start && said -E "watching (its|for)" && said "waiting 2 s more" && past $((begin + 4000))
}

test_expect_success 'a fresh share: at once, and spool/unused is gone' '
	share_new "$TEST_ROOT/share" && test -e "$SHARE/spool/unused" && at_once && test ! -e "$SHARE/spool/unused" &&
	grep "at_work = \"yes\"" "$SIGN" && spoolctl init "$SHARE" && test ! -e "$SHARE/spool/unused"
'

test_expect_success 'after an end, and after a kill: at once' '
	spoold_stop && at_once && spoold_kill9 && at_once && spoold_stop && cp "$SIGN" kept
'

test_expect_success 'over a sign that does not say "at work": slowly' '
	sign "s/at_work = .*/at_work = \"no\" /" && slowly && spoold_stop
'

test_expect_success 'over a sign of this machine whose writer held another lock: slowly' '
	sign "s/lock = .*/lock = \"0123456789abcdef\"/" && slowly && spoold_stop
'

test_expect_success 'a sign that is missing: slowly, and nothing is taken before' '
	rm "$SIGN" && afresh && spoold_spawn && make_job early <<<true && drop_mv early && says "missing: watching" &&
	says "waiting 2 s more" && test -e "$SIGN" && rest 1500 && still_incoming early && wait_until 10 at_work && wait_in queued early
'

test_expect_success 'a sign that is missing, and comes while it watches: it does not start' '
	spoold_stop && rm "$SIGN" && afresh && spoold_spawn && says "missing: watching" && other_sign 7 &&
	spoold_wait_end && test $LIB_STATUS = 1 && said "a coordinator is at work on host" && grep spoold-another "$SIGN"
'

test_expect_success 'a foreign sign that moves: it does not start; that stands still: slowly' '
	afresh && spoold_spawn && says "watching its sign" && other_sign 8 && spoold_wait_end && test $LIB_STATUS = 1 &&
	slowly && spoold_stop
'

test_expect_success 'a torn sign is no sign of the own machine, and is read again: who moves it is noticed' '
	truncate -s 100 "$SIGN" && afresh && spoold_spawn && says "cannot be read: watching" && other_sign 9 && rest 1000 &&
	other_sign 10 && spoold_wait_end && test $LIB_STATUS = 1 && grep spoold-another "$SIGN" &&
	truncate -s 100 "$SIGN" && slowly && spoold_stop
'

test_expect_success 'two together: another one writes in the pause, so it ends and has moved nothing' '
	other_sign 11 && make_job both <<<true && drop_mv both && afresh && spoold_spawn && says "waiting 2 s more" &&
	other_sign 12 && spoold_wait_end && test $LIB_STATUS = 1 && said "has begun meanwhile" && still_incoming both &&
	grep spoold-another "$SIGN"
'

test_expect_success 'the sign is removed in the pause: written anew, and waited again' '
	afresh && spoold_spawn && says "waiting 2 s more" && rm "$SIGN" &&
	wait_until 10 at_work && test $(said -c "waiting 2 s more") = 2 && wait_in queued both
'

test_expect_success 'a short cut whose first write took more than half a lease is none' '
	spoold_stop && touch stall && afresh && SHIM_STALL=spool/coordinator SHIM_STALL_WHILE=$PWD/stall spoold_spawn &&
	rest 1500 && rm stall && says "waiting 2 s more" && test_must_fail said watching && wait_until 10 at_work
'

test_expect_success 'it stood still before its first write, and another began: it ends after the pause' '
	spoold_stop && cp "$SIGN" kept && make_job late <<<true && drop_mv late && touch stall && afresh &&
	SHIM_STALL=spool/coordinator SHIM_STALL_WHILE=$PWD/stall spoold_spawn && rest 1500 && other_sign 13 && rm stall &&
	says "waiting 2 s more" && other_sign 14 && spoold_wait_end && test $LIB_STATUS = 1 && still_incoming late
'

test_expect_success 'the sign is removed under a coordinator at work: it moves nothing for a lease' '
	cp kept "$SIGN" && spoold_start && wait_in queued late && afresh && rm "$SIGN" && says "was missing: it is written anew" &&
	make_job removed <<<true && drop_mv removed && rest 1500 && still_incoming removed && wait_in queued removed && at_work
'

test_expect_success 'and another begins meanwhile: it stops for good' '
	make_job stops <<<true && cp "$SIGN" kept && afresh && rm "$SIGN" && says "was missing: it is written anew" && drop_mv stops &&
	other_sign 15 && echo 1001 >"$SHARE/spool/next" && spoold_wait_end && test $LIB_STATUS = 1 && said "has taken over" &&
	still_incoming stops && test "$(cat "$SHARE/spool/next")" = 1001
'

test_expect_success 'a signal ends the pause' '
	afresh && spoold_spawn && says "waiting 2 s more" && spoold_stop && said "told to stop"
'

test_done
