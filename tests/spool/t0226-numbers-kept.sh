#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A number is given once, ever. The next one is in spool/next; only where that is missing or damaged
# it is found from what earlier numbers have left.
#
# Fails if in spoold/ids.c another error than "there is none" counts on; and if search_highest()
# leaves out the index, the temporaries or the inboxes.
test_description='no number is given twice because spool/next could not be read'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=200ms"

done_jobs() {	# NAME...
	local name
	for name; do make_job "$name" <<<true && drop_mv "$name" && wait_done "$name" || return 1; done
}
forget_log() { rm -r "$STATE/spoold" && rm "$SHARE"/spool/events/*.log; }
number_of() { job_id "$1"; }

test_expect_success 'three jobs, of which two are deleted; spoold dies' '
	daemons_start && done_jobs j1 j2 j3 && spoold_kill9 &&
	rm -r "$SHARE"/spool/done/2-j2 "$SHARE"/spool/done/3-j3
'

test_expect_success 'spool/next may not be read: no start, and it says why' '
	chmod 000 "$SHARE/spool/next" && spoold_spawn && spoold_wait_end && test $LIB_STATUS != 0 &&
	grep "spool/next cannot be read (Permission denied)" "$LOGS/spoold.log" &&
	chmod 644 "$SHARE/spool/next" && spoold_start && done_jobs j4 && test "$(number_of j4)" = 101
'

test_expect_success 'it is damaged: the log knows the highest number' '
	spoold_kill9 && echo 1x >"$SHARE/spool/next" && rm -r "$SHARE/spool/done/101-j4" &&
	spoold_start && grep "spool/next is damaged: counting on from 101" "$LOGS/spoold.log" &&
	done_jobs j5 && test "$(number_of j5)" = 102
'

test_expect_success 'it is missing, and log and index too: a folder knows' '
	spoold_stop && forget_log && rm "$SHARE/spool/next" && mkdir "$SHARE/spool/lost/150.2-gone" &&
	spoold_start && done_jobs j6 && test "$(number_of j6)" = 151
'

test_expect_success 'a temporary knows' '
	spoold_stop && forget_log && rm "$SHARE/spool/next" && mkdir "$SHARE/spool/done/.tmp-rm-200" &&
	spoold_start && done_jobs j7 && test "$(number_of j7)" = 201 && spoold_stop && forget_log &&
	rm "$SHARE/spool/next" && mkdir "$SHARE/spool/queued/.tmp-300@octave" && spoold_start &&
	done_jobs j8 && test "$(number_of j8)" = 301
'

test_expect_success 'a ticket knows, and an inbox that cannot be read forbids to guess' '
	spoold_stop && forget_log && rm "$SHARE/spool/next" && mkdir "$SHARE/spool/claims/other" &&
	echo >"$SHARE/spool/claims/other/400.2.void" && chmod 000 "$SHARE/spool/claims/other" &&
	spoold_spawn && spoold_wait_end && test $LIB_STATUS != 0 &&
	grep "spool/next is missing, and what has been numbered cannot be read" "$LOGS/spoold.log" &&
	chmod 755 "$SHARE/spool/claims/other" && touch "$SHARE/spool/claims/notes" && spoold_start &&
	done_jobs j9 && test "$(number_of j9)" = 401
'

test_done
