#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fails if tests/demo/demo.sh starts its runners without allow_root when root starts it.
NEED_ROOT="the demo is tried as root, too"
NEED_TREE=1
test_description='"make demo", the first thing that README asks for, works for root and for an ordinary user'
. "$(dirname "$0")/../lib.sh"

demo() { TMPDIR=$1 "${@:2}" "$SRCDIR/tests/demo/demo.sh" "$BUILD" >out 2>&1 || { cat out; return 1; }; }

test_expect_success 'root' '
	mkdir root && demo "$PWD/root" && grep "allow_root" out && test -s root/spool-demo.*/share/damper.svg
'

# The tree may lie where nobody may look: then the case is skipped, and says so.
lib_as_nobody test -r "$SRCDIR/tests/demo/demo.sh" -a -x "$BUILD/bin/spoold" && test_set_prereq TREE_OPEN_TO_ALL

test_expect_success TREE_OPEN_TO_ALL 'an ordinary user' '
	mkdir user && chown nobody user && chmod 755 "$TEST_ROOT" . && demo "$PWD/user" lib_as_nobody &&
	! grep "allow_root" out && test -s user/spool-demo.*/share/damper.svg
'

test_done
