#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='what spoolctl shows on a client is never half a minute old'
. /lab/lib.sh
RUNNERS="c1 c2"

# within SECONDS COMMAND...: how long until it succeeds, told; fails if that is longer.
within() {
	local - seconds=$1 start=$EPOCHREALTIME
	set +x
	shift
	TEST_PATIENCE=1 wait_until "$seconds" "$@" || return 1
	echo "# $MEDIUM: $(((${EPOCHREALTIME/./} - ${start/./}) / 1000)) ms until: $*" >>ages
}

nodes_say() {	# RUNNER STATE
	as alice c3 spoolctl nodes --all | grep "^ *$1 .*$2"
}

queue_says() {	# ID STATE
	as alice c3 spoolctl queue --all --raw --noheadings >said && grep -qE "^$1 .*\b$2\b" said
}

test_expect_success "$MEDIUM: daemons start; a job that talks" '
	daemons_start && people_job talk <<-"EOF" &&
		for i in $(seq 200); do echo "line $i at $(date +%s)"; sleep 1; done
	EOF
	as alice c3 spoolctl queue --all && as alice c3 ls -l /srv/share/spool/active /srv/share/spool/done
'

test_expect_success "$MEDIUM: submitted, it is seen to run" '
	id=$(as alice c3 sh -c "umask 002; exec spoolctl submit --parsable /home/alice/talk") &&
	{ within 10 queue_says "$id" RUNNING || { cat said; false; } } && as alice c3 spoolctl show "$id"
'

test_expect_success "$MEDIUM: tail -f on another client sees each line within 10 s" '
	on c3 timeout 40 setpriv --reuid=alice --regid=users --init-groups spoolctl tail -f "$id" | while read -r word i at when; do
		now=$(date +%s) && echo $((now - when))
	done >delays
	sed -n "4,\$p" delays | sort -n | tail -n 1 >worst && cat delays | tr "\n" " " &&
	echo "# $MEDIUM: oldest line of tail -f: $(cat worst) s; lines: $(wc -l <delays)" >>ages &&
	test "$(wc -l <delays)" -ge 20 && test "$(cat worst)" -le 10
'

test_expect_success "$MEDIUM: cancelled, it is seen to have ended, and wait tells it" '
	as alice c3 spoolctl cancel "$id" && within 15 queue_says "$id" CANCELLED &&
	test_expect_code 137 as alice c3 spoolctl wait --timeout 10 "$id"
'

test_expect_success "$MEDIUM: nodes on a client tells that a runner has come, and that it has gone" '
	as alice c3 spoolctl nodes && runner_start c3 && within 15 nodes_say c3 IDLE && runner_stop c3 && within 15 nodes_say c3 DRAINED
'
cat ages

test_done
