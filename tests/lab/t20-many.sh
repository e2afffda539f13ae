#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='300 jobs over three runners: each once, complete for another client when "wait" returns'
TEST_TIMEOUT=900
. /lab/lib.sh
RUNNER_OPTS="--slots 4"

test_expect_success "$MEDIUM: daemons start" daemons_start

test_expect_success "$MEDIUM: 300 jobs are submitted on c3, while c2 looks at all folders again and again" '
	people_job many <<-"EOF" &&
		echo "$SPOOL_JOB_ID" >>/var/tmp/ran
		head -c 60000 /dev/urandom >data.bin
		sha256sum data.bin >data.sum
		hostname >host
	EOF
	for i in $(seq 300); do echo /home/alice/many; done >list &&
	{ on c2 sh -c "while :; do ls -lR /srv/share/spool/active /srv/share/spool/done; sleep 1; done" </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- & } &&
	as alice c3 sh -c "umask 002; xargs spoolctl submit --parsable" <list >ids &&
	test "$(sort -nu ids | wc -l)" = 300
'

# The folders of the jobs, looked at by c2, which knows them from before: all there, all of it right.
whole_for_c2() {	# ID...
	on c2 bash -c 'cd /srv/share/spool/done && sums=() && for id; do
		sums+=("$id-many/data.sum")
		[ -s "$id-many/job.result" ] && [ "$(stat -c %s "$id-many/data.bin")" = 60000 ] ||
			{ echo "job $id is not whole"; ls -la "$id-many"; exit 1; }
	done
	awk "{ sub(/data.sum/, \"data.bin\", FILENAME); print \$1 \"  \" FILENAME }" "${sums[@]}" | sha256sum --quiet -c -' - "$@"
}

test_expect_success "$MEDIUM: the moment that wait returns on c3, the results are whole on c2" '
	for id in $(head -n 20 ids); do
		as alice c3 spoolctl wait --timeout 600 "$id" && whole_for_c2 "$id" || return 1
	done
'

test_expect_success "$MEDIUM: all 300 end well, and are whole" '
	as alice c3 spoolctl wait --timeout 1500 $(cat ids) && whole_for_c2 $(cat ids)
'

test_expect_success "$MEDIUM: each ran once, and all three runners had their part" '
	for host in $RUNNERS; do on $host cat /var/tmp/ran; done >ran &&
	sort -n ids >expected && sort -n ran >actual && test_cmp expected actual &&
	test "$(cat /srv/share/spool/done/*-many/host | sort -u | wc -l)" = 3 &&
	check_share
'

test_done
