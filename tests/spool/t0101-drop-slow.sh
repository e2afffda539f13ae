#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Drops that take their time, pause, or look like copies in progress.
#
# Fails if in spoold/drops.c a drop is complete a settle time after it was first seen: the bursts
# (no comparison of two
# looks), the file held open (no writer test), the names of copies in progress.
test_description='a drop that is written slowly or with pauses is admitted when it is whole'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=1s"
. "$SRCDIR/tests/drops.sh"

# Writes 30 MB in 12 bursts, each opened and closed for itself, with pauses of a good part of the
# settle time between.
write_in_bursts() {	# FILE
	local - i
	set +x
	for i in $(seq 12); do
		head -c 2621440 /dev/urandom >>"$1" && sleep 0.2 || return 1
	done
}

test_expect_success 'spoold starts' '
	share_new && spoold_start
'

# Nobody has the file open during the pauses: only the comparison of two looks shows that it grows.
test_expect_success '30 MB in bursts: admitted when whole, with the hash of all of it' '
	make_job slow <<<true && drop slow &&
	write_in_bursts "$INCOMING/slow/big.dat" && still_incoming slow &&
	hash=$(sha256sum <"$INCOMING/slow/big.dat" | cut -d " " -f 1) &&
	folder=$(wait_in queued slow) &&
	test $(stat -c %s "$folder/big.dat") = 31457280 && manifest_fits "$folder" &&
	grep "^f 31457280 .* $hash big.dat$" "$folder/.spool-manifest"
'

test_expect_success 'a single file in bursts' '
	echo "#" >"$INCOMING/slow.py" &&
	write_in_bursts "$INCOMING/slow.py" && still_incoming slow.py &&
	folder=$(wait_in queued slow.py) && test $(stat -c %s "$folder/slow.py") = 31457282 &&
	manifest_fits "$folder"
'

test_expect_success 'spoold with a shorter settle time' '
	spoold_stop && SPOOLD_OPTS="-o settle=150ms -o incoming_patience=2s -o scan=500ms" &&
	spoold_start
'

test_expect_success 'a pause longer than the settle time, while the file is held open' '
	make_job held <<<true && drop held && exec 9>"$INCOMING/held/data.csv" && echo 1 >&9 &&
	drops_pass && still_incoming held && echo 2 >&9 &&
	drops_pass && still_incoming held && exec 9>&- &&
	folder=$(wait_in queued held) && test "$(cat "$folder/data.csv")" = "1
2" && manifest_fits "$folder"
'

test_expect_success 'the same, of a single file' '
	exec 9>"$INCOMING/held.py" && echo "print(1)" >&9 &&
	drops_pass && still_incoming held.py && echo "print(2)" >&9 && exec 9>&- &&
	folder=$(wait_in queued held.py) && test $(grep -c print "$folder/held.py") = 2
'

test_expect_success 'the same, of a file deep in the folder, opened for reading and writing' '
	make_job deep <<<true && mkdir -p deep/a/b/c && echo 1 >deep/a/b/c/d && drop deep &&
	exec 9<>"$INCOMING/deep/a/b/c/d" &&
	drops_pass && still_incoming deep && exec 9>&- && wait_in queued deep
'

test_expect_success 'a file that is only read by somebody does not hold up anything' '
	make_job read <<<true && echo 1 >read/data && exec 9<read/data && drop_mv read &&
	make_job again <<<true && echo 1 >again/data && cp -r again "$INCOMING/" &&
	exec 8<"$INCOMING/again/data" &&
	wait_in queued read && wait_in queued again && exec 8<&- 9<&-
'

# Names that tell of a copy in progress, with nobody at work: it may be another machine that pauses.
names="big.dat.part big.dat.partial big.dat.filepart big.crdownload big.download .big.dat.Xy12aB"
single=".sim.py.Xy12aB sim.py.part .photo.png.00aBcD"

test_expect_success 'names of copies in progress: of browsers, WinSCP, rsync' '
	for name in $names; do
		make_job "in$name" <<<true && echo 1 >"in$name/$name" || return 1
	done &&
	make_job delayed <<<true && mkdir -p delayed/sub/.~tmp~ &&
	echo 1 >delayed/sub/.~tmp~/big.dat &&
	make_job broken <<<true && mkdir -p broken/.rsync-partial &&
	echo 1 >broken/.rsync-partial/big.dat &&
	for name in $single; do echo "print(1)" >$name || return 1; done &&
	drop in* delayed broken $single && drops_pass 3 && still_incoming in* delayed broken $single
'

told() { grep -F "\"$1\" has been incomplete" "$LOGS/spoold.log"; }

test_expect_success 'they are told in the log once, after incoming_patience, and stay' '
	for name in inbig.dat.part in.big.dat.Xy12aB delayed sim.py.part .photo.png.00aBcD; do
		wait_until 10 told $name || return 1
	done &&
	drops_pass 3 && still_incoming in* delayed broken $single &&
	test $(told delayed | wc -l) = 1 && test $(told sim.py.part | wc -l) = 1
'

test_expect_success 'they are admitted when the name is right' '
	for name in $names; do mv "$INCOMING/in$name/$name" "$INCOMING/in$name/big.dat" ||
	return 1; done &&
	mv "$INCOMING"/delayed/sub/.~tmp~/big.dat "$INCOMING/delayed/sub/" &&
	rmdir "$INCOMING/delayed/sub/.~tmp~" &&
	mv "$INCOMING"/broken/.rsync-partial/big.dat "$INCOMING/broken/" &&
	rmdir "$INCOMING/broken/.rsync-partial" &&
	mv "$INCOMING/sim.py.part" "$INCOMING/sim.py" &&
	mv "$INCOMING/.sim.py.Xy12aB" "$INCOMING/other.py" &&
	rm "$INCOMING/.photo.png.00aBcD" &&
	wait_in queued sim.py && wait_in queued other.py && wait_in queued delayed &&
	wait_in queued broken &&
	for name in $names; do
		folder=$(wait_in queued "in${name,,}") && test -f "$folder/big.dat" &&
		manifest_fits "$folder" || return 1
	done && wait_incoming_empty
'

test_expect_success 'nothing is left in incoming, every job is in one place' '
	wait_incoming_empty && check_share
'

test_done
