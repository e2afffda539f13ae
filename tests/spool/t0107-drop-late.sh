#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Drops that change at the last moment: after all was still for a settle time, while they are
# examined.
#
# Fails if spoold/enqueue.c does not look again after the move to queued/.
test_description='a folder that changes while it is examined goes back to incoming until quiet'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=150ms"
. "$SRCDIR/tests/drops.sh"

test_expect_success 'spoold starts' '
	share_new && spoold_start
'

# A large input takes a while to hash: in that time a small one is changed, by path, with nobody
# holding it open. The manifest is then of a state that is gone.

# change_while_hashed NAME FILE COMMAND...: waits until spoold reads NAME/large.dat, runs the
# command, waits until the folder was put back because of FILE.
change_while_hashed() {
	local name=$1 file=$2
	shift 2
	wait_until 10 spoold_reads "*/$name/large.dat" && "$@" &&
		wait_until 10 returned "$name" "$file"
}
returned() { events | grep " return .*folder=[0-9]*-$1 .*why=$2:"; }
append() { echo more >>"$1"; }

# make_large NAME: large without taking room; early.dat comes first in the alphabet, so it is hashed
# already.
make_large() {
	make_job "$1" <<<true && truncate -s 60M "$1/large.dat" && echo 1 >"$1/early.dat"
}

test_expect_success 'a file that changes while the folder is examined: back to incoming' '
	make_large late && drop_mv late &&
	change_while_hashed late early.dat append "$INCOMING/late/early.dat" &&
	folder=$(wait_in queued late) && test $(wc -l <"$folder/early.dat") = 2 &&
	manifest_fits "$folder"
'

test_expect_success 'a file that is added' '
	make_large plus && drop_mv plus &&
	change_while_hashed plus new.dat append "$INCOMING/plus/new.dat" &&
	folder=$(wait_in queued plus) && test -s "$folder/new.dat" && manifest_fits "$folder"
'

test_expect_success 'a file that is removed' '
	make_large less && drop_mv less &&
	change_while_hashed less early.dat rm "$INCOMING/less/early.dat" &&
	folder=$(wait_in queued less) && test ! -e "$folder/early.dat" && manifest_fits "$folder"
'

test_expect_success 'a file that is replaced by one of the same size and time' '
	make_large same && echo 2 >other && touch -r same/early.dat other && drop_mv same &&
	change_while_hashed same early.dat mv other "$INCOMING/same/early.dat" &&
	folder=$(wait_in queued same) && test "$(cat "$folder/early.dat")" = 2 &&
	manifest_fits "$folder"
'

test_expect_success 'a changed folder leaves nothing of ours behind, ids are spent once' '
	test "$(events | grep -o " return id=[0-9]*" | sort | uniq -d)" = "" &&
	wait_incoming_empty && check_share
'

test_done
