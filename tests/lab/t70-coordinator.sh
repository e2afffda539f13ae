#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='the coordinator on a client mount: by scanning on NFS; refused on SMB'
. /lab/lib.sh
RUNNERS="c2 c3"
# Another machine takes over after two leases.
RUNNER_OPTS="-o beat=2s -o freeze=5s"
SPOOLD_OPTS="-o publish=1s -o lease=20s"

if [ "$MEDIUM" = smb ]; then
	test_expect_success "$MEDIUM: spoold refuses, with the reason and the remedy" '
		share_new && on c1 install -d -o spool -g spool /var/lib/spool/spoold &&
		test_expect_code 1 as spool c1 spoold --share /srv/share --state /var/lib/spool/spoold --foreground 2>err &&
		cat err && grep "SMB" err && grep "on the file server" err
	'
	test_done
fi

test_expect_success "$MEDIUM: spoold starts on c1, and says that it will scan" '
	share_new && spoold_start c1 && grep "scanned every" "$LOGS/spoold.log" && runner_start c2 && runner_start c3
'

test_expect_success "$MEDIUM: folders and files that people copy on another client are taken whole, and done" '
	people_job sum <<-"EOF" &&
		cksum <big.bin
	EOF
	head -c 900000 /dev/urandom >/home/alice/sum/big.bin && chmod -R g+w /home/alice/sum &&
	for i in 1 2 3; do as alice c3 sh -c "umask 002; cp -r /home/alice/sum /srv/share/spool/incoming/sum$i" || return 1; done &&
	for i in 1 2 3; do
		folder=$(TIME_LIMIT=60 wait_done sum$i) &&
		test "$(cat "$folder/stdout.txt")" = "$(cksum </home/alice/sum/big.bin)" || return 1
	done
'

test_expect_success "$MEDIUM: an upload with pauses that is held open, and grows only on its client, is not taken half" '
	as alice c3 sh -c "umask 002; mkdir /srv/share/spool/incoming/slow && cp -p /home/alice/sum/job.conf /home/alice/sum/run.sh /srv/share/spool/incoming/slow/ &&
		chmod 2775 /srv/share/spool/incoming/slow &&
		for i in 1 2 3 4 5 6 7 8; do head -c 100000 /home/alice/sum/big.bin; sleep 1; done >/srv/share/spool/incoming/slow/big.bin" &&
	folder=$(TIME_LIMIT=60 wait_done slow) &&
	test "$(cat "$folder/stdout.txt")" = "$(cksum <"$folder/big.bin")" && test "$(stat -c %s "$folder/big.bin")" = 800000
'

test_expect_success "$MEDIUM: thirty jobs over two runners: each once; latency" '
	people_job quick <<-"EOF" &&
		echo "$SPOOL_JOB_ID" >>/var/tmp/ran
	EOF
	start=$EPOCHREALTIME &&
	as alice c3 sh -c "umask 002; exec spoolctl submit --wait /home/alice/quick" && end=$EPOCHREALTIME &&
	echo "# $MEDIUM: one job, submit to end, coordinator on a client: $(((${end/./} - ${start/./}) / 1000)) ms" >latency &&
	as alice c3 sh -c "umask 002; exec spoolctl submit --parsable \$(yes /home/alice/quick | head -n 30)" >ids &&
	as alice c3 spoolctl wait --timeout 300 $(cat ids) &&
	for host in $RUNNERS; do on $host cat /var/tmp/ran; done | sort -n | uniq -d >twice && test_must_be_empty twice
'
cat latency

test_expect_success "$MEDIUM: it is moved to the server, and finds all in order" '
	spoold_stop && : >"$LOGS/spoold.log" && spoold_spawn srv && wait_until 60 grep "at work on" "$LOGS/spoold.log" &&
	grep "watching its sign" "$LOGS/spoold.log" && wait_until 60 check_share
'

test_done
