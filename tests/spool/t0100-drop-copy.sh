#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ways to copy a folder. Each copy is stopped in its middle for longer than the settle time: a
# coordinator that only waits
# takes half of it.
#
# Fails if in spoold/drops.c a drop is complete a settle time after it was first seen: cp -r, mv
# from
# another file system, rsync (no writer test, no names of copies in progress), mv within the share
# (no "whole": it waits
# a settle time), and the copy into @python3.
test_description='cp -r, mv, rsync -a: a folder is admitted when it is whole'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=150ms"
. "$SRCDIR/tests/drops.sh"

make_folder() {	# NAME: several levels, an empty folder and a large file
	make_job "$1" 'ttl = 1m' <<<'cat in/deep/large.dat >copy.dat' &&
	make_data "$1/in/deep/large.dat" 3000 && make_data "$1/in/small.dat" 1 && mkdir "$1/empty"
}

test_expect_success 'spoold starts' '
	share_new && spoold_start
'

test_expect_success 'cp -r' '
	make_folder frogs && hold large.dat cp -r frogs "$INCOMING/" &&
	drops_pass && still_incoming frogs &&
	release && folder=$(wait_in queued frogs) && whole "$folder" frogs
'

test_expect_success 'cp -r of 50 files' '
	make_job fifty <<<true &&
	for i in $(seq 10 59); do make_data fifty/part$i.dat 60 || return 1; done &&
	hold "part[3-5]?.dat" cp -r fifty "$INCOMING/" &&
	drops_pass && still_incoming fifty &&
	release && folder=$(wait_in queued fifty) && whole "$folder" fifty &&
	test $(ls "$folder" | wc -l) = 52
'

test_expect_success 'cp -a keeps old times: a folder that looks old is not taken earlier' '
	make_folder newts && find newts -exec touch -h -d "2001-01-01" {} + &&
	hold large.dat cp -a newts "$INCOMING/" &&
	drops_pass && still_incoming newts &&
	release && folder=$(wait_in queued newts) && whole "$folder" newts &&
	same_listing newts "$folder"
'

# /dev/shm is a file system of its own, so mv copies file by file.
test_expect_success 'mv from another file system' '
	other=$(mktemp -d /dev/shm/spool-test.XXXXXX) && test_when_finished "rm -rf $other" &&
	test $(stat -c %d $other) != $(stat -c %d "$INCOMING") &&
	make_folder toads && cp -r toads $other/ &&
	hold large.dat mv $other/toads "$INCOMING/" &&
	drops_pass && still_incoming toads &&
	release && folder=$(wait_in queued toads) && whole "$folder" toads
'

test_expect_success 'rsync -a' '
	make_folder newt && hold ".large.dat.??????" rsync -a newt "$INCOMING/" &&
	drops_pass && still_incoming newt &&
	release && folder=$(wait_in queued newt) && whole "$folder" newt
'

test_expect_success 'rsync -a --delay-updates: files wait under other names' '
	make_folder crab && hold ".large.dat.??????" rsync -a --delay-updates crab "$INCOMING/" &&
	test -f "$INCOMING/crab/in/.~tmp~/small.dat" &&
	drops_pass && still_incoming crab &&
	release && folder=$(wait_in queued crab) && whole "$folder" crab
'

test_expect_success 'rsync -a again while the folder waits: one job, of the second state' '
	make_folder ants && hold ".large.dat.??????" rsync -a ants "$INCOMING/" &&
	make_data ants/in/small.dat 2 && make_data ants/in/more.dat 1 &&
	hold ".large.dat.??????" rsync -a ants "$INCOMING/" &&
	drops_pass && still_incoming ants &&
	release && folder=$(wait_in queued ants) && whole "$folder" ants && wait_incoming_empty
'

# The last of the first run is ours by now: what rsync brings anew is a drop of its own.
test_expect_success 'rsync -a again after the folder was admitted: a second job' '
	rsync -a ants "$INCOMING/" && wait_in queued ants 2 >folders &&
	while IFS= read -r folder; do whole "$folder" ants || return 1; done <folders
'

test_expect_success 'cp -r into the drop box of an application' '
	make_data snail/large.dat 3000 && echo "print(1)" >snail/run.odd &&
	echo "input = \"run.odd\"" >snail/job.conf &&
	hold large.dat cp -r snail "$INCOMING/@python3/" &&
	drops_pass && still_incoming @python3/snail &&
	release && folder=$(wait_in queued snail) && whole "$folder" snail &&
	grep "^app python3/1$" "$folder/.spool-manifest"
'

# One rename is the whole arrival: nobody waits, whatever the settle time is.
test_expect_success 'mv within the share is taken at once' '
	spoold_stop && SPOOLD_OPTS="-o settle=1h" && spoold_start &&
	make_folder moles && cp -r moles moved && mv moved "$INCOMING/moles" &&
	folder=$(wait_in queued moles) && whole "$folder" moles &&
	make_folder mice && drop_mv mice && wait_in queued mice
'

test_expect_success 'an empty folder that is moved in and filled there has to settle' '
	spoold_stop && SPOOLD_OPTS="-o settle=150ms" && spoold_start &&
	mkdir voles && drop_mv voles && drops_pass 1 &&
	make_folder vole && hold large.dat cp -r vole/. "$INCOMING/voles/" &&
	drops_pass && still_incoming voles &&
	release && folder=$(wait_in queued voles) && whole "$folder" vole
'

test_expect_success 'a folder renamed within incoming, as file managers do, has to settle' '
	mkdir "$INCOMING/New folder" && mv "$INCOMING/New folder" "$INCOMING/goat" &&
	make_folder goat && hold large.dat cp -r goat/. "$INCOMING/goat/" &&
	drops_pass && still_incoming goat &&
	release && folder=$(wait_in queued goat) && whole "$folder" goat
'

test_expect_success 'nothing is left in incoming, every job is in one place' '
	wait_incoming_empty && check_share
'

test_done
