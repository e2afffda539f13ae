#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='drops of another user that spoold may not move are answered once and left alone'
NEED_ROOT="drops as one user where spoold runs as another"
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=150ms -o scan=300ms -o incoming_patience=1h"
. "$SRCDIR/tests/drops.sh"
umask 0			# so that what drops_pass drops can be moved

# spoold runs as nobody, under its usual name; everything else is done by root, or by "games".
programs=$TEST_ROOT/programs
test_expect_success 'spoold starts as an ordinary user' '
	chmod 755 "$TEST_ROOT" && mkdir "$programs" &&
	cp "$(command -v spoold)" "$programs/spoold.real" &&
	printf "%s\n" "#!/bin/sh" "exec setpriv --reuid=nobody --regid=nogroup --clear-groups \
		--inh-caps=-all -- $programs/spoold.real \"\$@\"" >"$programs/spoold" &&
	chmod 755 "$programs/spoold" && PATH=$programs:$PATH && chown nobody "$LOGS" "$STATE" &&
	share_new && chown -R nobody:nogroup "$SHARE" &&
	chmod 777 "$INCOMING" "$INCOMING/@python3" && spoold_start &&
	test "$(stat -c %U "/proc/${LIB_PID[spoold]}")" = nobody
'

give() {	# NAME MODE: a folder ./NAME becomes a drop of "games" of this mode
	chown -R games: "$1" && chmod "$2" "$1" && listing "$1" >"before.$1" && drop_mv "$1"
}

untouched() {	# NAME MODE
	listing "$INCOMING/$1" | diff "before.$1" - &&
	test "$(stat -c "%U %a" "$INCOMING/$1")" = "games $2"
}

# answered NAME FOUND: a folder in failed/ with the answer, nothing else; all of the drop is where
# it was.
answered() {
	folder=$(wait_failed "$1") && rejected "$folder" "the f[a-z]*" - "$2" "." "." &&
		only_answer "$folder"
}

test_expect_success 'a folder that spoold may read but not write' '
	make_job frog <<<true && echo 1 >frog/data && give frog 755 &&
	answered frog "may not enter or change" && untouched frog 755 &&
	events | grep " reject .* user=games"
'

test_expect_success 'a folder that it may not even read' '
	make_job toad <<<true && give toad 700 && answered toad "may not enter or change" &&
	untouched toad 700
'

keep_changing='
import os, sys, time
os.chdir(sys.argv[1])
os.mkdir("started")
while True:
	os.mkdir("part")
	os.rmdir("part")
	time.sleep(0.005)'

test_expect_success 'one that is still being copied is answered when it stands still, once' '
	mkdir slow && { setpriv --pdeathsig KILL python3 -c "$keep_changing" slow & } && copy=$! &&
	wait_until 10 test -d slow/started && give slow 700 &&
	drops_pass 3 && still_incoming slow && kill $copy &&
	answered slow "may not enter or change" &&
	drops_pass 2 && test $(jobs_in failed slow | wc -l) = 1
'

test_expect_success 'they are not answered again, by scans or by a new start' '
	count=$(jobs_count failed) && drops_pass 4 && spoold_stop &&
	spoold_start -o scan_folders=1s && drops_pass 4 &&
	test $(jobs_count failed) = $count && untouched frog 755 && untouched toad 700
'

test_expect_success 'mended by its owner, it is admitted' '
	chmod -R a+rwX "$INCOMING/frog" && folder=$(wait_in queued frog) &&
	test -f "$folder/data" && grep "^user games " "$folder/.spool-manifest"
'

test_expect_success 'a folder of another user that may be written is admitted, its files are his' '
	make_job newt <<<true && give newt 777 && folder=$(wait_in queued newt) &&
	test "$(stat -c %U "$folder/run.sh")" = games
'

test_expect_success 'a file of another user: admitted if it can be read, else rejected' '
	echo "print(1)" >open.py && echo "print(2)" >shut.py && chown games: open.py shut.py &&
	chmod 600 shut.py && drop_mv open.py && drop_mv shut.py &&
	folder=$(wait_in queued open.py) && grep "^user games " "$folder/.spool-manifest" &&
	grep "print(1)" "$folder/open.py" &&
	folder=$(wait_failed shut.py) &&
	rejected "$folder" shut.py - "a file that may not be read" "may read" "chmod" &&
	grep "print(2)" "$folder/shut.py" &&
	test "$(stat -c "%U %a" "$folder/shut.py")" = "games 600"
'

test_expect_success 'where nobody may move what is not his: answered' '
	chown root: "$INCOMING/@python3" && chmod 1777 "$INCOMING/@python3" &&
	echo "print(3)" >stick.py && chown games: stick.py && mv stick.py "$INCOMING/@python3/" &&
	answered stick.py "a file that cannot be moved" && make_job sticky <<<true &&
	chown -R games: sticky && chmod -R a+rwX sticky &&
	echo "input = run.sh" >>sticky/job.conf && sed -i /executable/d sticky/job.conf &&
	mv sticky "$INCOMING/@python3/" && answered sticky "a folder that cannot be moved" &&
	drops_pass 3 &&
	test -f "$INCOMING/@python3/stick.py" && test $(jobs_in failed stick.py | wc -l) = 1 &&
	test $(jobs_in failed sticky | wc -l) = 1 && test -z "$(jobs_in queued sticky)"
'

if touch immutable && chattr +i immutable 2>/dev/null; then
	chattr -i immutable && test_set_prereq CHATTR
fi

test_expect_success CHATTR 'what nobody can move at all, of the own user too: answered once' '
	make_job rock <<<true && chown -R nobody: rock && drop_mv rock &&
	mv "$(wait_in queued rock)" rock && rm rock/.spool-manifest &&
	chattr +i rock 2>/dev/null && chattr -i rock && spoold_stop && mv rock "$INCOMING/" &&
	chattr +i "$INCOMING/rock" && test_when_finished "chattr -i \"$INCOMING/rock\"" &&
	spoold_start && answered rock "may not enter or change" && drops_pass 3 &&
	test $(jobs_in failed rock | wc -l) = 1
'

test_expect_success 'every job is in one place' '
	spoold_stop && spoold_start -o scan_folders=1s && wait_until 10 check_share
'

test_done
