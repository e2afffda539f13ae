# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lib.sh - what every tests/spool/t*.sh sources first: sharness and our verbs. tests/README tells
# how to write a test.
#
# The script runs as an ordinary user: started by root it starts itself again as "nobody" (a script
# that sets NEED_ROOT=1 stays root, and is skipped for others). All it makes is in one fresh folder
# under /tmp, removed if everything passed. Daemons are ended when the script ends, however it ends.
#
# From outside: SRCDIR (top of the tree), BUILD (what make built), TEST_PATIENCE (factor for all
# time-outs: 3 under sanitizers), TEST_TIMEOUT (seconds for a whole script), TEST_TMP (not /tmp).
# From the script: NEED_ROOT, NEED_TREE (stays who it is: reads the whole tree), SPOOLD_OPTS and RUNNER_OPTS (before or between starts of daemons).

set -u
: "${SRCDIR:=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}" "${BUILD:=$SRCDIR/build}"
: "${TEST_PATIENCE:=1}" "${TEST_TIMEOUT:=600}" "${TEST_TMP:=/tmp}" "${NEED_ROOT:=}" "${NEED_TREE:=}"

# -- start again as an ordinary user, within a time limit ------------------------------------------

lib_as_nobody() {
	setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all -- "$@"
}

# The tree may lie where nobody may not look (/root/...): then what tests need is copied.
lib_copy_tree() {
	mkdir -p "$TEST_ROOT/tree/build/tests" &&
	cp -R "$SRCDIR"/{tests,acr-layout,etc,tools} "$TEST_ROOT/tree" &&
	cp -R "$BUILD"/{bin,share} "$TEST_ROOT/tree/build" &&
	cp -R "$BUILD/tests/shim.so" "$TEST_ROOT/tree/build/tests" &&
	chmod 755 "$TEST_ROOT" || exit 1
	LIB_SCRIPT=$TEST_ROOT/tree/${LIB_SCRIPT#"$SRCDIR"/}
	SRCDIR=$TEST_ROOT/tree BUILD=$TEST_ROOT/tree/build
}

if [ -z "${TEST_ROOT:-}" ]; then
	TEST_ROOT=$(mktemp -d "$TEST_TMP/spool-test.XXXXXX") || exit 1
	LIB_SCRIPT=$(realpath "$0")
	# Ends with prove; in a process group of its own, so that what hangs is ended with the script.
	LIB_START=(setpriv --pdeathsig TERM -- timeout -k 20 "$((TEST_TIMEOUT * TEST_PATIENCE))")
	[ -n "${HARNESS_ACTIVE:-}" ] || LIB_START=(timeout --foreground 86400)
	if [ "$(id -u)" = 0 ] && [ -z "$NEED_ROOT$NEED_TREE" ]; then
		lib_as_nobody test -r "$LIB_SCRIPT" -a -r "$SRCDIR/tests/lib.sh" -a -d "$BUILD/bin/." ||
			lib_copy_tree
		chown -R nobody:nogroup "$TEST_ROOT" || exit 1
		LIB_START+=(setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all --)
		export USER=nobody LOGNAME=nobody
	fi
	cd "$TEST_ROOT" || exit 1
	export SRCDIR BUILD TEST_ROOT TEST_PATIENCE
	exec "${LIB_START[@]}" bash "$LIB_SCRIPT" "$@"
fi

# -- sharness --------------------------------------------------------------------------------------

set +u
SHARNESS_TEST_EXTENSION=sh SHELL_PATH=$BASH
SHARNESS_TEST_DIRECTORY=$TEST_ROOT SHARNESS_BUILD_DIRECTORY=$BUILD/bin
root=$TEST_ROOT
umask 022
. /usr/share/sharness/sharness.sh

LOGS=$TEST_ROOT/logs STATE=$TEST_ROOT/state
mkdir -p "$LOGS" "$STATE"
unset MAKEFLAGS MFLAGS MAKELEVEL XDG_STATE_HOME XDG_CONFIG_HOME XDG_RUNTIME_DIR NOTIFY_SOCKET SPOOL_SHARE NO_COLOR
export ASAN_OPTIONS="detect_leaks=1:verify_asan_link_order=0:log_path=$LOGS/sanitizer"
export UBSAN_OPTIONS="print_stacktrace=1:log_path=$LOGS/sanitizer"

# What a body prints, and the trace of its commands, is shown if it fails.
lib_body() {
	[ "$verbose" = t ] || exec 3>>"$LOGS/body" 4>&3
	exec 7>>"$LOGS/body"
}
lib_body
BASH_XTRACEFD=7 PS4='+ '

eval "sharness_$(declare -f test_eval_)"
test_eval_() {
	local result
	[ "$*" != : ] || return 0
	sharness_test_eval_ "set -x
$*"
	{ result=$?; set +x; } 2>/dev/null
	return $result
}

eval "sharness_$(declare -f test_failure_)"
test_failure_() {
	sharness_test_failure_ "$@"
	{
		echo "--- $this_test: \"$1\" failed; its last lines, then those of the daemons:"
		tail -n 40 "$LOGS/body"
		lib_show_logs
		echo "--- all of it is in $TEST_ROOT"
	} >&2
	mv "$LOGS/body" "$LOGS/body.$test_count" && lib_body
}

eval "sharness_$(declare -f test_ok_)"
test_ok_() {
	sharness_test_ok_ "$@"
	: >"$LOGS/body"
}

lib_show_logs() {
	local log
	for log in "$LOGS"/*.log "$LOGS"/sanitizer.*; do
		[ ! -s "$log" ] || { echo "--- $(basename "$log")" && tail -n 40 "$log"; }
	done
}

eval "sharness_$(declare -f test_done)"
test_done() {
	if [ -z "$skip_all" ] && [ -n "$SHARE" ]; then
		test_expect_success 'no daemon ended by itself, and all end when told to' lib_stop_all
		test_expect_success 'no sanitizer has complained' '
			! ls "$LOGS"/sanitizer.*
		'
	fi
	[ "$test_failure" != 0 ] || LIB_REMOVE=$TEST_ROOT
	sharness_test_done
}

LIB_REMOVE=
lib_exit() {
	local code=$?
	lib_kill_all
	if [ -n "$LIB_REMOVE" ]; then
		cd / && chmod -R u+rwX "$LIB_REMOVE" 2>/dev/null
		rm -rf "$LIB_REMOVE"
	fi
	(exit $code)
	die
}
trap lib_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# -- waiting -----------------------------------------------------------------------------------------

# wait_until SECONDS COMMAND...: runs it every few hundredths of a second until it succeeds; 1 and
# a line that says so when time is over. Its output is thrown away.
wait_until() {
	local - seconds=$1 end
	set +x
	shift
	end=$((${EPOCHREALTIME/[.,]/} + seconds * TEST_PATIENCE * 1000000))
	until "$@" >/dev/null 2>&1; do
		if [ "${EPOCHREALTIME/[.,]/}" -gt $end ]; then
			echo "waited $((seconds * TEST_PATIENCE)) s in vain for: $*" >&2
			return 1
		fi
		sleep 0.03
	done
}

# -- a share -----------------------------------------------------------------------------------------

SHARE=

# share_new [FOLDER]: a fresh share; sets SHARE, and SPOOL_SHARE for spoolctl.
share_new() {
	SHARE=${1:-$TEST_ROOT/share}
	export SPOOL_SHARE=$SHARE
	spoolctl init "$SHARE"
}

# check_share: spoolctl's own check finds nothing: every job in one place, records whole, index equal.
check_share() {
	spoolctl --share "$SHARE" check
}

# -- daemons -----------------------------------------------------------------------------------------

# Fast enough for tests; a test sets its own before it starts a daemon.
: "${SPOOLD_OPTS=-o settle=300ms -o publish=300ms}" "${RUNNER_OPTS=}"
declare -A LIB_PID=()		# of each daemon that we believe alive: spoold, or a runner's name

# lib_spawn NAME COMMAND...: in the background, log appended to $LOGS/NAME.log, ended by the kernel
# if this script dies. Variables SHIM_* set for the call preload the shim (tests/tools/shim.c).
lib_spawn() {
	local name=$1 preload=()
	shift
	[ -z "${LIB_PID[$name]:-}" ] || { echo "$name runs already" >&2; return 1; }
	[ -z "$(compgen -e SHIM_)" ] || preload=(env LD_PRELOAD="$BUILD/tests/shim.so")
	touch "$LOGS/$name.started"
	setpriv --pdeathsig KILL -- "${preload[@]}" "$@" </dev/null >>"$LOGS/$name.log" 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- &
	LIB_PID[$name]=$!
}

# lib_up NAME COMMAND...: waits until the command says that the daemon is ready, or the daemon is dead.
lib_up() {
	local name=$1
	shift
	if ! wait_until 10 lib_up_or_dead "$name" "$@" || ! lib_alive "$name"; then
		echo "$name did not start; see its log" >&2
		return 1
	fi
}

lib_alive() {
	[ -n "${LIB_PID[$1]:-}" ] && kill -0 "${LIB_PID[$1]}" 2>/dev/null
}

lib_up_or_dead() {
	local name=$1
	shift
	"$@" || ! lib_alive "$name"
}

# lib_end NAME SIGNAL: sends it, waits for the end (10 s); the exit status is then in LIB_STATUS.
lib_end() {
	local name=$1 pid=${LIB_PID[$1]:-}
	[ -n "$pid" ] || { echo "$name does not run" >&2; return 1; }
	kill -"$2" "$pid" 2>/dev/null
	lib_wait_end "$name"
}

lib_wait_end() {	# NAME
	local name=$1 pid=${LIB_PID[$1]}
	wait_until 10 lib_dead "$pid" || return 1
	wait "$pid" 2>/dev/null
	LIB_STATUS=$?
	unset "LIB_PID[$name]"
}

lib_dead() {
	! kill -0 "$1" 2>/dev/null
}

lib_stop() {	# NAME: SIGTERM must end it with status 0
	lib_end "$1" TERM || return 1
	[ "$LIB_STATUS" = 0 ] || { echo "$1 ended with status $LIB_STATUS" >&2; return 1; }
}

lib_kill9() {	# NAME
	lib_end "$1" KILL
}

lib_stop_all() {
	local - name failed=0
	set +x
	for name in "${!LIB_PID[@]}"; do
		lib_alive "$name" || { echo "$name ended by itself" >&2; failed=1; }
	done
	# Runners first, so that each still finds the coordinator.
	for name in "${!LIB_PID[@]}"; do
		[ "$name" = spoold ] || lib_stop "$name" || failed=1
	done
	[ -z "${LIB_PID[spoold]:-}" ] || lib_stop spoold || failed=1
	return $failed
}

# The last resort, at exit: the daemons, all else that the script left in the background, launchers that
# outlived their daemons (known by their state folder), and what jobs left behind (known by its
# working directory).
lib_kill_all() {
	local pid
	for pid in "${LIB_PID[@]}" $(jobs -p) $(lib_launchers) $(lib_leftovers); do
		kill -KILL "$pid" 2>/dev/null
	done
	wait 2>/dev/null
}

lib_launchers() {	# [NAME]
	local comm pid
	for comm in /proc/[0-9]*/comm; do
		pid=${comm%/comm} pid=${pid#/proc/}
		[ "$(cat "$comm" 2>/dev/null)" = spool-launcher ] || continue
		tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "--state $STATE/${1:+$1 }" && echo "$pid"
	done
}

lib_leftovers() {
	local cwd
	[ -n "$SHARE" ] || return 0
	for cwd in /proc/[0-9]*/cwd; do
		case $(readlink "$cwd" 2>/dev/null) in
		"$SHARE"/spool/?*) cwd=${cwd%/cwd} && [ "$cwd" = "/proc/$$" ] || echo "${cwd#/proc/}" ;;
		esac
	done
}

# spoold_start [OPTION...], spoold_stop (SIGTERM, must end with 0), spoold_kill9; spoold_spawn starts
# it without waiting until it is ready, spoold_wait_end waits for an end that it finds by itself
# (the shim's SIGKILL): its status is then in LIB_STATUS.
spoold_spawn() {
	local -
	set +x
	# shellcheck disable=SC2086	# words
	lib_spawn spoold spoold --share "$SHARE" --state "$STATE/spoold" --foreground $SPOOLD_OPTS "$@"
}

spoold_start() {
	local -
	set +x
	spoold_spawn "$@" && lib_up spoold spoold_is_up
}

spoold_is_up() {	# its sign says so: only then a next start is as fast
	grep -qE "^[[:space:]]*pid = \"?${LIB_PID[spoold]}\"?\$" "$SHARE/spool/coordinator" &&
		grep -q "at_work = \"yes\"" "$SHARE/spool/coordinator"
}

spoold_stop() { local -; set +x; lib_stop spoold; }
spoold_kill9() { local -; set +x; lib_kill9 spoold; }
spoold_wait_end() { local -; set +x; lib_wait_end spoold; }

# The same for runners: runner_start NAME [OPTION...], runner_stop NAME, runner_kill9 NAME, ...
runner_spawn() {
	local - name=$1
	set +x
	shift
	# shellcheck disable=SC2086	# words
	lib_spawn "$name" spool-runner --share "$SHARE" --state "$STATE/$name" --name "$name" \
		--foreground $RUNNER_OPTS "$@"
}

runner_start() {
	local -
	set +x
	runner_spawn "$@" && lib_up "$1" runner_is_up "$1"
}

runner_is_up() {	# its beat is younger than its start
	[ "$SHARE/spool/runners/$1.beat" -nt "$LOGS/$1.started" ]
}

runner_stop() { local -; set +x; lib_stop "$1"; }
runner_kill9() { local -; set +x; lib_kill9 "$1"; }
runner_wait_end() { local -; set +x; lib_wait_end "$1"; }

# runner_vanish NAME: all of it dies, its jobs too, as with its machine.
runner_vanish() {
	local - pid
	set +x
	for pid in $(lib_launchers "$1"); do kill -KILL "$pid"; done
	lib_end "$1" KILL && wait_until 10 lib_no_launchers "$1"
}

lib_no_launchers() { [ -z "$(lib_launchers "$1")" ]; }

# daemons_start [RUNNER...]: a fresh share, spoold and the runners (one named "r1" if none is named).
daemons_start() {
	local - name
	set +x
	[ $# -gt 0 ] || set -- r1
	share_new "$TEST_ROOT/share" && spoold_start || return 1
	for name; do
		runner_start "$name" || return 1
	done
}

# -- jobs --------------------------------------------------------------------------------------------

# make_job NAME [LINE...] [<<script]: the folder ./NAME with a job.conf of these lines. A script on
# standard input becomes run.sh and the executable.
make_job() {
	local - name=$1 script
	set +x
	shift
	mkdir -p -- "./$name" && script=$(cat) || return 1
	: >"./$name/job.conf"
	if [ -n "$script" ]; then
		case $script in '#!'*) ;; *) script=$'#!/bin/sh\n'$script ;; esac
		printf '%s\n' "$script" >"./$name/run.sh" && chmod +x "./$name/run.sh" &&
			echo 'executable = "run.sh"' >>"./$name/job.conf" || return 1
	fi
	[ $# = 0 ] || printf '%s\n' "$@" >>"./$name/job.conf"
}

# drop PATH... copies into the drop box (as people do), drop_mv PATH... renames (complete at once).
drop() { cp -r -- "$@" "$SHARE/spool/incoming/"; }
drop_mv() {
	local drop
	# One by one: mv looks back at each but the last, and spoold may have taken it already.
	for drop; do mv -- "$drop" "$SHARE/spool/incoming/" || return 1; done
}

# jobs_in PLACE NAME: the folders of the jobs of that (reduced) name in queued, active, done, failed
# or lost, in order of their numbers, one path a line.
jobs_in() {
	local - folder
	set +x
	for folder in "$SHARE/spool/$1"/*; do
		[[ ${folder##*/} =~ ^[0-9]+(\.[0-9]+)?-(.*)$ && ${BASH_REMATCH[2]} == "$2" ]] &&
			echo "$folder"
	done | sort -V
}

# job_id NAME: the number of the job of that name, wherever it is.
job_id() {
	local - place folder
	set +x
	for place in active queued failed "done"; do
		folder=$(jobs_in "$place" "$1" | tail -n 1)
		[ -z "$folder" ] || { folder=${folder##*/} && echo "${folder%%[.-]*}" && return; }
	done
	return 1
}

# wait_done NAME [COUNT], wait_failed NAME [COUNT], wait_in PLACE NAME [COUNT]: waits (TIME_LIMIT seconds,
# 20 unless set) until that many jobs of the name are there, prints their folders. A job that ends in the
# other place ends the wait at once, with its reason.
wait_done() { wait_in "done" "$@"; }
wait_failed() { wait_in failed "$@"; }

wait_in() {
	local - place=$1 name=$2 count=${3:-1}
	set +x
	wait_until "${TIME_LIMIT:-20}" lib_came_or_lost "$place" "$name" "$count"
	[ "$(jobs_in "$place" "$name" | wc -l)" -ge "$count" ] || { lib_tell_job "$name" >&2; return 1; }
	jobs_in "$place" "$name"
}

lib_came_or_lost() {	# PLACE NAME COUNT
	[ "$(jobs_in "$1" "$2" | wc -l)" -ge "$3" ] || case $1 in
	done) [ -n "$(jobs_in failed "$2")" ] ;;
	failed) [ -n "$(jobs_in "done" "$2")" ] ;;
	*) false ;;
	esac
}

lib_tell_job() {	# NAME: where it is and what is said about it
	local folder file
	echo "jobs named $1:"
	for folder in queued active "done" failed; do
		jobs_in "$folder" "$1"
	done | while IFS= read -r folder; do
		echo "$folder"
		for file in REJECTED.txt job.result stderr.txt; do
			[ ! -s "$folder/$file" ] || sed "s/^/    $file: /" "$folder/$file" | tail -n 30
		done
	done
	find "$SHARE/spool/incoming" -mindepth 1 -maxdepth 1 ! -name README ! -name '@*'
}

if [ -n "$NEED_ROOT" ] && [ "$(id -u)" != 0 ]; then
	skip_all="needs root: $NEED_ROOT"
	test_done
fi
