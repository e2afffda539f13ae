#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bench.sh BUILD_DIR [ROUNDS] - what the spool costs, against the floor of the same machine in the same minute.
#
# Latency: 50 folders, one at a time, renamed into incoming/ of an idle spool; time to the first instruction of the job's program.
# Throughput: 2,000 folders whose job is /bin/true, renamed into incoming/ at once; until the last is in done/. Before and after each
# round fork+exec of /bin/true, two at a time, is timed: the ratio to their mean is what counts, since machines are noisy.
# Waiting: 10,000 folders queued without a runner: memory and CPU of the coordinator. Idle: CPU of both daemons over 60 seconds.
# Durability is as shipped. Everything is in one fresh folder under ${TMPDIR:-/var/tmp}, removed at the end.
set -euo pipefail

build=$(cd "$1" && pwd)
rounds=${2:-3}
jobs=${BENCH_JOBS:-2000}

# Daemons run as an ordinary user.
if [ "$(id -u)" = 0 ]; then
	exec setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all -- "$0" "$@"
fi

work=$(mktemp -d "${TMPDIR:-/var/tmp}/spool-bench.XXXXXX")
export HOME=$work
spoold_pid='' runner_pid=''

stop_daemons() {
	local pid
	for pid in $runner_pid $spoold_pid; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	spoold_pid='' runner_pid=''
}

finish() {
	local code=$?
	stop_daemons
	[ $code = 0 ] || { echo "bench: failed; the last lines of the logs:" && tail -n 5 "$work"/*.log; } >&2
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

bench() { "$build/tests/bench/bench" "$@"; }
median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

start_spoold() {
	"$build/bin/spoold" --share "$share" --state "$work/$shares/spoold" --foreground >>"$work/spoold.log" 2>&1 &
	spoold_pid=$!
	for _ in $(seq 200); do
		! grep -q 'at work on' "$work/spoold.log" || return 0
		sleep 0.05
	done
	return 1
}

start_runner() {
	"$build/bin/spool-runner" --share "$share" --state "$work/$shares/runner" --name bench --foreground >>"$work/runner.log" 2>&1 &
	runner_pid=$!
	for _ in $(seq 400); do
		! grep -q 'runner bench is present' "$work/spoold.log" || return 0
		sleep 0.05
	done
	return 1
}

# Old shares stay until the end: on ext4, creating files is many times slower for minutes after a mass delete.
fresh_share() {
	stop_daemons
	shares=$((${shares:-0} + 1))
	share=$work/$shares/share
	mkdir "$work/$shares"
	: >"$work/spoold.log"
	"$build/bin/spoolctl" init "$share" >/dev/null
}

drop_folder() { # N EXE: the folders to be dropped, in the share, so that a rename brings them in
	mkdir "$share/drops"
	bench prepare "$share/drops" "$1" "$2"
}

echo "spool bench: $(nproc) processors, $(uname -r), $(stat -f -c %T "$work"), load $(cut -d' ' -f1 /proc/loadavg)"

echo
echo "latency: rename into incoming/ -> the program runs, idle spool, 50 tries"
fresh_share
start_spoold
start_runner
drop_folder 50 "$build/tests/bench/bench stamp"
bench latency "$share/drops" "$share/spool" 50 >"$work/latency"
awk '{ v[NR] = $1 } END { printf "  p50 %.1f ms   p99 %.1f ms   (aim: p50 <= 15 ms)\n", v[int(NR / 2)], v[int(NR * 0.99 + 0.5)] }' "$work/latency"

echo
echo "idle: CPU of the daemons over ${BENCH_IDLE:-60} s, share of one core (aim: < 0.2 % each)"
sleep 5
before_s=$(bench cpu "$spoold_pid") before_r=$(bench cpu "$runner_pid")
sleep "${BENCH_IDLE:-60}"
after_s=$(bench cpu "$spoold_pid") after_r=$(bench cpu "$runner_pid")
awk -v s=$((after_s - before_s)) -v r=$((after_r - before_r)) -v t="${BENCH_IDLE:-60}" \
	'BEGIN { printf "  spoold %.3f %%   spool-runner with launcher %.3f %%\n", s / t / 1e7, r / t / 1e7 }'

echo
echo "throughput: $jobs folders of /bin/true, from the first rename to the last folder in done/"
for round in $(seq "$rounds"); do
	fresh_share
	start_spoold
	start_runner
	drop_folder "$jobs" /bin/true
	floor_before=$(bench floor 2000)
	cpu_before=$(bench cpu "$spoold_pid" "$runner_pid")
	rate=$(bench burst "$share/drops" "$share/spool" "$jobs")
	cpu=$(($(bench cpu "$spoold_pid" "$runner_pid") - cpu_before))
	floor_after=$(bench floor 2000)
	floor=$(awk -v a="$floor_before" -v b="$floor_after" 'BEGIN { print (a + b) / 2 }')
	echo "  round $round: $rate jobs/s   floor $floor processes/s   ratio $(ratio "$rate" "$floor")   daemons $(
		awk -v c=$cpu -v n="$jobs" 'BEGIN { printf "%.2f", c / 1e6 / n }') ms CPU a job"
	ratio "$rate" "$floor" >>"$work/ratios"
	echo >>"$work/ratios"
done
echo "  median ratio $(median <"$work/ratios")   (aim: >= 0.25; Slurm 0.02, task-spooler 0.34)"

echo
echo "waiting: 10,000 folders queued, no runner (aim: <= 40 MB)"
fresh_share
start_spoold
drop_folder 10000 /bin/true
seconds=$(bench queued "$share/drops" "$share/spool" 10000)
sleep 5
before=$(bench cpu "$spoold_pid")
sleep 20
after=$(bench cpu "$spoold_pid")
awk -v s="$seconds" -v kib="$(bench peak "$spoold_pid")" -v ns=$((after - before)) \
	'BEGIN { printf "  admitted in %.1f s   peak memory %.1f MB   CPU while they wait %.3f %% of a core\n", s, kib / 1024, ns / 2e8 }'
