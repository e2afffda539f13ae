#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fails if in spoold/watch.c an overflow asks for no scan: the next one by time is an hour away.
test_description='more news than the kernel keeps: one scan later everything is known'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=1h -o scan_folders=1h -o publish=300ms"
QUEUE=$(cat /proc/sys/fs/inotify/max_queued_events)
[ "$QUEUE" -le 100000 ] || { skip_all="the kernel keeps $QUEUE news" && test_done; }

flood() {
	python3 -c "
import os, sys
os.chdir(sys.argv[1])
for i in range($QUEUE + 1000):
	os.mkdir(f\".flood{i % 100}\")
	os.rmdir(f\".flood{i % 100}\")" "$SHARE/spool/incoming"
}

test_expect_success 'spoold and a runner' '
	daemons_start && make_job first <<<true && drop_mv first && wait_done first
'

test_expect_success 'news overflow while spoold stands still; what came behind them is found all the same' '
	kill -STOP ${LIB_PID[spoold]} && flood && make_job behind <<<true && drop_mv behind &&
	kill -CONT ${LIB_PID[spoold]} && wait_done behind && wait_until 10 check_share
'

test_done
