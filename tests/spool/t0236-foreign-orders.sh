#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fails if in spoold/control.c the owner of a request does not count.
NEED_ROOT="asks as two users"
test_description='jobs of others are neither cancelled nor removed'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=200ms -o publish=300ms"
as() { setpriv --reuid="$1" --regid=nogroup --clear-groups --inh-caps=-all -- "${@:2}"; }
REQUESTS=$TEST_ROOT/share/spool/requests
daemon_spawn() { lib_spawn spoold setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all -- "$@"; }

test_expect_success 'spoold runs as nobody; jobs of games and of sys wait' '
	chmod 755 "$TEST_ROOT" "$PWD" && share_new && chown -R nobody:nogroup "$SHARE" "$STATE" && chmod 1777 "$SHARE/spool/incoming" "$REQUESTS" &&
	daemon_spawn spoold --share "$SHARE" --state "$STATE/spoold" --foreground $SPOOLD_OPTS && wait_until 10 spoold_is_up &&
	for who in games sys; do
		make_job of-$who "runner = \"nobody-here\"" <<<true && chmod -R a+rwX of-$who && as $who cp -r of-$who "$SHARE/spool/incoming/" &&
		chmod -R a+rwX "$SHARE/spool/incoming/of-$who" && wait_in queued of-$who || return 1
	done
'

test_expect_success 'sys may not cancel the job of games, and is told why' '
	id=$(job_id of-games) && as sys touch "$REQUESTS/cancel-$id" && wait_until 10 grep "belongs to another user" "$SHARE/spool/replies/cancel-$id" &&
	wait_until 10 test ! -e "$REQUESTS/cancel-$id" && test -n "$(jobs_in queued of-games)"
'

test_expect_success 'games may' '
	as games touch "$REQUESTS/cancel-$id" && folder=$(wait_failed of-games) && grep "cancelled by games" "$folder/job.result"
'

test_expect_success 'sys may not remove what is left of it; games may' '
	as sys touch "$REQUESTS/rm-$id" && wait_until 10 grep "belongs to another user" "$SHARE/spool/replies/rm-$id" &&
	wait_until 10 test ! -e "$REQUESTS/rm-$id" && test -d "$folder" && as games touch "$REQUESTS/rm-$id" && wait_until 10 test ! -e "$folder"
'

test_expect_success 'every job is in one place' '
	wait_until 10 check_share
'

test_done
