#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# spoolctl doctor where an ordinary user asks: what it finds in a share on a local disk, how it tells it, what it leaves.
test_description='spoolctl doctor: findings of share and host, remedies, JSON, exit codes'
. "$(dirname "$0")/../lib.sh"

# doctor CODE [OPTION...]: its JSON in out.
doctor() {
	local - want=$1 code=0
	shift
	spoolctl doctor --quick --json "$@" >out || code=$?
	[ "$code" = "$want" ] || { echo "doctor ended with $code, expected $want"; cat out; return 1; }
}

# finds TOPIC LEVEL TEXT: of the last doctor; TEXT is in what was found or in the remedy.
finds() {
	jq -e --arg t "$1" --arg l "$2" --arg x "$3" '[.doctor.findings[] | select(.topic == $t and .level == $l
		and ((.found + " " + (.remedy // "")) | contains($x)))] | length > 0' out >/dev/null ||
		{ echo "not found: $*"; jq -r '.doctor.findings[] | "\(.topic) \(.level): \(.found)"' out; return 1; }
}

test_expect_success 'a share as init lays it out is safe' '
	share_new && doctor 0 &&
	jq -e ".doctor.unsafe == 0 and .doctor.share == \"$SHARE\"" out &&
	finds share fine "is a share of version 1" && finds mount fine "is mounted at" &&
	finds mount.write fine rw && finds layout.places fine "are there" &&
	finds layout.modes fine "as they should be" && finds rename.places fine "one file system" &&
	finds rename.probe fine "renamed from requests/ to incoming/" && finds space.bytes fine free &&
	finds clock fine clock && finds fresh untried "leave out --quick" &&
	jq -e "[.doctor.findings[].topic] | index(\"host.cgroup\") and index(\"host.hardlinks\")" out
'

test_expect_success 'numbers of findings are told, and all but the fine have a remedy where there is one' '
	jq -e ".doctor | .unsafe + .advice + .untried + .fine == (.findings | length)" out &&
	jq -e "[.doctor.findings[] | select(.level == \"advice\" or .level == \"unsafe\") | .remedy] | all" out &&
	jq -e "[.doctor.findings[] | select(.level == \"fine\") | .remedy == null] | all" out
'

test_expect_success 'nothing is left behind' '
	find "$SHARE" | sort >before && doctor 0 && find "$SHARE" | sort >after && test_cmp before after
'

test_expect_success 'people get lines of 80 columns, the worst first, and the totals last' '
	chmod 1777 "$SHARE/spool/incoming" "$SHARE"/spool/incoming/@* && chmod 0777 "$SHARE/spool/claims" "$SHARE/spool/done" &&
	test_expect_code 1 spoolctl doctor --quick >text && grep -v "chmod\|chown\|/spool/" text | wc -L >columns &&
	test "$(cat columns)" -le 80 &&
	head -n 1 text | grep "^UNSAFE    layout.claims: everybody may write into spool/claims/" &&
	grep "^ *do: chmod o-w $SHARE/spool/claims$" text &&
	grep "^advice    layout.done: " text && grep "^fine      .*mount" text &&
	tail -n 1 text | grep "^1 unsafe, [0-9]* advice, [0-9]* fine, [0-9]* not tried" &&
	test_expect_code 1 spoolctl doctor --quick --all >text && grep "^fine      space.bytes: " text &&
	! grep -P "\x1b" text &&
	TERM=xterm script -qc "spoolctl doctor --quick" /dev/null | grep -P "\x1b\[1;31mUNSAFE" &&
	! TERM=xterm NO_COLOR=1 script -qc "spoolctl doctor --quick" /dev/null | grep -P "\x1b\["
'

test_expect_success 'its remedies help' '
	doctor 1 && jq -r ".doctor.findings[] | select(.topic | startswith(\"layout.\")) | .remedy // empty" out >remedies &&
	grep -c chmod remedies && sh -e remedies && doctor 0 && finds layout.modes fine "as they should be" &&
	chmod 755 "$SHARE"/spool/{claims,done}
'

# Mode, place, topic, level and words of the danger.
while read -r mode place topic level words; do
	test_expect_success "$place with mode $mode: $level" "
		was=\$(stat -c %a \"\$SHARE/$place\") && chmod $mode \"\$SHARE/$place\" &&
		doctor $([ "$level" = unsafe ] && echo 1 || echo 0) && finds $topic $level '$words' &&
		chmod \"00\$was\" \"\$SHARE/$place\"
	"
done <<-\END
	0777 spool layout.top unsafe commands all runners
	0777 . layout.top unsafe top of the share
	0777 apps layout.apps unsafe run on all machines
	1777 spool/claims layout.claims unsafe an order to run a program
	0777 spool/runners layout.runners unsafe forged heartbeat
	0777 spool/queued layout.queued advice jobs of others
	0777 spool/active layout.active advice jobs of others
	0777 spool/lost layout.lost advice evidence
	0777 spool/replies layout.replies advice forge answers
	0777 spool/events layout.events advice log of what was done
	0777 spool/status layout.status advice forge what is shown
	2775 spool/incoming layout.incoming advice drops of others
	0777 spool/requests layout.requests advice requests of others
	0777 spool/done layout.done advice results of others
	0557 spool/failed layout.failed unsafe closed to its owner
	0000 spool/claims layout.claims unsafe spoold cannot work in it
	0555 spool/incoming layout.incoming unsafe closed to its owner
	0777 apps/damper layout.apps unsafe run on all machines
	0777 apps/damper/1 layout.apps unsafe run on all machines
END

test_expect_success 'what belongs to few, or is sticky, is not blamed' '
	(cd "$SHARE" && chmod 1777 . spool/incoming spool/incoming/@* spool/requests spool/done spool/failed &&
	chmod 2750 spool/claims spool/runners spool/queued) &&
	doctor 0 && finds layout.modes fine "as they should be" &&
	find "$SHARE" "$SHARE/spool" "$SHARE/spool/incoming" -maxdepth 1 -type d -exec chmod a=rx,u+w,ug-s,-t {} +
'

test_expect_success 'the inbox of one runner counts like claims/ itself' '
	mkdir "$SHARE/spool/claims/lab-07" && chmod 777 "$SHARE/spool/claims/lab-07" && doctor 1 &&
	finds layout.claims unsafe "spool/claims/lab-07/ (mode 0777)" && rmdir "$SHARE/spool/claims/lab-07"
'

test_expect_success 'without write access nothing is tried, and that is said' '
	chmod a-w "$SHARE/spool/requests" && doctor 1 && finds rename.probe untried "may not write into requests/" &&
	chmod u+w "$SHARE/spool/requests" && chmod a-w "$SHARE/spool/incoming" && doctor 1 &&
	finds rename.probe untried "may not write into incoming/" && chmod u+w "$SHARE/spool/incoming" &&
	! find "$SHARE" -name ".tmp-*" | grep .
'

test_expect_success 'places that are closed to their owner are a fault, and the rest is still looked at' '
	chmod 0 "$SHARE/spool/claims" "$SHARE/spool/runners" "$SHARE/spool/requests" &&
	test_expect_code 1 spoolctl doctor --json >out &&
	finds layout.runners unsafe "chmod u+rwx $SHARE/spool/runners" &&
	finds rename.probe untried "may not look into requests/" && finds fresh untried "closed to this account" &&
	finds share fine version && chmod 755 "$SHARE"/spool/{claims,runners,requests}
'

test_expect_success 'a folder that is missing is named, with the command that makes it' '
	mv "$SHARE/spool/lost" away && doctor 1 && finds layout.places unsafe "spool/lost/ is missing" &&
	finds layout.places unsafe "spoolctl init $SHARE" && finds mount fine "is mounted at" &&
	test "$(jq "[.doctor.findings[] | select(.level == \"unsafe\")] | length" out)" = 1 &&
	mv away "$SHARE/spool/lost" && doctor 0
'

test_expect_success 'a share that cannot be opened is a finding, and the rest is still looked at' '
	cp "$SHARE/spool/format" format && echo 2 >"$SHARE/spool/format" && doctor 1 &&
	finds share unsafe "not of version 1" && finds layout.places fine "are there" &&
	cp format "$SHARE/spool/format" && mkdir "empty place" &&
	doctor 1 --share "empty place" && finds share unsafe "has no folder spool/" &&
	finds share unsafe "mount it; or, if it is to become a share: spoolctl init '\''$PWD/empty place'\''" &&
	finds mount fine "is mounted at" &&
	doctor 1 --share nowhere && finds share unsafe "No such file" && finds share unsafe "mount it" &&
	mkdir -m 0 closed && doctor 1 --share closed && finds share unsafe "ask its owner for access" &&
	doctor 1 --share format && finds share unsafe "a share is a folder" &&
	doctor 1 --share "$SHARE/spool" && finds share unsafe "spoolctl doctor --share $SHARE" &&
	doctor 1 --share "$SHARE/spool/claims" && finds share unsafe "lies inside of a share, which is $SHARE" &&
	jq -e "[.doctor.findings[].topic] | index(\"host.cgroup\")" out
'

test_expect_success 'what is not as init makes it is named, with what to do first' '
	mv "$SHARE/spool/lost" away && echo x >"$SHARE/spool/lost" && doctor 1 &&
	finds layout.places unsafe "move it away, then: spoolctl init $SHARE" && rm "$SHARE/spool/lost" &&
	rm "$SHARE/spool/format" && mv away "$SHARE/spool/lost" && doctor 1 && finds share unsafe "has no spool/format" &&
	finds share unsafe "complete it: spoolctl init $SHARE" && cp format "$SHARE/spool/format"
'

test_expect_success 'a command has a line of its own, and a path with an apostrophe comes back from the shell' '
	odd="$PWD/Anna'\''s  share; \$HOME" && spoolctl init "$odd" && chmod 777 "$odd/spool/claims" &&
	doctor 1 --share "$odd" && jq -r ".doctor.findings[] | select(.topic == \"layout.claims\") | .remedy" out >remedy &&
	sh -e remedy && doctor 0 --share "$odd" && chmod 777 "$odd/spool/claims" &&
	test_expect_code 1 spoolctl --share "$odd" doctor --quick >text &&
	sed -n "s/^ *do: chmod/chmod/p" text >remedy && test "$(wc -l <remedy)" = 1 && sh -e remedy && doctor 0 --share "$odd"
'

test_expect_success 'no share is laid out in the spool/ of a share' '
	for inner in "$SHARE/spool" "$SHARE/spool/done" "$SHARE/spool/new/er"; do
		test_expect_code 1 spoolctl init "$inner" 2>err && grep "lies in the spool/ of a share, which is $SHARE" err || return 1
	done && test ! -e "$SHARE/spool/new" && test ! -e "$SHARE/spool/spool"
'

test_expect_success 'no share named, or a wrong option: usage' '
	(unset SPOOL_SHARE && test_expect_code 2 spoolctl doctor 2>err) && grep "no share given" err &&
	test_expect_code 2 spoolctl doctor extra && test_expect_code 2 spoolctl doctor --repair
'

test_expect_success 'daemons of this very host are no probe of freshness' '
	doctor 0 && finds daemon.spoold advice "no spoold seems to be running for this share" &&
	spoold_start && runner_start r1 &&
	spoolctl doctor --json >out && finds fresh untried "on another host" &&
	finds daemon.spoold fine "looks after this share" &&
	! jq -e ".doctor.findings[] | select(.topic == \"daemon.runner\")" out &&
	runner_stop r1 && spoold_stop && doctor 0 && finds daemon.spoold advice "no spoold seems" &&
	! jq -e ".doctor.findings[] | select(.topic == \"daemon.runner\")" out
'

# shows STATE: "spoolctl nodes" has a runner in it.
shows() {
	spoolctl nodes --all --json >nodes && jq -e --arg s "$1" "[.. | objects | select(.state? == \$s)] | length > 0" nodes >/dev/null
}

test_expect_success 'a runner of this host that has been killed is named' '
	spoold_start -o lease=2s -o beat=300ms && runner_start r1 -o beat=300ms -o freeze=1s && wait_until 20 shows IDLE &&
	grep -q "runner r1 is present" "$LOGS/spoold.log" && runner_kill9 r1 && wait_until 20 shows ABSENT &&
	doctor 0 && finds daemon.runner advice "runner r1 of this host is absent" &&
	runner_start r1 -o beat=300ms -o freeze=1s && runner_stop r1 && spoold_stop
'

test_expect_success 'daemons say nothing of a mount that is in order' '
	! grep -i "unsafe\|not safe" "$LOGS/r1.log" "$LOGS/spoold.log"
'

test_expect_success 'the option is known to both daemons' '
	spool-runner --share "$SHARE" -o allow_unsafe_mount=yes --config-check | grep "allow_unsafe_mount = \"\?yes" &&
	spoold --share "$SHARE" -o allow_unsafe_mount=yes --config-check | grep "allow_unsafe_mount = \"\?yes"
'

test_done
