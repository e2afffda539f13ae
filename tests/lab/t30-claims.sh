#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='1,000 tickets, three clients that claim with warm caches, and the server that withdraws: one winner each'
. /lab/lib.sh
COUNT=${COUNT:-1000}

tickets_new() {
	local id
	install -d -o spool -g spool -m 775 /srv/share/race || return 1
	for id in $(seq $COUNT); do
		echo "ticket $id" >"/srv/share/race/$id.1.offer"
	done
	chown -R spool:spool /srv/share/race
}

# race_start HOST START PAUSE [RID]: a racer in the background; its standard input is the fifo HOST.go.
race_start() {
	local host=$1
	shift
	mkfifo "$host.go" && { as spool "$host" /lab/claimrace /srv/share/race "$@" <"$host.go" >"$host.out" 2>&1 & } &&
		RACERS+=($!)
}

# Everybody is warm; then all begin at the same second since the boot.
race_run() {
	local name at
	for name; do
		exec {fd}>"$name.go" && GO+=("$fd")
	done
	for name; do wait_until 60 grep warm "$name.out" || return 1; done
	at=$(($(cut -d. -f1 /proc/uptime) + 3))
	for fd in "${GO[@]}"; do echo "$at" >&$fd; done
	wait "${RACERS[@]}"
	for fd in "${GO[@]}"; do exec {fd}>&-; done
}

race() {	# WHO...: c1 c2 c3 claim, srv withdraws
	local who
	RACERS=() GO=()
	rm -rf ./*.go ./*.out /srv/share/race
	tickets_new || return 1
	for who; do
		case $who in
		srv) race_start srv 50 20000 ;;
		*) race_start "$who" 0 0 "$who-00000000-0000000${who#c}" ;;
		esac
	done
	race_run "$@"
	grep -hv "^won\|^lost\|^warm" ./*.out && return 1
	sed -n "s/^won //p" ./*.out | sort -n >won
	seq $COUNT >expected
	test_cmp expected won || return 1
	ls /srv/share/race | sed "s/\..*//" | sort -n >left
	test_cmp expected left || return 1
	! ls /srv/share/race | grep offer || return 1
	for who; do echo "# $MEDIUM: $who won $(grep -c ^won "$who.out")"; done
}

# A race that one racer wins as a whole was none.
two_won() { [ "$(grep -c " won [1-9]" wins)" -ge 2 ]; }

test_expect_success "$MEDIUM: three clients claim $COUNT tickets: no ticket twice, none lost" '
	race c1 c2 c3 >wins && cat wins && two_won
'
grep "^#" wins

test_expect_success "$MEDIUM: the same while the server withdraws them" '
	race c1 c2 c3 srv >wins && cat wins && grep "srv won [1-9]" wins && grep "c[123] won [1-9]" wins
'
grep "^#" wins

test_done
