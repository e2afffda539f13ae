# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lib.sh - what every t*.sh of the laboratory sources first. They run on srv, inside the virtual machine,
# as root, with a fresh share at /srv/share on srv and on the clients; MEDIUM says how those have mounted it.
#
# The verbs are those of hosts (on, cut, heal, ...) and of tests/lib.sh (make_job, wait_done, ...), with
# daemons on hosts: spoold_start, runner_start c1. SHARE is the server's own view: the truth.
# As in spool-share(7): the share belongs to spool, all daemons run as spool, and alice and bob, of the
# group spoolers, drop jobs with umask 002.
NEED_ROOT="a laboratory of its own" SRCDIR=/lab BUILD=/usr
: "${TEST_TIMEOUT:=400}" "${TEST_PATIENCE:=4}"
. /lab/tests/lib.sh
. /lab/hosts
set +e +u +o pipefail

SHARE=/srv/share
export SPOOL_SHARE=/srv/share
: "${RUNNERS:=c1 c2 c3}"
SPOOLD_OPTS="-o publish=1s"
declare -A LAB_OUTER=()	# of each daemon on a client: the nsenter that waits for it
CAPABILITIES=+dac_override,+fowner,+chown,+lease

# as USER HOST COMMAND...
as() {
	local user=$1
	shift
	LAB_USER=$user on "$@"
}

# share_new: laid out as spool, with the drop boxes open to the group.
share_new() {
	as spool srv spoolctl init /srv/share && chgrp spoolers /srv/share/spool/{incoming,incoming/@*,requests} &&
		chmod 3775 /srv/share/spool/{incoming,incoming/@*,requests}
}

# lab_spawn NAME HOST COMMAND...: as lib_spawn, on a host; LIB_PID is the process itself, not nsenter.
lab_spawn() {
	local name=$1 host=$2 outer
	shift 2
	if [ "$host" = srv ]; then
		lib_spawn "$name" "$@"
		return
	fi
	lib_spawn "$name" nsenter --target "$(client_pid "$host")" --net --mount --pid --uts -- "$@" || return 1
	outer=${LIB_PID[$name]}
	wait_until 10 pgrep -P "$outer" || return 1
	LAB_OUTER[$name]=$outer LIB_PID[$name]=$(pgrep -P "$outer")
}

# The exit status of what nsenter started is nsenter's own.
lib_wait_end() {	# NAME
	local name=$1 pid=${LIB_PID[$1]}
	wait_until 10 lib_dead "$pid" || return 1
	wait "${LAB_OUTER[$name]:-$pid}" 2>/dev/null
	LIB_STATUS=$?
	unset "LIB_PID[$name]" "LAB_OUTER[$name]"
}

# spoold_start [HOST [OPTION...]]; spoold_spawn does not wait until it is at work.
spoold_start() {
	local -
	set +x
	spoold_spawn "$@" && lib_up spoold grep -q "at work on /srv/share" "$LOGS/spoold.log"
}

spoold_spawn() {
	local - host=${1:-srv}
	set +x
	[ $# = 0 ] || shift
	as root "$host" install -d -o spool -g spool /var/lib/spool/spoold
	# shellcheck disable=SC2086	# words
	lab_spawn spoold "$host" setpriv --reuid=spool --regid=spool --init-groups \
		--inh-caps=$CAPABILITIES --ambient-caps=$CAPABILITIES \
		spoold --share /srv/share --state /var/lib/spool/spoold --foreground $SPOOLD_OPTS "$@"
}

# runner_start HOST [OPTION...]
runner_start() {
	local - host=$1
	set +x
	shift
	as root "$host" install -d -o spool -g spool /var/lib/spool/runner
	# shellcheck disable=SC2086	# words
	lab_spawn "$host" "$host" setpriv --reuid=spool --regid=spool --init-groups \
		spool-runner --share /srv/share --state /var/lib/spool/runner --name "$host" \
		--foreground $RUNNER_OPTS "$@" && lib_up "$host" runner_is_up "$host"
}

# daemons_start: a fresh share, spoold beside the disk, and the runners.
daemons_start() {
	local - host
	set +x
	share_new && spoold_start || return 1
	for host in $RUNNERS; do
		runner_start "$host" || return 1
	done
}

# people_job NAME [LINE...] <<script: as make_job, but in alice's home, where all hosts see it.
people_job() {
	rm -rf "/home/alice/$1" &&
		(cd /home/alice && make_job "$@") && chown -R alice:users "/home/alice/$1"
}

# counting_jobs COUNT LINES: submits that many jobs, each of which notes on its host that it has begun,
# waits for "go", and then writes a line every two seconds. All but sleep is the shell's own, because
# starting programs is what an emulated processor is slowest at. A file is opened for each line: when
# smbd is restarted such an open may fail once (EAGAIN), so a program that cares asks again.
counting_jobs() {
	rm -f /srv/share/go
	people_job counting "arguments = {\"$2\"}" <<-"EOF" || return 1
		echo "$SPOOL_JOB_ID" >>/var/tmp/ran
		until set -- "$1" /srv/share/g*; [ "$2" = /srv/share/go ]; do sleep 2; done
		i=0
		while [ "$i" -lt "$1" ]; do
			i=$((i + 1))
			until echo "line $i" >>lines.txt; do sleep 1; done
			echo "line $i"
			sleep 2
		done
	EOF
	# shellcheck disable=SC2046	# words
	as alice c3 sh -c 'umask 002; exec spoolctl submit --parsable "$@"' - \
		$(yes /home/alice/counting | head -n "$1") >ids
}

go() { : >/srv/share/go; }

# running: how many tickets are claimed; are_running COUNT; running_on_all: is one on each runner?
running() {
	find /srv/share/spool/claims -name '*.claim.*' | wc -l
}

are_running() { [ "$(running)" = "$1" ]; }

running_on_all() {
	local host
	for host in $RUNNERS; do
		[ -n "$(find "/srv/share/spool/claims/$host" -name '*.claim.*')" ] || return 1
	done
}

# jobs_are_whole COUNT LINES: waits for those of counting_jobs and reads all that each has written.
jobs_are_whole() {
	local id
	# shellcheck disable=SC2046	# words
	as alice c3 spoolctl wait --timeout 900 $(cat ids) || return 1
	seq -f "line %g" "$2" >lines
	for id in $(cat ids); do
		test_cmp lines "/srv/share/spool/done/$id-counting/lines.txt" &&
			test_cmp lines "/srv/share/spool/done/$id-counting/stdout.txt" || return 1
	done
	test "$(wc -l <ids)" = "$1"
}

# The same, and each ran once.
counted_jobs_are_whole() {
	local host
	jobs_are_whole "$@" || return 1
	for host in $RUNNERS; do on "$host" cat /var/tmp/ran; done | sort -n >actual
	sort -n ids >expected && test_cmp expected actual
}

# living_jobs COUNT SECONDS: submits jobs that run for so long and note each moment of theirs on their host,
# outside of the share: /var/tmp/alive.<id>.<attempt>. All clients are of one kernel, so of one clock.
living_jobs() {
	people_job living "arguments = {\"$2\"}" <<-"EOF" || return 1
		i=0
		while [ "$i" -lt "$(($1 * 2))" ]; do
			i=$((i + 1))
			read -r now rest </proc/uptime
			echo "$now" >>"/var/tmp/alive.$SPOOL_JOB_ID.$SPOOL_ATTEMPT"
			sleep 0.5
		done
		echo "$SPOOL_ATTEMPT" >attempt.txt
		echo "$SPOOL_ATTEMPT"
	EOF
	# shellcheck disable=SC2046	# words
	as alice c3 sh -c 'umask 002; exec spoolctl submit --parsable "$@"' - \
		$(yes /home/alice/living | head -n "$1") >ids
}

# All are done, and what each has left is of the attempt that its record tells of.
living_jobs_are_whole() {	# COUNT
	local id folder attempt
	# shellcheck disable=SC2046	# words
	as alice c3 spoolctl wait --timeout 900 $(cat ids) || return 1
	for id in $(cat ids); do
		folder=/srv/share/spool/done/$id-living attempt=$(cat "$folder/attempt.txt") &&
			test "$(cat "$folder/stdout.txt")" = "$attempt" &&
			grep -qE "attempt = \"?$attempt\"?\$" "$folder/job.result" || return 1
	done
	test "$(wc -l <ids)" = "$1"
}

# Each moment of each attempt: "<job> <attempt> <host> <seconds of uptime>".
signs_of_life() {
	local host
	for host in c1 c2 c3; do
		# shellcheck disable=SC2016	# for that shell
		on "$host" sh -c 'for f in /var/tmp/alive.*; do [ ! -e "$f" ] || sed "s/^/${f#*alive.} $0 /" "$f"; done' "$host"
	done | tr . ' ' | awk '{ print $1, $2, $3, $4 "." $5 }' | sort -k1,1n -k2,2n -k4,4n
}

# The last moment of each attempt lies before the first one of the next.
never_two_at_once() {
	signs_of_life >signs && awk '{ print $1, $2 }' signs | uniq -c && awk '
		$1 == job && $2 != attempt { taken++; if ($4 <= last) { print "job", $1, ": attempt", $2, "began at", $4, "before the end of", attempt, "at", last; bad = 1 } }
		{ job = $1; attempt = $2; if (NR == 1 || $4 > last || $1 != before) last = $4; before = $1 }
		END { exit bad || taken == 0 }' signs
}

# What c1 held in the file "held" or its inbox has begun anew elsewhere.
attempts_of_c1_are_over() {
	[ "$(find /srv/share/spool/lost -maxdepth 1 -name '*-living' | wc -l)" -ge 2 ]
}

no_claims() {	# HOST
	[ -z "$(find "/srv/share/spool/claims/$1" -name '[0-9]*')" ]
}

# lab_forget HOST: its daemon has gone with its host. It may stay in the process table all the same: the
# kernel of a real machine would be gone, this one's client still waits for the server.
lab_forget() {
	kill -KILL "${LAB_OUTER[$1]}"
	wait "${LAB_OUTER[$1]}" 2>/dev/null
	unset "LIB_PID[$1]" "LAB_OUTER[$1]"
}
