#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Control files that are empty, torn, zeros, noise, of a version to come, or no files at all.
#
# Fails if in spoold/ or runner/ one of them is believed, changed, ends a daemon, or is told with
# every scan.
test_description='rubbish in the places of control files is left alone, told a few times at most, and harms nobody'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=200ms -o publish=300ms -o lease=3s -o beat=300ms"
RUNNER_OPTS="-o beat=300ms -o freeze=1s -o poll=200ms"
. "$SRCDIR/tests/leases.sh"
CLAIMS=$TEST_ROOT/share/spool/claims BEATS=$TEST_ROOT/share/spool/runners

KINDS="empty torn zeros noise tomorrow"
# rubbish KIND GOOD: what has become of the good file, on standard output.
rubbish() {
	case $1 in
	empty) ;;
	torn) head -c "$(($(stat -c %s "$2") / 2))" "$2" ;;
	zeros) head -c 4096 /dev/zero ;;
	noise) head -c 3000 /dev/urandom ;;
	tomorrow) sed -e '1s/1$/9/' -e '/^# sum/d' "$2" >tomorrow && fake_seal tomorrow && cat tomorrow ;;
	esac
}
said() { grep -E "$@" "$LOGS/spoold.log"; }
counter() { sed -n 's/.*counter = "\(.*\)".*/\1/p' "$SHARE/spool/coordinator"; }
has_beaten() { [ "$(counter)" -ge "$1" ]; }
scans_pass() { wait_until 20 has_beaten $(($(counter) + 8)); }	# ten and more
PASSED=0
others_work() {
	local name=passing$((++PASSED))
	make_job "$name" "runner = \"r1\"" <<<"echo fine" && drop "$name" && folder=$(wait_done "$name") &&
		test "$(cat "$folder/stdout.txt")" = fine
}

test_expect_success 'spoold, a runner, and one that does what the script says' '
	daemons_start r1 && fake_new r2 && others_work
'

test_expect_success 'registrations: no runner of that name, the files stay' '
	for kind in $KINDS; do
		sed "s/\"r2/\"odd$kind/" "$BEATS/r2.conf" >good && rubbish $kind good >odd$kind.conf &&
		cp odd$kind.conf "$BEATS/" || return 1
	done && mkdir "$BEATS/folder.conf" && mkfifo "$BEATS/fifo.conf" && ln -s /etc/passwd "$BEATS/link.conf" &&
	scans_pass && others_work && ! said "runner (odd.*|folder|fifo|link) is present" &&
	for kind in $KINDS; do
		cmp odd$kind.conf "$BEATS/odd$kind.conf" && test "$(said -c "odd$kind")" -le 2 || return 1
	done && test -p "$BEATS/fifo.conf" && test -L "$BEATS/link.conf" &&
	rm -r "$BEATS"/odd* "$BEATS"/folder.conf "$BEATS"/fifo.conf "$BEATS"/link.conf
'

test_expect_success 'beats are no signs of life: the runner is silent, its job begins anew' '
	make_job lost "runner = \"r2\"" <<<true && drop_mv lost && fake_claim lost && cp "$BEATS/r2.beat" good &&
	fake_hush r2 && end=$(($(date +%s) + 20)) &&
	until [ -e "${FAKE_CLAIM%.claim.*}.revoked" ]; do
		for kind in $KINDS; do rubbish $kind good >beat && mv beat "$BEATS/r2.beat" && sleep 0.1; done
		[ "$(date +%s)" -lt $end ] || return 1
	done && wait_in lost lost && others_work && fake_wake r2 && fake_give_back "$FAKE_CLAIM" && fake_claim lost &&
	fake_finish "$FAKE_CLAIM" && wait_done lost
'

filed() { ls -d "$SHARE"/spool/done/*-"$1" "$SHARE"/spool/failed/*-"$1"; }
test_expect_success 'results: nothing is filed, the ticket and the folder stay; mended, it is' '
	for kind in $KINDS; do
		make_job bad$kind "runner = \"r2\"" <<<true && drop_mv bad$kind && fake_claim bad$kind &&
		done=${FAKE_CLAIM/.claim./.done.} && cp "$FAKE_CLAIM" good && rubbish $kind good >bad.$kind &&
		cat bad.$kind >"$FAKE_CLAIM" && mv "$FAKE_CLAIM" "$done" && wait_until 10 said "$(job_id bad$kind): its finished ticket cannot be filed" &&
		scans_pass && others_work && cmp bad.$kind "$done" && ! filed bad$kind && test -n "$(jobs_in active bad$kind)" &&
		test "$(said -c "$(job_id bad$kind): its finished ticket")" -le 2 &&
		cat good >"$FAKE_CLAIM" && rm "$done" && fake_finish "$FAKE_CLAIM" && wait_done bad$kind || return 1
	done
'

test_expect_success 'offers: a runner runs nothing, gives back, and works on; so does spoold' '
	for kind in $KINDS; do
		printf "spool-ticket 1\noffer {\n  id = \"900\"\n  attempt = \"1\"\n  program = \"/bin/touch\"\n  arguments = {\"$PWD/ran\"}\n}\n" >good &&
		fake_seal good && rubbish $kind good >offer && mv offer "$CLAIMS/r1/900.1.offer" &&
		wait_until 20 sh -c "! ls \"$CLAIMS\"/r1/900.1.*" && others_work && ! test -e ran || return 1
	done
'

test_expect_success 'names that are no tickets stay where they are' '
	touch "$CLAIMS/r1/0.1.offer" "$CLAIMS/r1/1.offer" "$CLAIMS/r1/17" "$CLAIMS/r1/9.1.frozen" "$CLAIMS/r1/99999999999999999999999.1.offer" &&
	mkdir "$CLAIMS/r1/notes" && ls "$CLAIMS/r1" | grep -vE "claim|^900[.]" >before && scans_pass && others_work &&
	ls "$CLAIMS/r1" | grep -vE "claim|[.]done[.]|^900[.]" >after && test_cmp before after && rm -r "$CLAIMS"/r1/*
'

test_expect_success 'requests: answered or left alone, nothing is cancelled' '
	make_job waits "runner = \"nobody-here\"" <<<true && drop_mv waits && wait_in queued waits && id=$(job_id waits) &&
	( cd "$SHARE/spool/requests" && : >cancel-x$id && : >"cancel-$id $id" && : >cancel--$id && : >rm-99999999999999999999999 &&
		: >"$(printf "cancel-%s\n" $id; echo x)" && mkdir folder && ln -s /etc/passwd link ) &&
	scans_pass && others_work && test -n "$(jobs_in queued waits)" && head -c 100000 /dev/urandom >noise &&
	mv noise "$SHARE/spool/requests/cancel-$id" && folder=$(wait_failed waits) &&
	! LC_ALL=C grep -q "[[:cntrl:]]" "$folder/job.result" &&
	rm -rf "$SHARE"/spool/requests/[!R]*
'

test_expect_success 'the sign of the coordinator, while none runs: the next one starts' '
	spoold_stop && cp "$SHARE/spool/coordinator" good && for kind in $KINDS; do
		rubbish $kind good >sign && mv sign "$SHARE/spool/coordinator" && spoold_spawn -o lease=2s -o beat=200ms &&
		wait_until 20 spoold_is_up && others_work && spoold_stop || return 1
	done && spoold_start
'

test_expect_success 'the record of an admitted job: it is not run, and says why' '
	runner_stop r1 && for kind in $KINDS; do
		make_job rec$kind "runner = \"r1\"" <<<"echo ran >>\"$PWD/ran\"" && drop_mv rec$kind &&
		folder=$(wait_in queued rec$kind) && cp -p "$folder/.spool-manifest" good || return 1
		chmod u+w "$folder/.spool-manifest"
		case $kind in tomorrow) sed "1s/1$/9/" good >record ;; *) rubbish $kind good >record ;; esac
		cat record >"$folder/.spool-manifest" || return 1
	done && spoold_stop && spoold_start && runner_start r1 && others_work &&
	for kind in $KINDS; do folder=$(wait_failed rec$kind) && grep "record" "$folder/job.result" || return 1; done &&
	! test -e ran
'

test_expect_success 'check names what is damaged; removed, every job is in one place' '
	wait_until 10 spoolctl queue --all && test_must_fail check_share >found && test "$(grep -c "damaged" found)" = 5 &&
	for kind in $KINDS; do : >"$SHARE/spool/requests/rm-$(job_id rec$kind)"; done && wait_until 20 check_share
'

fake_hush_all
test_done
