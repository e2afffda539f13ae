#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='a device in a dropped folder is rejected and never opened'
NEED_ROOT="makes devices"
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=300ms"
. "$SRCDIR/tests/drops.sh"

test_expect_success 'spoold starts' '
	share_new && spoold_start
'

# 10 and 13 are the minor numbers of tape and floppy drives that do something when they are opened;
# here nothing is behind them.
test_expect_success 'character and block devices' '
	make_job null <<<true && mkdir null/in && mknod null/in/null c 1 3 &&
	make_job tape <<<true && mknod tape/st0 c 9 0 &&
	make_job disk <<<true && mknod disk/sdz b 8 240 && make_job conf <<<true &&
	rm conf/job.conf && mknod conf/job.conf c 1 5 &&
	for name in null:in/null tape:st0 disk:sdz conf:job.conf; do
		listing ${name%:*} >before && drop_mv ${name%:*} &&
		folder=$(wait_failed ${name%:*}) && listing "$folder" >after && diff before after &&
		rejected "$folder" "${name#*:}" - "a device, fifo or socket" "ordinary files" \
			"remove it" || return 1
	done
'

test_expect_success 'a device as a drop' '
	mknod "$INCOMING/zero" c 1 5 && folder=$(wait_failed zero) && test -c "$folder/zero" &&
	rejected "$folder" zero - "a device, fifo or socket" "ordinary files" "remove it"
'

test_expect_success 'nothing is left in incoming, every job is in one place' '
	wait_incoming_empty && drops_pass 1 && check_share
'

test_done
