#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# spoolctl doctor on owners: whose the share is, whether daemons and people of this host may do there what they have to.
NEED_ROOT="accounts"
test_description='spoolctl doctor: the account of the daemons, owners, people'
. "$(dirname "$0")/../lib.sh"
. "$SRCDIR/tests/doctor.sh"

# fresh: the share as README makes it, spool's, with drop boxes for spoolers.
fresh() {
	rm -rf "$M" && ./init && (cd "$M/spool" && chgrp 1235 incoming incoming/@* requests && chmod 3775 incoming incoming/@* requests)
}

# unsafe_are NUMBER [TOPIC]: so many findings of the last doctor are unsafe.
unsafe_are() {
	[ "$(jq --arg t "${2:-}" '[.doctor.findings[] | select(.level == "unsafe" and (.topic | startswith($t)))] | length' out)" = "$1" ]
}

test_expect_success 'the share of the manual is in order for root, spool and alice' '
	fresh && ./doctor 0 && finds layout.account fine "user 1234 (spool)" &&
	./doctor 0 1234 && finds layout.account fine "this account, user 1234 (spool), may write" && finds layout.modes fine "as they should" &&
	./doctor 0 5001 && finds layout.account untried "runuser -u spool -- spoolctl doctor --share $M"
'

test_expect_success 'init was typed as root: said to root and to spool, and the remedy helps' '
	rm -rf "$M" && spoolctl init "$M" && ./doctor 1 && finds layout.account unsafe "spool/ belongs to root" &&
	finds layout.account unsafe "chown spool $M/spool $M/spool/incoming" &&
	./doctor 1 1234 && finds layout.account unsafe "may not write into claims/, runners/, active/" &&
	finds layout.account unsafe "chown spool $M/spool " && ./doctor 0 5001 && unsafe_are 0 &&
	./doctor 1 && remedies layout.account && ./doctor 0 && ./doctor 0 1234 && finds layout.account fine "may write"
'

test_expect_success 'a share of root, whose runners are root'\''s too, is advice' '
	rm -rf "$M" && spoolctl init "$M" && : >"$M/spool/runners/r1.conf" && ./doctor 0 &&
	finds layout.account advice "jobs run as root"
'

test_expect_success 'spool has another number here than on the share' '
	fresh && accounts spool:x:998:998: alice:x:5001:5001: && ./doctor 1 &&
	finds layout.account unsafe "spool/ belongs to user 1234, and \"spool\" is user 998 here" &&
	finds layout.account unsafe "usermod --uid 1234 spool" && ./doctor 1 998 &&
	finds layout.account unsafe "this account, user 998 (spool), may not write into claims/" &&
	finds layout.account unsafe "as root: usermod --uid 1234 spool" &&
	accounts spool:x:998:998: other:x:1234:1234: && ./doctor 0 && accounts spool:x:998:998: other:x:234:234: &&
	chown -R 234 "$M" && ./doctor 1 && finds layout.account unsafe "234 is other here" && accounts "${EVERYBODY[@]}"
'

test_expect_success 'the owner has no account here, and there is no spool either' '
	fresh && accounts alice:x:5001:5001: && ./doctor 1 && finds layout.account unsafe "who has no account here" &&
	finds layout.account unsafe "useradd --system --uid 1234 " && accounts "${EVERYBODY[@]}"
'

test_expect_success 'a spool of one'\''s own is in order, for its owner and for root' '
	rm -rf "$M" && spoolctl init "$M" && chown -R 5002:5002 "$M" && ./doctor 0 5002 && finds layout.account fine "(bob), may write" &&
	./doctor 0 && finds layout.account fine "user 5002 (bob)"
'

test_expect_success 'what is missing is made by the owner, whoever asks' '
	fresh && rm -r "$M/spool/lost" && ./doctor 1 && finds layout.places unsafe "runuser -u spool -- spoolctl init $M" &&
	! jq -r ".doctor.findings[].remedy // empty" out | grep "^spoolctl init" && ./doctor 1 1234 &&
	jq -r ".doctor.findings[].remedy // empty" out | grep "^spoolctl init $M" && ./doctor 1 5001 &&
	finds layout.places unsafe "as root: runuser -u spool" &&
	chown 5002 "$M" "$M/spool" && ./doctor 1 && finds layout.places unsafe "runuser -u bob -- spoolctl init $M"
'

test_expect_success 'where there is no spool/ at all the account is named' '
	rm -rf "$M" && mkdir "$M" && ./doctor 1 &&
	finds share unsafe "as the account that daemons are to use, to which the folder has to belong: runuser -u spool -- spoolctl init $M" &&
	chown 1234 "$M" && ./doctor 1 && finds share unsafe "become a share: runuser -u spool -- spoolctl init $M" &&
	./doctor 1 1234 && finds share unsafe "become a share: spoolctl init $M"
'

# given PATH OWNER[:GROUP] [MODE]: the share of the manual with one thing changed.
given() {
	fresh && chown "$2" "$M/$1" && { [ $# = 2 ] || chmod "$3" "$M/$1"; }
}

test_expect_success 'what orders programs to be run belongs to spool or root, or else is unsafe, and the remedy helps' '
	for path in spool/claims/r1 apps/damper apps/damper/1 apps/damper/1/app.conf .; do
		fresh && mkdir "$M/spool/claims/r1" && chown 1234 "$M/spool/claims/r1" && chmod 777 "$M/spool/claims/r1" &&
		./doctor 1 && finds layout.claims unsafe "(mode 0777)" && chmod 755 "$M/spool/claims/r1" && ./doctor 0 &&
		chown 0 "$M/$path" && chmod a+rwx "$M/$path" && ./doctor 1 && chmod go-w "$M/$path" &&
		chown 5002 "$M/$path" && ./doctor 1 && finds layout.owner unsafe "chown 1234 $(realpath "$M/$path")" || return 1
	done && finds layout.owner unsafe "others own the top of the share: whoever owns such a folder" &&
	fresh && for n in $(seq 20); do mkdir -m 777 "$M/spool/claims/r$n" && chown 5002 "$M/spool/claims/r$n" || return 1; done &&
	./doctor 1 && finds layout.owner unsafe " and others: whoever" && chmod 755 "$M"/spool/claims/* && chown -R 1234 "$M/spool/claims" &&
	chown 5002 "$M/spool/claims/r1" "$M/apps/sh/1" && ./doctor 1 && remedies layout.owner && ./doctor 0
'

test_expect_success 'programs may be an administrator'\''s, who owns apps/' '
	fresh && chown -R 5002:5002 "$M/apps" && ./doctor 0 && finds layout.apps advice "apps/ belongs to user 5002 (bob)" &&
	unsafe_are 0 && chown 5001 "$M/apps/sh" && ./doctor 1 && finds layout.owner unsafe "others own apps/sh/:" &&
	! grep "apps/damper" out && given apps 0:0 && ./doctor 0
'

test_expect_success 'a box for other people than incoming/ is advice, and the remedy helps' '
	fresh && chgrp 1234 "$M/spool/incoming/@sh" && chmod 755 "$M/spool/incoming/@octave" && ./doctor 0 &&
	finds layout.incoming advice "@octave/" && finds layout.incoming advice "@sh/" && ! grep "boxes.*damper" out && remedies layout.incoming && ./doctor 0 &&
	finds layout.modes fine "as they should be" && test "$(stat -c %a:%g "$M/spool/incoming/@octave")" = 3775:1235 &&
	given spool/incoming/@sh 1234:1235 2775 && ./doctor 0 && finds layout.incoming advice "chmod +t $M/spool/incoming/@sh" &&
	given spool/incoming/@sh 0:0 3775 && ./doctor 1 && finds layout.owner unsafe "others own spool/incoming/@sh/"
'

test_expect_success 'who may hand in jobs, and whether the one who asks may' '
	fresh && ./doctor 0 && finds layout.people fine "by group 1235 (spoolers)" && ./doctor 0 5001 &&
	finds layout.people fine "you may" && ./doctor 0 5002 && finds layout.people advice "you, user 5002 (bob), may not" &&
	finds layout.people advice "usermod --append --groups spoolers bob" && setpriv --reuid 5001 --regid 5001 --clear-groups true &&
	sed "s/--init-groups/--clear-groups/" doctor >now && chmod +x now && ./now 0 5001 && finds layout.people advice "log in again" &&
	chmod 755 "$M/spool/requests" && ./doctor 0 5001 && finds layout.people advice "requests/ is closed to you" &&
	fresh && chmod 1777 "$M"/spool/{incoming,incoming/@*,requests} && ./doctor 0 5002 && finds layout.people fine "everybody; you may" &&
	rm -rf "$M" && ./init && ./doctor 0 && finds layout.people fine "nobody but user 1234 (spool)" && ./doctor 0 5001 &&
	finds layout.people advice "ask the owner"
'

test_expect_success 'the group of spool is not its own if others are in it' '
	fresh && chmod g+w "$M/spool/claims" && ./doctor 0 && MEMBERS=bob accounts "${EVERYBODY[@]}" && ./doctor 1 &&
	finds layout.claims unsafe "the group 1234 may write" && accounts spool:x:1234:1234: carol:x:5003:1234: && ./doctor 1 &&
	finds layout.claims unsafe "the group 1234 may write" && accounts "${EVERYBODY[@]}"
'

# A list that names one more person: version, then owner, user 5002, group, mask, others.
acl() {
	python3 -c "import os, struct, sys
os.setxattr(sys.argv[1], 'system.posix_acl_access', struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *e) for e in
	((1, 7, 2**32-1), (2, 7, 5002), (4, 5, 2**32-1), (16, 7, 2**32-1), (32, 5, 2**32-1))))" "$1"
}

mkdir probe && acl probe 2>/dev/null && test_set_prereq ACL
test_expect_success ACL 'an access list is not overlooked' '
	fresh && acl "$M/spool/runners" && chmod g-w "$M/spool/runners" && ./doctor 0 && finds layout.runners untried "getfacl $M/spool/runners" &&
	fresh && ./doctor 0 && ! grep getfacl out
'

test_done
