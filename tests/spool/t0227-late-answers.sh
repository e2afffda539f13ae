#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# "spoolctl submit --wait" waits for replies/admit.<nonce>, for ever if it must.
#
# Fails if admit.c does not record the nonce in the manifest, or schedule.c (found.c, for a job that
# is active) does not look for the reply; and if control.c forgets a reply that it could not write.
test_description='whoever submits gets an answer, whatever happens to spoold and the share'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=150ms -o scan=300ms -o publish=300ms"

submit() { spoolctl submit --wait "$1" >"$1.out" 2>&1 & SUBMIT=$!; }
submitted() { wait_until 20 lib_dead $SUBMIT && cat "$1.out" && grep "submitted as" "$1.out" && wait $SUBMIT; }
replies() { ls "$SHARE"/spool/replies/admit.*; }
no_replies() { ! replies; }

test_expect_success 'spoold dies when the folder has just moved to queued/' '
	share_new && SHIM_MATCH=spool/queued/ SHIM_KILL_AFTER=1 spoold_spawn &&
	wait_until 10 spoold_is_up && make_job first <<<true && submit first && spoold_wait_end &&
	test $LIB_STATUS = 137 && jobs_in queued first | grep . && no_replies && spoold_start &&
	wait_until 10 replies && runner_start r1 && wait_done first && submitted first
'

test_expect_success 'the answer that lay in the memory of the server is lost with it' '
	rm "$SHARE"/spool/replies/admit.* && make_job second <<-EOF && submit second &&
		while [ ! -e "$PWD/go" ]; do sleep 0.1; done
	EOF
	wait_in active second && wait_until 10 replies && spoold_kill9 &&
	rm "$SHARE"/spool/replies/admit.* && spoold_start && wait_until 10 replies && touch go &&
	wait_done second && submitted second
'

unwritten() { grep "an answer cannot be written" "$LOGS/spoold.log"; }
test_expect_success 'replies/ takes no files for a while' '
	rm "$SHARE"/spool/replies/admit.* && chmod 555 "$SHARE/spool/replies" &&
	make_job third <<<true && submit third && wait_done third && wait_until 10 unwritten &&
	no_replies && chmod 755 "$SHARE/spool/replies" && submitted third
'

inode() { stat -c %i "$SHARE"/spool/replies/admit.*; }
test_expect_success 'who has been answered is not answered again' '
	runner_stop r1 && rm "$SHARE"/spool/replies/admit.* && make_job fourth <<<true &&
	submit fourth && wait_until 10 replies && before=$(inode) && spoold_stop && spoold_start &&
	runner_start r1 && wait_done fourth && submitted fourth && test "$(inode)" = "$before"
'

test_expect_success 'every job is in one place' '
	wait_until 10 check_share
'

test_done
