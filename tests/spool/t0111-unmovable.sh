#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='folders that may not be written: made writable, and put back when they end'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=150ms -o scan=300ms"
. "$SRCDIR/tests/drops.sh"

test_expect_success 'spoold starts' '
	share_new && spoold_start
'

# A folder can only be moved to another place by who may write to it.
test_expect_success 'folders of mode 0555, 0500, 0300, 0000 are admitted' '
	for mode in 0555 0500 0300 0000; do
		make_job m$mode <<<true && echo 1 >m$mode/data && chmod $mode m$mode && cp -a m$mode "$INCOMING/" || return 1
	done 2>/dev/null;
	for mode in 0555 0500; do
		folder=$(wait_in queued m$mode) && whole "$folder" m$mode || return 1
	done
'

test_expect_success 'a read-only folder that is copied slowly waits like any other' '
	make_job slow <<<true && drop_open slow && chmod 0555 "$INCOMING/slow" && drops_pass && still_incoming slow && test $(stat -c %a "$INCOMING/slow") = 555 &&
	drop_close && folder=$(wait_in queued slow) && whole "$folder" slow
'

test_expect_success 'rejected, it has its mode again' '
	for mode in 555 500 311; do
		make_job bad$mode "tll = 1" <<<true && chmod $mode bad$mode && mv bad$mode bad && chmod 755 bad && cp -a bad b && chmod $mode b && mv -T b "$INCOMING/bad$mode" 2>/dev/null ||
		mv bad "$INCOMING/bad$mode" && chmod $mode "$INCOMING/bad$mode" && folder=$(wait_failed bad$mode) && rm -rf bad b &&
		wait_until 10 has_mode $mode "$folder" && chmod u+rwx "$folder" && rejected "$folder" job.conf 2 "unknown key" "keys" "ttl" || return 1
	done
'
has_mode() { [ "$(stat -c %a "$2")" = "$1" ]; }

test_expect_success 'cancelled, it has its mode again' '
	id=$(job_id m0555) && spoolctl cancel $id && folder=$(wait_failed m0555) && wait_until 10 has_mode 555 "$folder"
'

test_expect_success 'nothing is left in incoming, every job is in one place' '
	wait_incoming_empty && wait_until 10 check_share
'

test_done
