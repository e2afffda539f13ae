#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='root is nobody, one credential for all: what works, and what is refused with a reason'
. /lab/lib.sh
RUNNERS=c1

test_expect_success "$MEDIUM: a runner that runs as spool works, though root of its host may nothing" '
	daemons_start && people_job plain <<-"EOF" &&
		id -un
	EOF
	if [ "$MEDIUM" != smb ]; then test_must_fail on c1 touch /srv/share/spool/incoming/root; fi &&
	as alice c3 sh -c "umask 002; exec spoolctl submit --wait /home/alice/plain" &&
	test "$(cat /srv/share/spool/done/1-plain/stdout.txt)" = spool
'

test_expect_success "$MEDIUM: a runner of root is refused" '
	test_must_fail on c2 spool-runner --share /srv/share --name c2 --state /run/c2 --foreground 2>err &&
	cat err && grep root err
'

test_expect_success "$MEDIUM: alice may not write orders, and is told who owns what on this medium" '
	if [ "$MEDIUM" = smb ]; then
		as alice c3 spoolctl doctor --quick >out; cat out && grep "credential" out
	else
		test_must_fail as alice c3 touch /srv/share/spool/claims/c1/1.1.cancel
	fi
'

test_expect_success "$MEDIUM: what alice has dropped on NFS is hers to cancel, and not for bob" '
	people_job long <<-"EOF" &&
		sleep 300
	EOF
	id=$(as alice c3 sh -c "umask 002; exec spoolctl submit --parsable /home/alice/long") &&
	if [ "$MEDIUM" != smb ]; then test_must_fail as bob c3 spoolctl cancel "$id"; fi &&
	as alice c3 spoolctl cancel "$id" && TIME_LIMIT=60 wait_failed long
'

unsafe=nocto
[ "$MEDIUM" != smb ] || unsafe=cache=loose

test_expect_success "$MEDIUM: doctor finds nothing unsafe in the mount of spool-share(7)" '
	as spool c1 spoolctl doctor --quick --json >out; jq . out &&
	test "$(jq "[.. | objects | select(.level? == \"unsafe\")] | length" out)" = 0
'

test_expect_success "$MEDIUM: a mount with $unsafe is refused by the runner, with the words of doctor" '
	client_leave c2 && LAB_OPTIONS=,$unsafe up "$MEDIUM" c2 &&
	on c2 install -d -o spool -g spool /var/lib/spool/runner &&
	test_expect_code 1 as spool c2 spool-runner --share /srv/share --name c2 --state /var/lib/spool/runner --foreground 2>err &&
	test_expect_code 1 as spool c2 spoolctl doctor --quick --json >out && cat err &&
	jq -r ".. | objects | select(.level? == \"unsafe\") | .found" out >found && cat found && test -s found &&
	tr -s " \n" " " <err | grep -F "$(head -n 1 found)"
'

test_expect_success "$MEDIUM: and works there if it is told to" '
	runner_start c2 -o allow_unsafe_mount=yes && runner_stop c2
'

test_done
