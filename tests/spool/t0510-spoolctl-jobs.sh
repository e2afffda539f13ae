#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# spoolctl with daemons: jobs are handed in, followed, waited for, cancelled, removed; the index agrees.
test_description='spoolctl with daemons: submit, tail, wait, show, cancel, rm, nodes, check'
. "$(dirname "$0")/../lib.sh"

# exits CODE COMMAND...: output in out and err.
exits() {
	local - want=$1 code=0
	shift
	"$@" >out 2>err || code=$?
	[ "$code" = "$want" ] || { echo "$* ended with $code, expected $want"; cat out err; return 1; }
}

state_of() {	# ID
	spoolctl queue --all --json | jq -r ".jobs[] | select(.id == $1) | .state"
}

is_in_state() {	# ID STATE
	[ "$(state_of "$1")" = "$2" ]
}

test_expect_success 'a coordinator and a runner start; the runner is listed' '
	daemons_start r1 &&
	spoolctl nodes | grep "^r1 " &&
	spoolctl nodes --json | jq -e ".runners[0] | .runner == \"r1\" and .slots > 0 and .jobs == 0 and .seen < 60" &&
	spoolctl apps --json | jq -e ".apps | map(select(.app == \"sh\"))[0].runners == \"r1\"" &&
	test "$(spoolctl nodes --noheadings --raw -o RUNNER)" = r1
'

test_expect_success 'submit prints id and place; what it prints comes true' '
	mkdir one && printf "echo hello\necho oops >&2\necho result >out.txt\n" >one/run.sh &&
	spoolctl submit one >out &&
	grep -F "submitted as 1 (one); it will come back as $SHARE/spool/done/1-one" out &&
	spoolctl wait 1 &&
	test "$(cat "$SHARE/spool/done/1-one/out.txt")" = result &&
	test "$(spoolctl tail 1)" = hello && test "$(spoolctl tail --err 1)" = oops &&
	wait_until 10 eval "spoolctl nodes | grep \"^r1 *IDLE\""
'

test_expect_success 'show tells it all, from the record at once' '
	spoolctl show 1 >out &&
	grep "state  *DONE: exit code 0" out && grep "command  *sh run.sh" out && grep "runner  *r1" out &&
	grep "memory  *.* of 256M" out && grep "attempts  *1 on r1: DONE" out && grep "out.txt" out &&
	spoolctl show last --json | jq -e ".jobs[0] | .id == 1 and .exit == 0 and .command == [\"sh\", \"run.sh\"]
		and (.time | type) == \"number\" and .started < .finished and .attempts[0].runner == \"r1\"
		and (.files | map(.name) | index(\"out.txt\")) != null"
'

test_expect_success 'wait and submit --wait return the own code of the job' '
	printf "exit 7\n" >seven.sh && printf "kill -KILL \$\$\n" >killed.sh && printf "sleep 60\n" >long.sh &&
	exits 7 spoolctl submit --wait seven.sh && grep "submitted as" out &&
	exits 137 spoolctl submit --wait killed.sh &&
	exits 124 spoolctl submit --wait long.sh --set ttl=300ms &&
	exits 7 spoolctl wait 1 2 3 && exits 137 spoolctl wait 3 2 &&
	exits 7 spoolctl submit --wait seven.sh --name fine --set success_codes=7 &&
	spoolctl queue --state DONE | grep fine
'

test_expect_success 'submit --parsable feeds wait; several at once keep their order' '
	ids=$(spoolctl submit --parsable one one one) &&
	test "$(echo $ids | wc -w)" = 3 && test "$(echo $ids)" = "$(echo $ids | tr " " "\n" | sort -n | tr "\n" " " | sed "s/ \$//")" &&
	spoolctl wait $ids
'

test_expect_success 'a rejection is told with its reason and its place' '
	exits 1 spoolctl submit one --name odd --set app=nothing &&
	grep "odd: rejected; it lies in .*/spool/failed/[0-9]*-odd$" err &&
	grep "^Found: .*nothing" err && grep "^What to do: " err &&
	test -f "$(sed -n "s/.*it lies in //p" err)/REJECTED.txt" &&
	exits 1 spoolctl wait last &&
	test "$(spoolctl queue --state rejected --raw --noheadings -o NAME)" = odd
'

test_expect_success 'cancel ends what waits and what runs; the reason is kept' '
	id=$(spoolctl submit --parsable long.sh) && wait_until 10 is_in_state "$id" RUNNING &&
	waiting=$(spoolctl submit --parsable long.sh --set runner=nobody-else) &&
	spoolctl cancel "$id" "$waiting" --reason "no more" >out && test "$(wc -l <out)" = 2 &&
	exits 137 spoolctl wait "$id" "$waiting" &&
	spoolctl show "$id" | grep "CANCELLED: .*no more" &&
	spoolctl show "$waiting" | grep "CANCELLED: .*no more" &&
	exits 1 spoolctl cancel "$id" && grep "no waiting or running job" err
'

test_expect_success 'tail -f follows a job from the queue to its end' '
	printf "for i in 1 2 3 4 5; do echo line \$i; sleep 0.1; done\n" >slow.sh &&
	id=$(spoolctl submit --parsable slow.sh) &&
	spoolctl tail -f "$id" >followed 2>ended &&
	test "$(wc -l <followed)" = 5 && grep "has ended: DONE" ended
'

test_expect_success 'rm removes ended jobs with their folders, and no others' '
	id=$(spoolctl submit --parsable long.sh) && wait_until 10 is_in_state "$id" RUNNING &&
	exits 1 spoolctl rm "$id" && grep "cancel it first" err &&
	spoolctl rm 1 | grep "rm 1: removed" &&
	wait_until 5 test ! -e "$SHARE/spool/done/1-one" &&
	exits 1 spoolctl show 1 && exits 1 spoolctl rm 1 &&
	spoolctl cancel "$id" && exits 137 spoolctl wait "$id" && spoolctl rm all &&
	test "$(spoolctl queue --all --json | jq ".jobs | length")" = 0
'

test_expect_success 'names can do a terminal no harm, in any locale' '
	name=$(printf "S\303\257m \033[31m\nb \\\\ x") && mkdir "$name" && echo "true" >"$name/run.sh" &&
	spoolctl submit --wait "$name" >out && ! grep -P "\x1b" out &&
	for locale in C C.UTF-8; do
		LC_ALL=$locale timeout 20 spoolctl queue --all >out && ! grep -P "\x1b" out &&
		LC_ALL=$locale timeout 20 spoolctl show last >out && ! grep -P "\x1b" out || return 1
	done &&
	grep -F "S\\xc3\\xafm \\x1b[31m\\x0ab \\\\ x" <(LC_ALL=C spoolctl queue --all) &&
	spoolctl queue --all --json | jq -e ".jobs[-1].name | startswith(\"S\u00efm \\\\x1b\")" &&
	test "$(spoolctl queue --all --raw --noheadings -o NAME | wc -l)" = "$(spoolctl queue --all --raw --noheadings -o ID | wc -l)"
'

test_expect_success 'a group is listed by itself, also without a snapshot' '
	spoolctl submit --wait one --set group=brick && spoolctl submit --wait one &&
	rm -f "$SHARE"/spool/status/spool.*.db &&
	test "$(spoolctl queue --all --group brick --raw --noheadings -o NAME)" = one
'

test_expect_success 'check is content while jobs come and go, and after' '
	for i in $(seq 20); do spoolctl submit one >>submitted || return 1; done &&
	check_share >out && grep "each in one place; index equals the share" out &&
	wait_until 20 eval "spoolctl queue | grep \"^0 jobs\"" &&
	check_share && spoolctl check --json | jq -e ".check | .ok and .index == \"equal\" and .snapshot > 0" &&
	mv "$(ls -d "$SHARE"/spool/done/*-one | head -n 1)" hidden &&
	exits 1 spoolctl check && grep "the log has it in done/.*, but it has no folder" out
'

test_done
