#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A claim is missing only if every inbox that lies in claims/ has been read, in each scan of a whole
# lease. One that cannot be opened when spoold starts is none that spoold knows.
#
# Fails if in spoold/runners.c runners_all_read() asks only the inboxes that are open, if in
# spoold/tickets.c missed() counts the time before; the limits: without lib/descriptors.c, and if
# runner/child.c does not give the old one back.
test_description='a claim in an inbox that cannot be opened is not taken for missing'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=150ms -o scan=200ms -o publish=300ms -o beat=200ms -o lease=2s"
RUNNER_OPTS="-o beat=300ms -o freeze=1s"

counter() { sed -n 's/.*counter = "\(.*\)"/\1/p' "$SHARE/spool/coordinator"; }
has_beaten() { [ "$(counter)" -ge "$1" ]; }
leases_pass() { wait_until 20 has_beaten $(($(counter) + 32)); }	# three, by its own beat
begun() { grep -x "begin $1" runs; }

test_expect_success 'a job runs on one of two runners' '
	daemons_start r1 &&
	make_job twice <<-EOF &&
		echo "begin \$SPOOL_ATTEMPT" >>"$PWD/runs"
		while [ ! -e "$PWD/go" ]; do sleep 0.1; done
	EOF
	drop twice && wait_until 10 begun 1 && runner_start r2
'

test_expect_success 'spoold cannot open the inbox of the first: the job stays as it is' '
	spoold_stop && chmod 000 "$SHARE/spool/claims/r1" && spoold_start && leases_pass &&
	grep "inbox of runner r1 cannot be opened" "$LOGS/spoold.log" && wait_in active twice &&
	! begun 2
'

test_expect_success 'it can again: the claim is found, and the job ends as it began' '
	chmod 755 "$SHARE/spool/claims/r1" && leases_pass && wait_in active twice && touch go &&
	folder=$(wait_done twice) && ! begun 2 && grep "runner = .*r1" "$folder/job.result"
'

test_expect_success 'a claim that somebody has removed is missing all the same' '
	rm go && make_job once <<-EOF && touch "$SHARE/spool/claims/notes" &&
		echo "run \$SPOOL_ATTEMPT" >>"$PWD/runs"
		while [ ! -e "$PWD/go" ]; do sleep 0.1; done
	EOF
	drop once && wait_until 10 grep -x "run 1" runs && rm "$SHARE"/spool/claims/*/*.claim.* &&
	wait_until 20 grep -x "run 2" runs && touch go && wait_done once
'

limit_of() { sed -n "s/^Max open files *\([^ ]*\) *\([^ ]*\) .*/\1 \2/p" "/proc/$1/limits"; }
is_raised() {
	local soft hard
	read -r soft hard <<<"$(limit_of "$1")" && [ "$soft" = "$hard" ]
}
test_expect_success 'the daemons may open as many files as the hard limit says, jobs as before' '
	spoold_stop && runner_stop r1 && runner_stop r2 && ulimit -S -n 200 && spoold_start &&
	runner_start r1 && is_raised ${LIB_PID[spoold]} && is_raised ${LIB_PID[r1]} &&
	make_job limits <<-"EOF" && drop limits && folder=$(wait_done limits) &&
		ulimit -S -n
	EOF
	test "$(cat "$folder/stdout.txt")" = 200
'

test_done
