#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What ends without having run is owed a word of why; what is asked for, a true answer. Errors that
# pass must not take them.
#
# Fails if in spoold/reject.c told() or discard() goes on after an error that may pass, if in scan.c a
# refused job that waits in queued/ is taken for one in line, if in control.c a listing that failed
# means "there is no such job"; and if in enqueue.c old_home() takes a manifest that cannot be read for
# one that is missing.
test_description='a full disk or a file that cannot be read for a while takes no answer away'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=200ms -o publish=300ms"
. "$SRCDIR/tests/drops.sh"

# failing TEXT ERRNO: spoold anew; what has TEXT in its path cannot be opened. works: it can again.
failing() {
	spoold_stop && : >"$LOGS/spoold.log" &&
	SHIM_FAIL=$1 SHIM_FAIL_WITH=$2 SHIM_FAIL_WHILE=$PWD/broken spoold_start && touch broken
}
works() { rm broken; }
ENOSPC=28 EIO=5
unwritten() { grep "the answer cannot be written" "$LOGS/spoold.log"; }

test_expect_success 'spoold starts' '
	share_new && spoold_start
'

test_expect_success 'a cancelled job that waits' '
	make_job c1 <<<true && drop_mv c1 && wait_in queued c1 && failing .tmp-job.result $ENOSPC &&
	touch "$SHARE/spool/requests/cancel-$(job_id c1)" && wait_until 10 unwritten &&
	wait_in queued c1 && works && folder=$(wait_failed c1) && grep CANCELLED "$folder/job.result"
'

test_expect_success 'a drop that is rejected: it is not answered elsewhere' '
	make_job r1 "tll = 1" && failing .tmp-REJECTED.txt $EIO && drop_mv r1 &&
	wait_until 10 unwritten && still_incoming r1 && works && folder=$(wait_failed r1) &&
	grep "tll" "$folder/REJECTED.txt" && ! grep "could not be moved" "$folder/REJECTED.txt" &&
	test -e "$folder/job.conf" && ! test -e "$INCOMING/r1"
'

test_expect_success 'a single file' '
	printf "\177ELF" >odd.xyz && failing .tmp-job.result $EIO && drop odd.xyz &&
	wait_until 10 unwritten && works && folder=$(wait_failed odd.xyz) &&
	grep REJECTED "$folder/job.result" && test -e "$folder/REJECTED.txt"
'

test_expect_success 'a waiting job that is refused' '
	make_job q1 <<<true && drop_mv q1 && folder=$(wait_in queued q1) &&
	failing .tmp-REJECTED.txt $ENOSPC && spoold_kill9 && : >"$folder/.spool-manifest" &&
	SHIM_FAIL=.tmp-REJECTED.txt SHIM_FAIL_WHILE=$PWD/broken spoold_start &&
	wait_until 10 unwritten && wait_in queued q1 && works && folder=$(wait_failed q1) &&
	grep "damaged record" "$folder/REJECTED.txt" && grep REJECTED "$folder/job.result"
'

no_answer() { grep "cannot be looked for" "$LOGS/spoold.log" && ! test -e "$SHARE/spool/replies/$1"; }
answered() { grep "$2" "$SHARE/spool/replies/$1"; }
test_expect_success 'the removal of an ended job' '
	id=$(job_id c1) && chmod 000 "$SHARE/spool/failed" && touch "$SHARE/spool/requests/rm-$id" &&
	wait_until 10 no_answer rm-$id && chmod 755 "$SHARE/spool/failed" &&
	wait_until 10 answered rm-$id "^ok" && touch "$SHARE/spool/requests/rm-77" &&
	wait_until 10 answered rm-77 "no job of that number"
'

waits() { grep "cannot be put back into incoming/ now" "$LOGS/spoold.log"; }
test_expect_success 'a job that changed goes back under its own name, if it takes a while' '
	make_job "Turned Round" <<<true && drop_mv "Turned Round" &&
	folder=$(wait_in queued turned_round) && spoold_stop && echo more >"$folder/more" &&
	touch broken && SHIM_FAIL=turned_round/.spool-manifest SHIM_FAIL_WITH=$EIO SHIM_FAIL_AFTER=2 \
		SHIM_FAIL_WHILE=$PWD/broken spoold_start && runner_start lab && wait_until 10 waits &&
	test -e "$folder/.spool-manifest" && works && folder=$(wait_done turned_round) &&
	grep "^name Turned.x20Round" "$folder/.spool-manifest" &&
	grep " more$" "$folder/.spool-manifest" && ! test -e "$folder/attempts"
'

test_done
