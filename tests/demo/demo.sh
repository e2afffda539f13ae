#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# demo.sh BUILD_DIR - the whole system at work in a temporary folder. Needs no privilege.
#
# Lays out a fresh share, starts spoold and two runners, and copies one folder for each place of a
# damper on a chain of 60 masses into incoming/, as a person would with a file manager. Shows the
# queue while they are computed, and then the best place and the best viscosity.
#
# Leaves the share, with damper.svg in it; its path is printed. The daemons are stopped in any case,
# also by Ctrl-C. Exit: 0 all computed; 1 not, with what is known about it; 2 wrong usage.

set -eu
LC_ALL=C
export LC_ALL

masses=60
places=30			# the other half of the chain is the same, seen from its other end
patience=180			# seconds for all jobs
here=$(dirname "$0")
pids=

say()
{
	printf '%s\n' "$*"
}

fail()
{
	printf 'demo: %s\n' "$*" >&2
	exit 1
}

# program NAME: its path in the build folder
program()
{
	for path in "$build/bin/$1" "$build/$1"; do
		if [ -x "$path" ]; then
			say "$path"
			return
		fi
	done
	fail "$build/bin/$1: not found: build it first (make)"
}

# count FOLDER: how many of our jobs are in that folder of the spool
count()
{
	set -- "$share/spool/$1"/*-damper-[0-9][0-9]
	if [ -e "$1" ]; then
		say $#
	else
		say 0
	fi
}

# alive: all daemons run
alive()
{
	for pid in $pids; do
		kill -0 "$pid" 2>/dev/null || return 1
	done
}

# The ends of the logs, when something went wrong.
show_logs()
{
	for log in "$top"/log/*; do
		say "--- the end of $log" >&2
		tail -n 15 "$log" >&2
	done
}

# Stop the daemons: kindly, and after ten seconds not so kindly.
stop()
{
	trap '' INT TERM
	for pid in $pids; do
		kill -TERM "$pid" 2>/dev/null || :
	done
	seconds=0
	for pid in $pids; do
		while kill -0 "$pid" 2>/dev/null && [ "$seconds" -lt 10 ]; do
			sleep 1
			seconds=$((seconds + 1))
		done
		kill -KILL "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	pids=
}

make_share()
{
	top=$(mktemp -d "${TMPDIR:-/var/tmp}/spool-demo.XXXXXX")
	share=$top/share
	mkdir "$top/state" "$top/state/spoold" "$top/state/demo-a" "$top/state/demo-b" \
		"$top/log" "$top/jobs"
	"$spoolctl" init "$share" >"$top/log/init" 2>&1 ||
		fail "spoolctl init $share failed: $(cat "$top/log/init")"
	set -- "$share"/apps/damper/*/"linux-$(uname -m)"/damper
	[ -e "$1" ] ||
		fail "$share/apps/damper: no program for linux-$(uname -m): build it first (make)"
}

# start NAME COMMAND...: in the background, its words go to log/NAME
start()
{
	log=$top/log/$1
	shift
	"$@" >"$log" 2>&1 </dev/null &
	pids="$pids $!"
}

start_daemons()
{
	as_root=
	if [ "$(id -u)" = 0 ]; then
		say "You are root, so the jobs of this demo run as root, too (allow_root); they are its own."
		as_root="-o allow_root=yes"
	fi
	start spoold "$spoold" --share "$share" --state "$top/state/spoold" --foreground
	for name in demo-a demo-b; do
		# shellcheck disable=SC2086	# words
		start "$name" "$runner" --share "$share" --state "$top/state/$name" \
			--name "$name" --slots 1 --foreground $as_root
	done
	deadline=$(($(date +%s) + 30))
	until [ -e "$share/spool/runners/demo-a.beat" ] && [ -e "$share/spool/runners/demo-b.beat" ]
	do
		if ! alive || [ "$(date +%s)" -ge "$deadline" ]; then
			show_logs
			fail "spoold and the two runners did not come up; their words are above"
		fi
		sleep 1
	done
}

# One folder for each place, as a person would write it.
write_jobs()
{
	place=1
	while [ "$place" -le "$places" ]; do
		job=$top/jobs/$(printf 'damper-%02d' "$place")
		mkdir "$job"
		cat >"$job/job.conf" <<-END
			app = "damper"
			input = "chain.damper"
		END
		cat >"$job/chain.damper" <<-END
			# Where on the chain does one damper calm it down best?
			masses $masses
			position $place
			viscosity 0.1 10
		END
		place=$((place + 1))
	done
}

# What stands in the way of a job that ended in failed/; then give up.
check_failed()
{
	[ "$(count failed)" -eq 0 ] && return
	for job in "$share"/spool/failed/*-damper-[0-9][0-9]; do
		say "--- $job" >&2
		for file in REJECTED.txt job.result stderr.txt; do
			[ ! -s "$job/$file" ] || cat "$job/$file" >&2
		done
	done
	fail "$(count failed) of $places jobs ended in $share/spool/failed; the reasons are above"
}

# The queue, drawn over its last picture. $1: seconds since the start
draw()
{
	rows=$(stty size 2>/dev/null </dev/tty | cut -d ' ' -f 1)
	[ "${rows:-0}" -ge 10 ] || rows=24
	picture=$("$spoolctl" --share "$share" queue 2>&1 | head -n $((rows - 4))) || :
	printf '\033[H\033[2J%s of %s folders are done, after %s seconds\n\n%s\n' \
		"$(count "done")" "$places" "$1" "$picture"
}

# Where there is no terminal: a line when something has changed, at most every third second.
tell()
{
	line="$(count queued) queued, $(count active) active, $(count "done") of $places done"
	if [ "$line" != "${last_line:-}" ] && [ $(($1 % 3)) -eq 0 ]; then
		say "  after $1 seconds: $line"
		last_line=$line
	fi
}

wait_for_jobs()
{
	begin=$(date +%s)
	while [ "$(count "done")" -lt "$places" ]; do
		check_failed
		elapsed=$(($(date +%s) - begin))
		if ! alive; then
			show_logs
			fail "one of the daemons has ended; their last words are above"
		elif [ "$elapsed" -ge "$patience" ]; then
			"$spoolctl" --share "$share" queue >&2 || :
			show_logs
			fail "only $(count "done") of $places were done after $patience seconds"
		elif [ -t 1 ]; then
			draw "$elapsed"
		else
			tell "$elapsed"
		fi
		sleep 1
	done
	elapsed=$(($(date +%s) - begin))
	[ ! -t 1 ] || draw "$elapsed"
}

# All results in one table, and the table as a chart.
gather()
{
	for job in "$share"/spool/done/*-damper-[0-9][0-9]; do
		[ -s "$job/result.txt" ] || fail "$job: ended well, but left no result.txt"
	done
	awk -f "$here/gather.awk" "$share"/spool/done/*-damper-[0-9][0-9]/result.txt |
		sort -n >"$share/damper.tsv"
	awk -v masses="$masses" -f "$here/chart.awk" "$share/damper.tsv" >"$share/damper.svg"
}

# by RUNNER: how many jobs it did
by()
{
	cat "$share"/spool/done/*-damper-[0-9][0-9]/job.result |
		grep -c "^[[:space:]]*runner[[:space:]]*=[[:space:]]*\"$1\"" || :
}

report()
{
	sort -g -k 3 "$share/damper.tsv" >"$top/best"
	read -r place viscosity trace <"$top/best"
	say ""
	say "Done: $places folders in $elapsed seconds," \
		"$(by demo-a) by demo-a, $(by demo-b) by demo-b."
	say ""
	say "A chain of $masses masses calms down best with the damper at mass $place (or, seen from"
	say "the other end, $((masses + 1 - place))) and viscosity $viscosity:"
	say "the total average energy is then $trace."
	say ""
	say "The five best:"
	printf '  %8s  %10s  %14s\n' position viscosity energy
	head -n 5 "$top/best" | while read -r place viscosity trace; do
		printf '  %8d  %10.6f  %14.4f\n' "$place" "$viscosity" "$trace"
	done
	rm "$top/best"
	say ""
	say "All is stopped. The share stays for you to look at:"
	say "  $share/damper.svg     the energy at all places, as a chart"
	say "  $share/spool/done     each folder as it came back: try its stdout.txt"
	say "  $share/spool/events   who did what when"
	say "  $share/README         how to go on from here"
	say "To remove it: rm -r $top"
}

if [ $# -ne 1 ] || [ ! -d "$1" ]; then
	say "usage: demo.sh BUILD_DIR" >&2
	exit 2
fi
build=$1
spoold=$(program spoold)
runner=$(program spool-runner)
spoolctl=$(program spoolctl)

trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

make_share
say "A fresh share: $share"
start_daemons
say "spoold and two runners are at work. Copying $places folders into spool/incoming ..."
write_jobs
cp -r "$top"/jobs/* "$share/spool/incoming/"
wait_for_jobs
stop
gather
report
