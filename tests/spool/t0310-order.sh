#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Both daemons write down their calls (tests/tools/shim.c) while one job goes its way. Then every line of the table below must
# hold: between a first call and a later one, the file named has been synced (by a sync that began after the first and ended
# before the second). So a power cut at any instant leaves what a crash leaves.
test_description='write, sync, rename, sync before the next step'
. "$(dirname "$0")/../lib.sh"

SPOOLD_OPTS='-o beat=30m -o lease=2h -o publish=1h'

test_expect_success 'one job, traced' '
	share_new &&
	SHIM_TRACE=$TEST_ROOT/spoold.trace spoold_start &&
	SHIM_TRACE=$TEST_ROOT/r1.trace runner_start r1 &&
	make_job one <<-\END &&
	echo result >result.txt
	END
	drop_mv one && wait_done one &&
	wait_until 10 sh -c "! ls \"$SHARE/spool/claims/r1\" | grep -v README" &&
	runner_stop r1 && spoold_stop
'

# must TRACE 'FIRST CALL' SYNCED 'LATER CALL': FIRST and LATER are "call path..." with * for anything, the last FIRST before LATER counts; SYNCED is
# the path that must be synced in between. Paths are below spool/. The reply to a client, RID, is matched by *.
must() {
	awk -v first="$2" -v synced="$3" -v later="$4" -v top="$(realpath "$SHARE")/spool/" '
	function pattern(glob) {
		gsub(/[.]/, "[.]", glob)
		gsub(/[*]/, ".*", glob)
		return "^" glob "$"
	}
	{
		call = $3
		for (i = 5; i <= NF; i++) {
			path = $i
			if (index(path, top) == 1)
				path = substr(path, length(top) + 1)
			call = call " " path
		}
		gsub(top, "", call)
		done_well = $4 == 0
		calls[NR] = call; ok[NR] = done_well
	}
	END {
		f = pattern(first); l = pattern(later); s = pattern(synced)
		for (n = 1; n <= NR && !to; n++)
			if (ok[n] && calls[n] ~ l)
				to = n
		if (!to) { print "never: " later; exit 1 }
		for (n = to - 1; n > 0 && !from; n--)
			if (ok[n] && calls[n] ~ f)
				from = n
		if (!from) { print "not before it: " first; exit 1 }
		for (n = from + 1; n < to; n++) {
			split(calls[n], word, " ")
			if (word[1] ~ /^(fsync|fdatasync|syncfs)-begin$/ && (word[1] ~ /^syncfs/ || word[2] ~ s)) {
				name = word[1]; sub(/-begin$/, "", name); began = 1
				for (m = n + 1; m < to; m++)
					if (ok[m] && (calls[m] == name " " word[2]))
						exit 0
			}
		}
		print "not synced: " synced " between line " from " (" calls[from] ") and line " to " (" calls[to] ")"
		exit 1
	}' "$1"
}

spoold_must() { must "$TEST_ROOT/spoold.trace" "$@"; }
runner_must() { must "$TEST_ROOT/r1.trace" "$@"; }

test_expect_success 'admit: the manifest, then the rename, then the ticket' '
	spoold_must "write incoming/one/.spool-manifest" incoming/one/.spool-manifest "rename incoming/one queued/1-one" &&
	spoold_must "write incoming/one/.spool-manifest" incoming/one "rename incoming/one queued/1-one" &&
	spoold_must "rename incoming/one queued/1-one" queued "open* claims/r1/.tmp-1.1" &&
	spoold_must "rename incoming/one queued/1-one" "incoming*" "open* claims/r1/.tmp-1.1"
'

test_expect_success 'offer: the ticket, then the folder, then the offer' '
	spoold_must "write claims/r1/.tmp-1.1" claims/r1/.tmp-1.1 "rename queued/1-one active/1.1-one" &&
	spoold_must "write claims/r1/.tmp-1.1" claims/r1 "rename queued/1-one active/1.1-one" &&
	spoold_must "rename queued/1-one active/1.1-one" active "rename claims/r1/.tmp-1.1 claims/r1/1.1.offer" &&
	spoold_must "rename queued/1-one active/1.1-one" queued "rename claims/r1/.tmp-1.1 claims/r1/1.1.offer"
'

test_expect_success 'claim and finish: the stamp before the start, results and outcome before the report' '
	runner_must "write claims/r1/1.1.claim.*" "claims/r1/1.1.claim.*" "rename claims/r1/1.1.claim.* claims/r1/1.1.done.*" &&
	runner_must "rename claims/r1/1.1.offer claims/r1/1.1.claim.*" claims/r1 "rename claims/r1/1.1.claim.* claims/r1/1.1.done.*" &&
	runner_must "rename claims/r1/1.1.offer claims/r1/1.1.claim.*" active/1.1-one/result.txt "rename claims/r1/1.1.claim.* claims/r1/1.1.done.*" &&
	runner_must "rename claims/r1/1.1.offer claims/r1/1.1.claim.*" active/1.1-one "rename claims/r1/1.1.claim.* claims/r1/1.1.done.*"
'

test_expect_success 'file: job.result, then the folder, then the ticket is swept' '
	spoold_must "write active/1.1-one/.tmp-job.result" "active/1.1-one/*job.result" "rename active/1.1-one done/1-one" &&
	spoold_must "rename active/1.1-one/.tmp-job.result active/1.1-one/job.result" active/1.1-one "rename active/1.1-one done/1-one" &&
	spoold_must "rename active/1.1-one done/1-one" "done" "unlink claims/r1/1.1.done.*" &&
	spoold_must "rename active/1.1-one done/1-one" active "unlink claims/r1/1.1.done.*"
'

test_expect_success 'the checker itself finds a missing sync' '
	test_must_fail spoold_must "rename incoming/one queued/1-one" nowhere "rename queued/1-one active/1.1-one" &&
	test_must_fail spoold_must "rename queued/1-one active/1.1-one" queued "rename incoming/one queued/1-one"
'

test_done
