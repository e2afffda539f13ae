#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='uploads that pause are never taken half'
. /lab/lib.sh
RUNNERS="c1 c2"

# upload NAME [LAST]: on c3, as alice: a folder with a job, then a file in bursts with pauses of 6 s in it,
# held open; then the file LAST, if one is named.
upload() {
	as alice c3 sh -c "umask 002; mkdir /srv/share/spool/incoming/$1 && cp /home/alice/sum/* /srv/share/spool/incoming/$1/ &&
		{ head -c 300000 /home/alice/big; sleep 6; tail -c +300001 /home/alice/big | head -c 300000; sleep 6; tail -c +600001 /home/alice/big; } \
			>/srv/share/spool/incoming/$1/big.bin ${2:+&& : >/srv/share/spool/incoming/$1/$2}"
}

whole() {	# NAME
	folder=$(TIME_LIMIT=30 wait_done "$1") && test "$(cat "$folder/stdout.txt")" = "$(cksum </home/alice/big)"
}

test_expect_success "$MEDIUM: daemons start; a job that sums up what it finds" '
	daemons_start && people_job sum <<-"EOF" &&
		cksum <big.bin
	EOF
	head -c 900000 /dev/urandom >/home/alice/big && chmod 644 /home/alice/big
'

if [ "$MEDIUM" = nfs3 ]; then
	# NFS 3 has no open: the server cannot know. What changes after admission goes back until the first offer.
	test_expect_success "$MEDIUM: no runner is free: what was taken too early goes back to wait, and comes whole" '
		runner_stop c1 && runner_stop c2 && upload back &&
		grep "1: admit incoming -> queued" "$LOGS/spoold.log" &&
		runner_start c1 && whole back && grep "1: return queued -> incoming" "$LOGS/spoold.log" &&
		test "$(ls -d /srv/share/spool/done/*-back /srv/share/spool/failed/*-back 2>/dev/null | wc -l)" = 1
	'
else
	test_expect_success "$MEDIUM: a file that is held open is waited for" '
		upload open && whole open
	'
fi

test_expect_success "$MEDIUM: with ready_needed, only .ready ends an upload" '
	spoold_stop && spoold_start srv -o ready_needed=yes && { lib_alive c1 || runner_start c1; } &&
	upload ready .ready && whole ready &&
	as alice c3 sh -c "umask 002; cp -r /home/alice/sum /srv/share/spool/incoming/never" && sleep 8 &&
	test -d /srv/share/spool/incoming/never
'

test_expect_success "$MEDIUM: what comes by one rename is complete at once all the same" '
	as alice c3 sh -c "umask 002; cp /home/alice/big /home/alice/sum/big.bin; exec spoolctl submit --wait /home/alice/sum"
'

test_done
