#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# spoolctl where no daemon runs: what it lays out, hands in, reads from folders alone, refuses, completes.
test_description='spoolctl by itself: init, submit, listings, check, usage, completion'
. "$(dirname "$0")/../lib.sh"

# exits CODE COMMAND...: output in out and err.
exits() {
	local - want=$1 code=0
	shift
	"$@" >out 2>err || code=$?
	[ "$code" = "$want" ] || { echo "$* ended with $code, expected $want"; cat out err; return 1; }
}

# The one drop of that name in incoming.
dropped() {
	echo "$SHARE/spool/incoming/$1".submit-????????
}

# -- init ------------------------------------------------------------------------------------------

test_expect_success 'init lays out a share and says what to do next' '
	share_new "$TEST_ROOT/my share" >out &&
	for place in incoming queued active done failed lost claims runners requests replies events status; do
		test -d "$SHARE/spool/$place" || return 1
	done &&
	test "$(head -n 1 "$SHARE/spool/format")" = 1 &&
	test -f "$SHARE/apps/python3/1/app.conf" &&
	grep -F "spoold --share '\''$SHARE'\''" out &&
	grep -F "spool-runner --share '\''$SHARE'\''" out
'

test_expect_success 'init again changes nothing and adds what is missing' '
	echo "our own rules" >"$SHARE/README" &&
	format=$(cat "$SHARE/spool/format") &&
	rm -r "$SHARE/spool/lost" "$SHARE/apps/sh" &&
	spoolctl init "$SHARE" >out &&
	grep "is a share already; added" out &&
	test -d "$SHARE/spool/lost" && test -f "$SHARE/apps/sh/1/app.conf" &&
	test "$(cat "$SHARE/README")" = "our own rules" &&
	test "$(cat "$SHARE/spool/format")" = "$format" &&
	spoolctl init "$SHARE" >out &&
	grep "nothing was missing" out
'

test_expect_success 'folders of a share may be read by all, whatever the umask' '
	(umask 077 && spoolctl init private) &&
	test "$(stat -c %a private/spool/done private/apps/python3/1/app.conf | tr "\n" " ")" = "755 644 "
'

test_expect_success 'an init that was stopped leaves no share, and may be done again' '
	mkdir -p half/spool/queued half/apps && touch half/apps/.tmp-README &&
	exits 1 spoolctl --share half queue && grep "spoolctl init" err &&
	spoolctl init half && spoolctl --share half queue
'

test_expect_success 'a missing layout is explained' '
	SPOOL_ACR_LAYOUT=/nowhere exits 1 spoolctl init elsewhere &&
	grep "SPOOL_ACR_LAYOUT" err
'

# -- which share -----------------------------------------------------------------------------------

test_expect_success 'the share comes from the option, the environment, the configuration' '
	mkdir -p config/spool &&
	echo "share = \"$PWD/half\"" >config/spool/spoolctl.conf &&
	export XDG_CONFIG_HOME=$PWD/config &&
	(unset SPOOL_SHARE && mkdir half/spool/queued/7-x && spoolctl queue --raw --noheadings -o ID >ids &&
		test "$(cat ids)" = 7) &&
	(SPOOL_SHARE=$PWD/private && spoolctl queue | grep "^0 jobs") &&
	spoolctl --share "$PWD/half" queue | grep "^1 job: 1 queued" &&
	spoolctl queue --share half | grep "^1 job: 1 queued" &&
	spoolctl --config-check | grep -F "$SHARE"
'

test_expect_success 'a mistake in the configuration is told with its line' '
	printf "# mine\nshere = x\n" >config/spool/spoolctl.conf &&
	(unset SPOOL_SHARE && exits 1 spoolctl --config-check && grep "spoolctl.conf:2: .*share" err) &&
	rm -r config && unset XDG_CONFIG_HOME
'

test_expect_success 'no share, or something that is none, is explained' '
	(unset SPOOL_SHARE && exits 2 spoolctl queue && grep "SPOOL_SHARE" err) &&
	exits 1 spoolctl --share /usr queue && grep "spoolctl init" err
'

# -- usage -----------------------------------------------------------------------------------------

test_expect_success 'mistakes on the command line end with 2 and a line that helps' '
	while IFS="|" read -r words text; do
		exits 2 spoolctl $words && grep -F -e "$text" err || return 1
	done <<-\EOF
	|no command given
	quue|did you mean "queue"
	--nonsense|unrecognized option
	queue extra|no arguments are expected
	queue --state RUNNNG|did you mean RUNNING
	queue -o ID,NAMES|there is no column "NAMES"
	queue --json --raw|exclude each other
	show|which job
	show 1x|not a job
	show 9-5|not a job
	tail 1 2|one job at a time
	tail -n many 1|no number of lines
	wait 1 --timeout soon|no time
	cancel|which jobs
	submit|what is to be submitted
	submit --hold x|not supported by this version
	submit --set ttl x|expected key=value
	submit --name a x y|one path
	init|where?
	app check|expected check and a folder
	app test x|expected check
	check --repair|not supported by this version
	EOF
'

test_expect_success 'every command has help, and every option in it is in the manual' '
	spoolctl help >out &&
	for command in $(sed -n "/^Commands:/,/^\$/ s/^  \([a-z]*\) .*/\1/p" out); do
		grep -q "^\.It Cm $command" "$SRCDIR/tools/spoolctl.1" || { echo "no $command"; return 1; }
		spoolctl help "$command" >help && grep "^Usage: spoolctl $command" help || return 1
		for option in $(sed -n "s/^ *\(-[a-zA-Z], *\)\{0,1\}--\([a-z-]*\).*/\2/p" help); do
			grep -qE -e "Fl Fl $option( |\$)" "$SRCDIR/tools/spoolctl.1" ||
				{ echo "$command --$option is not in spoolctl.1"; return 1; }
		done
	done &&
	spoolctl --version | grep "^spoolctl [0-9]"
'

# -- submit ----------------------------------------------------------------------------------------

test_expect_success 'a folder is handed in whole: times, x bits, links; without litter and old results' '
	mkdir -p "sim é/in" && (cd "sim é" &&
		echo "print(1)" >sim.py && echo 1,2 >in/data.csv && ln -s in/data.csv link &&
		printf "#!/bin/sh\n" >tool && chmod 750 tool &&
		touch .DS_Store Thumbs.db stdout.txt job.result &&
		touch -d "2020-01-02 03:04:05" sim.py in) &&
	exits 0 spoolctl submit "sim é" &&
	grep "waiting for the coordinator" out && grep -F "$(dropped "sim é")" out &&
	(cd "$(dropped "sim é")" && find . | LC_ALL=C sort) >list &&
	printf "%s\n" . ./.ready ./in ./in/data.csv ./link ./sim.py ./tool >expected && test_cmp expected list &&
	(cd "$(dropped "sim é")" &&
		test "$(stat -c %a tool sim.py in | tr "\n" " ")" = "750 644 755 " &&
		test "$(stat -c %Y sim.py)" = "$(date -d "2020-01-02 03:04:05" +%s)" &&
		test "$(stat -c %Y in)" = "$(date -d "2020-01-02 03:04:05" +%s)" &&
		test "$(readlink link)" = in/data.csv)
'

test_expect_success 'a single file comes as a folder of its name; --set makes a job.conf' '
	echo "print(2)" >one.py &&
	spoolctl submit one.py && (cd "$(dropped one.py)" && test -f one.py && test ! -e job.conf) &&
	spoolctl submit one.py --name two --set ttl=2h --set "arguments={\"a b\", c}" &&
	printf "%s\n" "ttl = \"2h\"" "arguments = {\"a b\", c}" >expected &&
	test_cmp expected "$(dropped two)/job.conf"
'

test_expect_success '--set replaces a key in place and keeps the rest' '
	mkdir -p set && cp one.py set &&
	printf "%s\n" "# mine" "ttl = 5m   # short" "arguments = {a," "  b}" "memory = 64M" >set/job.conf &&
	spoolctl submit set --set ttl=2h --set "Arguments=it'\''s \"c\"" &&
	sed "s/ *\$//" "$(dropped set)/job.conf" >conf &&
	grep "^# mine" conf && grep "# short" conf && grep "^memory = 64M" conf && ! grep 5m conf &&
	grep -F "ttl = \"2h\"" conf && grep -F "Arguments = \"it'\''s \\\"c\\\"\"" conf &&
	test "$(grep -n "memory" set/job.conf | cut -d: -f1)" = "$(grep -n "memory" conf | cut -d: -f1)" &&
	spoolctl submit --dry-run "$(dropped set)"
'

test_expect_success 'a submission file brings the files that it names' '
	mkdir -p war/sub && echo "print(3)" >war/sub/fit.py && echo 5 >war/d.csv && touch war/other &&
	printf "executable = sub/fit.py\ndata = d.csv\nemail = a@example.org\nclient = lab-07\n" >war/fit.job &&
	exits 3 spoolctl submit --parsable war/fit.job && test ! -s out &&
	(cd "$(dropped fit.job)" && find . -type f | LC_ALL=C sort) >list &&
	printf "%s\n" ./.ready ./d.csv ./job.conf ./sub/fit.py >expected && test_cmp expected list &&
	cmp war/fit.job "$(dropped fit.job)/job.conf" &&
	rm war/d.csv && exits 1 spoolctl submit war/fit.job && grep "d.csv" err
'

test_expect_success 'what cannot become a job is told, and leaves nothing behind' '
	ls -A "$SHARE/spool/incoming" >before &&
	mkdir -p fifo && mkfifo fifo/pipe && exits 1 spoolctl submit fifo && grep pipe err &&
	mkdir -p out-link && ln -s /etc/passwd out-link/x && exits 1 spoolctl submit out-link && grep passwd err &&
	exits 1 spoolctl submit nowhere && grep "No such file" err &&
	exits 1 spoolctl submit one.py --set tll=2h && grep "did you mean \"ttl\"" err &&
	mkdir -p ./@box ._mac && exits 2 spoolctl submit @box && exits 2 spoolctl submit ._mac &&
	exits 2 spoolctl submit one.py --name a/b &&
	ls -A "$SHARE/spool/incoming" >after && test_cmp before after
'

test_expect_success 'a name is taken as it is: blanks, a newline, a leading dash, escapes' '
	name=$(printf "a b\nc \033[31m") && mkdir -p "$name" && echo "print(1)" >"$name/x.py" &&
	spoolctl submit "$name" >out && test -d "$(dropped "$name")" &&
	grep -F "a b\\x0ac \\x1b[31m.submit-" out &&
	mkdir -p ./-rf && echo "print(1)" >./-rf/x.py && spoolctl submit -- -rf && test -d "$(dropped -rf)"
'

test_expect_success '--dry-run says what would run and drops nothing' '
	ls -A "$SHARE/spool/incoming" >before &&
	spoolctl submit --dry-run "sim é" one.py --set "arguments={--n, \"2 0\"}" --set memory=2G >out &&
	test "$(grep -c "would be accepted" out)" = 2 &&
	grep "app  *python3/1" out && grep "command  *python3 -u sim.py --n '\''2 0'\''" out &&
	grep "asks for  *1 core, 2G memory" out &&
	exits 1 spoolctl submit --dry-run set --set app=pythn && grep "would be rejected: .*python3" err &&
	truncate -s 3M big.py && exits 0 spoolctl submit --dry-run big.py &&
	ls -A "$SHARE/spool/incoming" >after && test_cmp before after &&
	! ls -d "${TMPDIR:-/tmp}"/spoolctl-* 2>/dev/null | grep -q "$(id -un)"
'

# -- a share that stands still ---------------------------------------------------------------------

static_share() {
	share_new "$TEST_ROOT/static" && (cd "$SHARE/spool" &&
	mkdir queued/1-wait queued/2.1-again active/3.1-run active/4.2-offered active/5.1-ready done/6-good \
		failed/7-bad lost/4.1-offered claims/lab-07 claims/lab-08 queued/.tmp-9 &&
	touch claims/lab-07/3.1.claim.lab-07-01234567-89abcdef claims/lab-07/3.1.cancel \
		claims/lab-08/4.2.offer claims/lab-08/4.1.back.lab-08-01234567-89abcdef \
		claims/lab-07/5.1.done.lab-07-01234567-89abcdef queued/desktop.ini &&
	mkdir incoming/arriving && echo 8 >next && seq 1 30 >active/3.1-run/stdout.txt)
}

test_expect_success 'queue tells state and runner from the names alone' '
	static_share &&
	spoolctl queue --all --raw --noheadings -o ID,STATE,RUNNER,PLACE,USER >out &&
	cat >expected <<-EOF &&
	1 QUEUED - queued $(id -un)
	2 QUEUED - queued $(id -un)
	3 RUNNING lab-07 active $(id -un)
	4 OFFERED lab-08 active $(id -un)
	5 COMPLETING lab-07 active $(id -un)
	6 DONE - done $(id -un)
	7 FAILED - failed $(id -un)
	EOF
	test_cmp expected out &&
	spoolctl queue | grep "^5 jobs: 2 queued, 2 on the way, 1 running; 1 drop still arriving" &&
	test "$(spoolctl queue --state done,failed --raw --noheadings -o ID | tr "\n" " ")" = "6 7 " &&
	test "$(spoolctl queue --me --all --json | jq ".jobs | length")" = 7 &&
	spoolctl queue -o +PLACE | head -n 1 | grep "RUNNER(REASON) *PLACE"
'

test_expect_success 'no ticket is opened by any command that looks' '
	chmod 000 "$SHARE"/spool/claims/lab-0?/* &&
	spoolctl queue --all | grep RUNNING && spoolctl show 3 >out && grep "runner  *lab-07" out &&
	ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=open,openat,openat2 -o trace spoolctl show 3 4 5 &&
	! grep -E "claim\.|\.offer|\.done\." trace
'

test_expect_success 'places that are closed to people disturb only those who ask for them' '
	chmod 000 "$SPOOL_SHARE"/spool/claims "$SPOOL_SHARE"/spool/runners "$SPOOL_SHARE"/spool/events &&
	spoolctl queue --all --raw --noheadings -o ID >out && test "$(wc -l <out)" = 7 &&
	spoolctl show 6 | grep "state  *DONE" && spoolctl tail -n 1 3 && spoolctl wait 6 &&
	exits 1 spoolctl nodes && grep "Permission denied; ask the owner" err &&
	chmod 755 "$SPOOL_SHARE"/spool/claims "$SPOOL_SHARE"/spool/runners "$SPOOL_SHARE"/spool/events &&
	spoolctl nodes | grep "^0 runners"
'

test_expect_success 'JSON has numbers as numbers and null for what is not known' '
	spoolctl queue --all --json >out &&
	jq -e ".jobs[0] | .id == 1 and .name == \"wait\" and .time == null and .exit == null and .queued == null" out &&
	jq -e ".jobs[2] | .runner == \"lab-07\" and .attempt == 1" out &&
	spoolctl nodes --json | jq -e ".runners == []" &&
	spoolctl apps --json | jq -e ".apps | map(select(.app == \"python3\"))[0] | .ttl == 3600 and .memory > 0" &&
	spoolctl show 3 --json | jq -e ".jobs[0] | .state == \"RUNNING\" and .files[0].name == \"stdout.txt\""
'

test_expect_success 'NO_COLOR and pipes have no colour, a terminal has' '
	! spoolctl queue | grep -P "\x1b" &&
	TERM=xterm script -qc "spoolctl queue" /dev/null | grep -P "\x1b\[" &&
	! TERM=xterm NO_COLOR=1 script -qc "spoolctl queue" /dev/null | grep -P "\x1b\["
'

test_expect_success 'tail prints the last lines, wherever the job is' '
	test "$(spoolctl tail 3 | tr "\n" " ")" = "21 22 23 24 25 26 27 28 29 30 " &&
	test "$(spoolctl tail -n 2 3 | tr "\n" " ")" = "29 30 " &&
	test "$(spoolctl tail -n 100 3 | wc -l)" = 30 && test "$(spoolctl tail -n 0 3)" = "" &&
	printf "no newline" >"$SPOOL_SHARE/spool/done/6-good/stdout.txt" &&
	test "$(spoolctl tail -n 1 6)" = "no newline" &&
	exits 1 spoolctl tail 3 --err && grep "no stderr.txt yet: the job is RUNNING" err &&
	exits 1 spoolctl tail 99 && grep "no such job" err
'

test_expect_success 'tail -f goes on through the move to done and ends there' '
	spoolctl tail -f -n 1 3 >followed 2>ended & pid=$! &&
	wait_until 5 grep 30 followed &&
	echo 31 >>"$SPOOL_SHARE/spool/active/3.1-run/stdout.txt" && wait_until 5 grep 31 followed &&
	echo 32 >>"$SPOOL_SHARE/spool/active/3.1-run/stdout.txt" &&
	mv "$SPOOL_SHARE/spool/active/3.1-run" "$SPOOL_SHARE/spool/done/3-run" &&
	wait $pid &&
	test "$(tr "\n" " " <followed)" = "30 31 32 " && grep "job 3 has ended: DONE" ended
'

test_expect_success 'wait ends by the folder that comes, by its time, and by a job that is not there' '
	spoolctl wait 1 6 & pid=$! &&
	exits 1 spoolctl wait 1 --timeout 300ms && grep "time is over" err &&
	mv "$SPOOL_SHARE/spool/queued/1-wait" "$SPOOL_SHARE/spool/done/1-wait" && wait $pid &&
	exits 1 spoolctl wait 7 && exits 1 spoolctl wait 99 && grep "no such job" err
'

test_expect_success 'ids: ranges, lists, last and all are jobs that are there' '
	spoolctl show 1-2,6 --json | jq -e "[.jobs[].id] == [1, 2, 6]" &&
	spoolctl show 6 2 6 2 --json | jq -e "[.jobs[].id] == [6, 2]" &&
	spoolctl show last --json | jq -e "[.jobs[].id] == [7]" &&
	spoolctl show 1-999999999999 --json | jq -e ".jobs | length == 7" &&
	exits 1 spoolctl show 20-30 && grep "no job in this range" err
'

test_expect_success 'a request without a coordinator stays and says so' '
	exits 1 spoolctl cancel 2 --reason "no more" && grep "no coordinator is running" err &&
	test "$(cat "$SPOOL_SHARE"/spool/requests/cancel-2.????????)" = "no more" &&
	rm "$SPOOL_SHARE"/spool/requests/cancel-2.*
'

test_expect_success 'check finds what is wrong, says what to do, and ends with 1' '
	cp -r "$SPOOL_SHARE/spool/done/6-good" "$SPOOL_SHARE/spool/queued/6-good" &&
	rm "$SPOOL_SHARE"/spool/claims/lab-08/4.2.offer && touch "$SPOOL_SHARE/spool/claims/lab-07/88.1.offer" &&
	mkdir "$SPOOL_SHARE/spool/done/Holiday pictures" && echo 5 >"$SPOOL_SHARE/spool/next" &&
	exits 1 spoolctl check &&
	grep "job 6: it is in two places: spool/queued/6-good and spool/done/6-good; " out &&
	grep "active/4.2-offered has no ticket" out &&
	grep "job 88: lab-07 has a ticket for attempt 1, but its folder is not in spool/active" out &&
	grep "spool/done/Holiday pictures: not the name of a job" out &&
	grep "spool/next: expected a number above 7" out &&
	grep "job 7: spool/failed/7-bad/job.result cannot be read" out &&
	grep "job 2: the log does not know of queued/2.1-again" out &&
	tail -n 1 out | grep "^7 jobs, [0-9]* findings" &&
	exits 1 spoolctl check --json && jq -e ".check.ok == false and (.check.findings | length) > 6" out &&
	! ls -A "$SPOOL_SHARE/spool/requests" | grep snapshot
'

test_expect_success 'app check examines an application before it is installed' '
	mkdir -p apps/own/1 && echo "interpreter = python3" >apps/own/1/app.conf && echo 1 >apps/own/current &&
	spoolctl app check apps/own/1 | grep "own/1 is in order" && spoolctl app check apps/own >out &&
	echo "program linux-x86_64 { path = \"bin/x\" }" >apps/own/1/app.conf &&
	exits 1 spoolctl app check apps/own/1 && grep "bin/x" err &&
	echo "interpretr = python3" >apps/own/1/app.conf &&
	exits 1 spoolctl app check apps/own && grep "app.conf:1: .*interpreter" err &&
	cp -r apps/own "$SPOOL_SHARE/apps/" && spoolctl apps >out && grep "^apps/own/1/app.conf:1: " out
'

# -- completion ------------------------------------------------------------------------------------

complete_words() {
	# shellcheck source=/dev/null
	. "$SRCDIR/etc/spoolctl.bash-completion"
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
	_spoolctl
	printf '%s\n' "${COMPREPLY[@]}"
}

completes() {	# EXPECTED WORD...
	local got expected=$1
	shift
	got=$(complete_words "$@" | tr '\n' ' ')
	[ "$got" = "$expected " ] || { echo "$*: $got"; return 1; }
}

test_expect_success 'completion knows commands, options, columns, states and the ids of jobs' '
	rm -r "$SPOOL_SHARE/spool/queued/6-good" &&
	completes "queue" spoolctl q &&
	completes "apps app" spoolctl ap &&
	completes "--noheadings" spoolctl queue --no &&
	completes "--parsable" spoolctl submit --pa &&
	completes "PLATFORM" spoolctl nodes -o PLA &&
	completes "ID,NAME" spoolctl queue -o ID,NA &&
	completes "FAILED,RUNNING" spoolctl queue --state = FAILED,RU &&
	completes "2 4 5 last all" spoolctl cancel "" &&
	completes "1 3 6 7 last all" spoolctl rm "" &&
	completes "7" spoolctl show 7 &&
	completes "7 last all" spoolctl --share "$PWD/half" cancel "" &&
	completes "one.py" spoolctl submit one
'

test_done
