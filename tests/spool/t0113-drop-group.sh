#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Drop boxes of one group for all: mode 3775, as spool-share(7) says. spoold and the runner are
# "nobody", people are "games", and both belong to the group "users".
#
# Fails without spoold/rights.c: programs could not write into folders that cp -r has made.
test_description='a folder dropped into the box of a group is opened to that group, and to nobody else'
NEED_ROOT="drops as one user where spoold and the runner are another"
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=150ms -o scan=300ms -o scan_folders=1s"
. "$SRCDIR/tests/drops.sh"
export PYTHONDONTWRITEBYTECODE=1

programs=$TEST_ROOT/programs people=$TEST_ROOT/people
capabilities=+dac_override,+fowner,+chown,+lease

program() {	# NAME [CAPABILITIES]: from now on it runs as nobody
	mkdir -p "$programs" && cp "$BUILD/bin/$1" "$programs/$1.real" &&
	printf '%s\n' '#!/bin/sh' "exec setpriv --reuid=nobody --regid=nogroup --groups=users \
		--inh-caps=${2:--all} ${2:+--ambient-caps=$2} -- $programs/$1.real \"\$@\"" \
		>"$programs/$1" && chmod 755 "$programs/$1"
}

games() { setpriv --reuid=games --regid=games --groups=users --inh-caps=-all -- "$@"; }

test_expect_success 'spoold with its four capabilities, and a runner' '
	chmod 755 "$TEST_ROOT" && program spoold $capabilities && program spool-runner &&
	PATH=$programs:$PATH && chown nobody "$LOGS" "$STATE" && share_new &&
	chown -R nobody:nogroup "$SHARE" && chgrp users "$INCOMING" "$INCOMING"/@* &&
	chmod 3775 "$INCOMING" "$INCOMING"/@* && install -d -o games -m 755 "$people" &&
	spoold_start && runner_start r1 &&
	test "$(stat -c %U "/proc/${LIB_PID[spoold]}")" = nobody
'

# In $people, as games: a program that writes beside itself and into a subfolder, modes as given.
folder_of_games() {	# NAME MODE-OF-FOLDERS MODE-OF-FILES
	make_job "$1" <<-"EOF" &&
		cat data/in.txt >out.txt && echo more >data/more.txt
	EOF
	mkdir "$1/data" && echo frogs >"$1/data/in.txt" && chmod "$2" "$1" "$1/data" &&
	chmod "$3" "$1/data/in.txt" "$1/job.conf" && chmod "${3/6/7}" "$1/run.sh" &&
	chown -R games:games "$1" && mv "$1" "$people/"
}

ran() {	# NAME: sets folder
	folder=$(wait_done "$1") && test "$(cat "$folder/out.txt")" = frogs &&
	test -f "$folder/data/more.txt" && manifest_mode "$folder"
}

# What we gave it, and no more.
manifest_mode() {
	test "$(stat -c "%U %G %a" "$1/data")" = "games users 27${mode}" &&
	test "$(stat -c "%U %G %a" "$1")" = "games users 27${mode}" &&
	test "$(stat -c %U "$1/data/in.txt")" = games
}

test_expect_success 'cp -r of a folder of mode 0755 with files of mode 0600' '
	folder_of_games frog 755 600 &&
	games sh -c "umask 002; cp -r \"$people/frog\" \"$INCOMING/\"" &&
	mode=75 ran frog && test "$(stat -c "%G %a" "$folder/data/in.txt")" = "users 640" &&
	test "$(stat -c "%G %a" "$folder/run.sh")" = "users 750" &&
	test "$(stat -c %G "$folder/stdout.txt")" = users
'

test_expect_success 'mv of a private folder, which keeps its group: it stays private to all others' '
	folder_of_games toad 700 600 && games mv "$people/toad" "$INCOMING/" &&
	mode=70 ran toad && test "$(stat -c "%G %a" "$folder/data/in.txt")" = "users 640"
'

test_expect_success 'a private single file, in an application'\''s box too' '
	echo "print(1)" >"$people/one.py" && echo "print(2)" >"$people/two.py" &&
	chown games:games "$people"/*.py && chmod 600 "$people"/*.py &&
	games cp -p "$people/one.py" "$INCOMING/" && games mv "$people/two.py" "$INCOMING/@python3/" &&
	folder=$(wait_done one.py) && test "$(cat "$folder/stdout.txt")" = 1 &&
	test "$(stat -c "%U %G %a" "$folder/one.py")" = "games users 640" &&
	folder=$(wait_done two.py) && test "$(cat "$folder/stdout.txt")" = 2
'

test_expect_success 'with results of an earlier life in it' '
	folder_of_games again 755 600 && mkdir "$people/again/attempts" &&
	echo old >"$people/again/stdout.txt" && chown -R games:games "$people/again" &&
	games cp -r "$people/again" "$INCOMING/" && mode=75 ran again &&
	test "$(cat "$folder/attempts/0/stdout.txt")" = old && test -d "$folder/attempts/0/attempts"
'

test_expect_success 'a link is not followed, and needs no rights' '
	folder_of_games link 755 600 && games ln -s data/in.txt "$people/link/short" &&
	games ln -s nowhere "$people/link/dangling" && games cp -rd "$people/link" "$INCOMING/" &&
	mode=75 ran link && test -L "$folder/short"
'

test_expect_success 'a file of another user is not opened: rejected, and named' '
	folder_of_games newt 777 666 && echo secret >"$people/newt/data/secret" &&
	chmod 600 "$people/newt/data/secret" && mv "$people/newt" "$INCOMING/" &&
	folder=$(wait_failed newt) &&
	rejected "$folder" data/secret - "the group users may not read" "the group users may change" \
		"chgrp -R users \"newt\" && chmod -R g.rwX \"newt\"" &&
	test "$(stat -c "%U %a" "$folder/data/secret")" = "root 600"
'

# Somebody else's whole folder comes and goes: some time passes.
some_pass() { make_job passing <<<true && drop_mv passing && wait_done passing; }

test_expect_success 'what the owner changes while we change modes is noticed: it settles anew' '
	spoold_stop && SHIM_STALL=late/data/in.txt SHIM_STALL_WHILE=$PWD/silent spoold_start -o settle=3s &&
	touch silent && folder_of_games late 755 600 && games cp -r "$people/late" "$INCOMING/" &&
	wait_until 10 test -g "$INCOMING/late/data" && echo toads >>"$INCOMING/late/data/in.txt" &&
	rm silent && some_pass && still_incoming late && echo newts >>"$INCOMING/late/data/in.txt" &&
	folder=$(wait_done late) && test "$(cat "$folder/out.txt")" = "frogs
toads
newts"
'

test_expect_success 'a box without the set-group-id bit says nothing about groups' '
	runner_stop r1 && chmod g-s,o+w "$INCOMING" && folder_of_games plain 755 644 &&
	games cp -r "$people/plain" "$INCOMING/" && folder=$(wait_in queued plain) &&
	test "$(stat -c "%G %a" "$folder/data")" = "games 755" &&
	test "$(stat -c "%G %a" "$folder/data/in.txt")" = "games 644"
'

test_expect_success 'spoold without capabilities tells what to type' '
	spoold_stop && program spoold && spoold_start && chmod 3775 "$INCOMING" &&
	folder_of_games poor 755 644 && chgrp users "$people/poor" && chmod 2775 "$people/poor" &&
	games sh -c "umask 002; cp -r \"$people/poor\" \"$INCOMING/\"" && folder=$(wait_failed poor) &&
	rejected "$folder" data - "a folder in which the group users may make no files" \
		"that it may read" "chmod -R g.rwX \"poor\""
'

test_expect_success 'as typed, it is admitted' '
	games chmod -R g+rwX "$people/poor" && games sh -c "umask 002; cp -r \"$people/poor\" \"$INCOMING/\"" &&
	folder=$(wait_in queued poor) && test "$(stat -c %G "$folder/data")" = users
'

test_expect_success 'every job is in one place' '
	wait_until 10 check_share
'

test_done
