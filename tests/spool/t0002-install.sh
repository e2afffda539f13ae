#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='make install puts everything below DESTDIR and make uninstall takes it away'
NEED_TREE=1
. "$(dirname "$0")/../lib.sh"

install_to() {	# TARGET
	make -C "$SRCDIR" -o all BUILD="$BUILD" DESTDIR="$PWD/root" PREFIX=/usr "$1"
}

test_expect_success 'install takes what was built' '
	install_to install
'

test_expect_success 'programs run and find the layout of a share beside them' '
	root/usr/bin/spoold --version && root/usr/bin/spool-runner --version &&
	root/usr/bin/spoolctl init share &&
	test -f share/apps/damper/current && test -d share/spool/incoming
'

test_expect_success 'manual pages, completion, units with the path of the programs' '
	test -f root/usr/share/man/man8/spoold.8 && test -f root/usr/share/man/man7/spool.7 &&
	test -f root/usr/share/bash-completion/completions/spoolctl &&
	grep ExecStart=/usr/bin/spoold root/usr/lib/systemd/system/spoold.service &&
	grep ExecStart=/usr/bin/spool-runner root/usr/lib/systemd/system/spool-runner.service &&
	! grep -r @BINDIR@ root
'

test_expect_success 'uninstall leaves nothing but folders' '
	install_to uninstall && test -z "$(find root ! -type d)"
'

test_done
