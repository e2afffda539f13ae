#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Somebody tidies up where he should not: claims and signs of life of a real runner vanish.
#
# Fails if a missing claim is a lost job at once, if a runner goes on with a job whose claim is
# gone, and if a missing sign of life is a sign of death.
test_description='claims and signs of life are deleted by hand: no two attempts at a time, nothing is lost'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=200ms -o publish=300ms -o lease=4s -o beat=300ms"
RUNNER_OPTS="-o beat=300ms -o freeze=2s -o poll=200ms"
SIGNS=$TEST_ROOT/signs
BEATS=$TEST_ROOT/share/spool/runners

# job NAME: notes each moment of its life outside of the share; its second attempt ends soon.
job() {
	make_job "$1" "env = {\"SIGNS=$SIGNS/$1\"}" <<-"EOF"
		i=0
		until [ $i = 2000 ] || [ -e "$SIGNS.end" ]; do
			i=$((i + 1))
			read -r now rest </proc/uptime
			echo "$SPOOL_ATTEMPT $now" >>"$SIGNS"
			sleep 0.1
		done
		echo "attempt $SPOOL_ATTEMPT"
	EOF
	drop_mv "$1" && wait_until 10 lives "$1" 1
}
lives() { grep -q "^$2 " "$SIGNS/$1"; }
moves() { local n; n=$(wc -l <"$SIGNS/$1"); wait_until 5 longer "$1" "$n"; }
longer() { [ "$(wc -l <"$SIGNS/$1")" -gt "$2" ]; }
# never_two_at_once NAME SECONDS: the second attempt began so long after the last moment of the first.
never_two_at_once() {
	awk -v least="$2" '$1 == 1 { last = $2 } $1 == 2 && !first { first = $2 }
		END { print "last moment", last, "next attempt", first; exit !(first && first > last + least) }' "$SIGNS/$1"
}
past() { [ "$(date +%s%3N)" -gt "$1" ]; }
rest() { local end=$(($(date +%s%3N) + $1)); wait_until 20 past $end; }
said() { grep -E "$@" "$LOGS/spoold.log"; }

test_expect_success 'spoold and a runner' '
	mkdir -m 777 "$SIGNS" && daemons_start
'

test_expect_success 'its claim is deleted: the runner kills the job, a lease passes, then it begins anew' '
	job one && rm "$SHARE"/spool/claims/r1/*.claim.* && start=$(cut -d " " -f 1 /proc/uptime) &&
	wait_until 30 lives one 2 && never_two_at_once one 2 &&
	awk -v start="$start" -v soon=$((2 * TEST_PATIENCE)) "\$1 == 1 { last = \$2 }
		\$1 == 2 { print start, last, \$2; exit !(last < start + soon && \$2 > start + 3) }" "$SIGNS/one" &&
	touch "$SIGNS/one.end" && folder=$(wait_done one) && test "$(cat "$folder/stdout.txt")" = "attempt 2" &&
	! compgen -G "$SHARE/spool/done/*.1-one" && wait_until 10 check_share
'

test_expect_success 'its claim is renamed to a result by hand: what is no result is not filed' '
	job forged && claim=$(ls "$SHARE"/spool/claims/r1/*.claim.*) && mv "$claim" "${claim/.claim./.done.}" &&
	wait_until 10 said "cannot be filed" && test -z "$(jobs_in "done" forged)" && test -n "$(jobs_in active forged)" &&
	mv "${claim/.claim./.done.}" "${claim%.claim.*}.back.${claim##*.claim.}" && wait_until 30 lives forged 2 &&
	never_two_at_once forged 0 && touch "$SIGNS/forged.end" && folder=$(wait_done forged) &&
	test "$(cat "$folder/stdout.txt")" = "attempt 2"
'

test_expect_success 'its sign of life is deleted, again and again: it comes back, the job goes on' '
	job two && for n in $(seq 20); do rm -f "$BEATS/r1.beat" && rest 300 || return 1; done &&
	wait_until 5 test -e "$BEATS/r1.beat" && moves two && ! said "absent|revoke" && touch "$SIGNS/two.end" &&
	folder=$(wait_done two) && test "$(cat "$folder/stdout.txt")" = "attempt 1"
'

test_expect_success 'its registration is deleted: the job goes on, and ends' '
	job three && rm "$BEATS/r1.conf" && rest 2000 && moves three && touch "$SIGNS/three.end" &&
	folder=$(wait_done three) && test "$(cat "$folder/stdout.txt")" = "attempt 1" && ! said "revoke"
'

stands_still() { local n; n=$(wc -l <"$SIGNS/$1"); sleep 0.7; [ "$(wc -l <"$SIGNS/$1")" = "$n" ]; }
test_expect_success 'no room for signs of life: the job is frozen; there is room again: it goes on' '
	runner_stop r1 && SHIM_FAIL=r1.beat SHIM_FAIL_WHILE=$PWD/full runner_start r1 && job four && touch full &&
	rm -f "$BEATS/r1.beat" && wait_until 10 stands_still four && rm full && moves four &&
	touch "$SIGNS/four.end" && wait_done four
'

test_expect_success 'every job is in one place' '
	wait_until 10 check_share
'

test_done
