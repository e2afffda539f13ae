#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The shim says that the share is on NFS. A file server that comes back from a backup, or whose disk
# was changed, has the same files, but does not know the folders that its clients have open.
#
# Fails without spoold/places.c, and if in spoold/journal.c the log is not opened again.
test_description='folders that were removed and made anew are followed by their names'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o settle_polled=200ms -o scan_polled=200ms -o publish=300ms"
. "$SRCDIR/tests/drops.sh"

test_expect_success 'spoold on a network mount' '
	share_new && SHIM_NFS=$SHARE spoold_start && runner_start r1 &&
	make_job before <<<true && drop before && wait_done before && runner_stop r1
'

# FOLDER: a copy with its modes and times takes its place.
renew() { cp -a "$1" "$1.new" && rm -r "$1" && mv "$1.new" "$1"; }

told() { events | grep -w "$1"; }
test_expect_success 'the whole share' '
	renew "$SHARE/spool" && wait_until 10 grep "opened anew" "$LOGS/spoold.log" &&
	runner_start r1 && make_job after <<<true && drop after && wait_done after &&
	wait_until 5 told after
'

test_expect_success 'one place' '
	runner_stop r1 && renew "$SHARE/spool/queued" && make_job place <<<true && drop place &&
	wait_in queued place
'

test_expect_success 'the inbox of a runner, and a drop box' '
	renew "$SHARE/spool/claims/r1" && renew "$SHARE/spool/incoming/@python3" && runner_start r1 &&
	wait_done place && echo "print(1)" >one.py && cp one.py "$SHARE/spool/incoming/@python3/" &&
	wait_done one.py
'

test_expect_success 'another spool is left alone' '
	cp -a "$SHARE/spool" aside && sed -i "2s/.*/00000000000000000000000000000000/" "$SHARE/spool/format" &&
	runner_stop r1 && renew "$SHARE/spool" &&
	wait_until 10 grep "holds another spool now" "$LOGS/spoold.log" &&
	rm -r "$SHARE/spool" && mv aside "$SHARE/spool" && runner_start r1 &&
	make_job home <<<true && drop home && wait_done home
'

test_expect_success 'every job is in one place' '
	wait_until 10 check_share
'

test_done
