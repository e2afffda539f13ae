#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='folders that may not be written: made writable, and put back when they end'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=150ms -o scan=300ms"
. "$SRCDIR/tests/drops.sh"

test_expect_success 'spoold starts' '
	share_new && spoold_start
'

has_mode() { [ "$(stat -c %a "$2")" = "$1" ]; }

# A folder can only be moved to another place by who may write to it.
modes="555 500 311 300 0"

test_expect_success 'folders of mode 0555, 0500, 0300, 0000 are admitted, when they are whole' '
	for mode in $modes; do make_job m$mode <<<true && echo 1 >m$mode/data && drop_open m$mode &&
	chmod $mode "$INCOMING/m$mode" || return 1; done &&
	drops_pass && for mode in $modes; do still_incoming m$mode || return 1; done &&
	has_mode 555 "$INCOMING/m555" && has_mode 500 "$INCOMING/m500" &&
	drop_close && for mode in $modes; do folder=$(wait_in queued m$mode) &&
	whole "$folder" m$mode || return 1; done
'

test_expect_success 'rejected, they have their mode again' '
	for mode in $modes; do make_job bad$mode "tll = 1" <<<true && drop_open bad$mode &&
	chmod $mode "$INCOMING/bad$mode" || return 1; done &&
	drops_pass 1 && drop_close &&
	for mode in $modes; do
		folder=$(wait_failed bad$mode) && wait_until 10 has_mode $mode "$folder" &&
		chmod u+rwx "$folder" &&
		rejected "$folder" job.conf 2 "unknown key" "keys" "ttl" &&
		same_contents bad$mode "$folder" || return 1
	done
'

test_expect_success 'cancelled, it has its mode again' '
	id=$(job_id m555) && spoolctl cancel $id && folder=$(wait_failed m555) &&
	wait_until 10 has_mode 555 "$folder"
'

test_expect_success 'nothing is left in incoming, every job is in one place' '
	wait_incoming_empty && wait_until 10 check_share
'

test_done
