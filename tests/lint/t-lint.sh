#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The quick part of "make lint", so that nobody learns of it from CI only.
test_description='house rules: words, lengths, doors, layers, manual pages, the list of files, the table of faults'
NEED_TREE=1
. "$(dirname "$0")/../lib.sh"

for check in words length doors layers man tree faults; do
	test_expect_success "tests/lint/$check" '
		"$SRCDIR/tests/lint/$check"
	'
done

# The sample configuration is made by the programs, from the same table as the options themselves.
for pair in spoold:spoold.conf spool-runner:runner.conf; do
	program=${pair%:*} sample=${pair#*:}
	test_expect_success "etc/$sample is what $program --config-sample prints (make sample-conf)" '
		"$program" --config-sample >found &&
		test_cmp "$SRCDIR/etc/$sample" found
	'
	test_expect_success "$program accepts the sample" '
		"$program" -c "$SRCDIR/etc/$sample" --share /nowhere --config-check
	'
done

test_done
