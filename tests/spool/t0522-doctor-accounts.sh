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

test_done
