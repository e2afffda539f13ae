#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every way of dropping, to its end: the results lie beside the inputs, computed from the whole of
# them.
#
# Fails if in spoold/drops.c a drop is complete a settle time after it was first seen: every way but
# mv, .ready
# and spoolctl submit (t0100 and t0102 have those, with a settle time of an hour); the changes in
# queued/
# fail if spoold/prepare.c does not compare with the manifest.
test_description='every way of dropping ends in done/, computed from all that was dropped'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=150ms -o scan=300ms -o incoming_patience=1h"
. "$SRCDIR/tests/drops.sh"

# A job that tells the hashes of all that it finds.
sum='find . -type f ! -path "./std*.txt" ! -path ./.spool-manifest ! -path "./attempts*" \
	! -name .ready -print0 | sort -z | xargs -0 sha256sum'
make_sum() {	# NAME [LINE...]
	make_job "$@" <<<"$sum" && make_data "$1/in/deep/large.dat" 3000 &&
	make_data "$1/in/small.dat" 1 && mkdir "$1/empty"
}

# right SOURCE NAME: the job is done, its inputs are the source, and so are its sums.
right() {
	local folder
	folder=$(wait_done "$2") && (cd "./$1" && sh -c "$sum") >sums &&
	diff sums "$folder/stdout.txt" && manifest_fits_inputs "$folder" "$1"
}

manifest_fits_inputs() {	# FOLDER SOURCE
	(cd "./$2" && lib_find -type f -printf '%s\n' | sort) >sizes.1 &&
		sed -n 's/^f \([0-9]*\) .*/\1/p' "$1/.spool-manifest" | sort >sizes.2 &&
		diff sizes.1 sizes.2
}

put() { cp -a "$1" copy && mv copy "$INCOMING/$1"; }	# NAME: a copy of it arrives by one rename

test_expect_success 'spoold and a runner start' '
	daemons_start r1
'

test_expect_success 'stopped in their middle: cp -r, cp -a, rsync -a, mv between file systems' '
	other=$(mktemp -d /dev/shm/spool-test.XXXXXX) && test_when_finished "rm -rf $other" &&
	make_sum cp && hold large.dat cp -r cp "$INCOMING/" &&
	make_sum old && find old -exec touch -h -d 2001-01-01 {} + &&
	hold large.dat cp -a old "$INCOMING/" &&
	make_sum rsync && hold ".large.dat.??????" rsync -a rsync "$INCOMING/" &&
	make_sum moved && cp -r moved $other/ && hold large.dat mv $other/moved "$INCOMING/" &&
	drops_pass 2 && still_incoming cp old rsync moved && release &&
	for name in cp old rsync moved; do right $name $name || return 1; done
'

test_expect_success 'mv within the share, .ready, spoolctl submit' '
	make_sum mv && put mv && make_sum ready && touch ready/.ready && drop ready &&
	make_sum sub && spoolctl submit sub &&
	for name in mv ready sub; do right $name $name || return 1; done
'

test_expect_success 'slow copies: bursts, a pause while the file is held open' '
	make_sum slow && drop_open slow && drops_pass 2 && still_incoming slow && drop_close &&
	right slow slow
'

test_expect_success 'inputs that come later' '
	make_sum late "inputs = {last.dat}" && drop late && drops_pass 2 && still_incoming late &&
	make_data late/last.dat 100 &&
	cp late/last.dat "$INCOMING/late/" && right late late
'

test_expect_success 'single files, into incoming and into the box of an application' '
	echo "print(6 * 7)" >sim.py && echo "print(6 * 8)" >odd.xyz && drop_open sim.py &&
	drops_pass 1 && drop_close && cp odd.xyz "$INCOMING/@python3/" &&
	folder=$(wait_done sim.py) && test "$(cat "$folder/stdout.txt")" = 42 &&
	cmp sim.py "$folder/sim.py" &&
	folder=$(wait_done odd.xyz) && test "$(cat "$folder/stdout.txt")" = 48
'

test_expect_success 'two folders of one name' '
	make_sum pair && put pair && wait_done pair && echo 2 >pair/in/small.dat && drop pair &&
	wait_done pair 2 >folders && (cd pair && sh -c "$sum") >sums &&
	diff sums "$(tail -n 1 folders)/stdout.txt" &&
	! diff -q sums "$(head -n 1 folders)/stdout.txt"
'

find_done() {	# FILE CONTENT: the folder in done/ that has it
	local folder
	for folder in "$SHARE"/spool/done/*/; do
		[ ! -f "$folder/$1" ] || [ "$(cat "$folder/$1")" != "$2" ] ||
		{ printf "%s\n" "${folder%/}" && return; }
	done
	return 1
}

names=("two words" "Übung 3" $'new\nline' "$(printf 'n%.0s' {1..255})" -dash
	$'escape\e[31m' $'not\xff' '$(touch pwned)' "quote's" '*' 'back\slash')

test_expect_success 'names of all kinds, of folders and of the files in them' '
	for i in "${!names[@]}"; do
		make_sum job$i && echo "$i" >"job$i/${names[i]}" && mv job$i "./${names[i]}" ||
		return 1
	done && drop_open "${names[@]}" && drops_pass 1 && drop_close && wait_incoming_empty &&
	for i in "${!names[@]}"; do
		folder=$(wait_until 20 find_done "${names[i]}" "$i" &&
		find_done "${names[i]}" "$i") && (cd "./${names[i]}" && sh -c "$sum") >sums &&
		diff sums "$folder/stdout.txt" || return 1
	done && ! find "$TEST_ROOT" -name pwned | grep .
'

test_expect_success 'a single file with such a name' '
	for name in "two words.py" -dash.py "-c.py"; do
	echo "import sys; print(\"ran\", len(sys.argv))" >"./$name" && drop_mv "$name" ||
	return 1; done &&
	for name in two_words.py dash.py c.py; do folder=$(wait_done $name) &&
	test "$(cat "$folder/stdout.txt")" = "ran 1" || return 1; done
'

test_expect_success 'litter, BOM and CRLF, Warwick' '
	mkdir frog && echo "print(1)" >frog/frog.py && echo x >frog/._frog.py &&
	echo x >frog/.DS_Store && drop frog && folder=$(wait_done frog) &&
	test "$(cat "$folder/stdout.txt")" = 1 &&
	make_job bom <<<"echo \"\$1\" \"\$2\"" &&
	printf "\xef\xbb\xbfexecutable = \"run.sh\"\r\narguments = {\"a b\", c}\r\nttl = 1m\r\n" \
		>bom/job.conf && drop bom &&
	folder=$(wait_done bom) && test "$(cat "$folder/stdout.txt")" = "a b c" &&
	mkdir warwick && echo "import sys; print(open(sys.argv[1]).read())" >warwick/sim.py &&
	echo "1,2" >warwick/d.csv &&
	printf "executable = sim.py\ndata = d.csv\nemail = me@example.org\nclient = r1\n" \
		>warwick/job.conf && drop warwick && folder=$(wait_done warwick) &&
		grep "1,2" "$folder/stdout.txt"
'

test_expect_success 'done once and dropped again: the results of the first life are in attempts/0' '
	folder=$(wait_done sub) && mv "$folder" life && (cd life &&
	sh -c "$sum" | grep -v job.result) >sums && drop_mv life && folder=$(wait_done life) &&
	test -f "$folder/attempts/0/stdout.txt" && test -f "$folder/attempts/0/job.result" &&
	diff sums "$folder/stdout.txt"
'

has_mode() { [ "$(stat -c %a "$2")" = "$1" ]; }

test_expect_success 'a folder that may not be written: it runs, and has its mode again' '
	for mode in 555 500 0; do make_sum m$mode && drop_open m$mode &&
	chmod $mode "$INCOMING/m$mode" || return 1; done && drops_pass 1 && drop_close &&
	for mode in 555 500 0; do folder=$(wait_done m$mode) &&
	wait_until 10 has_mode $mode "$folder" && chmod u+rwx "$folder" && right m$mode m$mode ||
	return 1; done
'

returned() { events | grep " return .*folder=[0-9]*-$1 "; }

# Without a runner, drops stay in queued/.
test_expect_success 'folders that change in queued/ go back to incoming and are admitted anew' '
	runner_stop r1 && for name in grown more less; do make_sum $name && put $name &&
	wait_in queued $name || return 1; done &&
	echo 1 >>"$(wait_in queued grown)/in/small.dat" && echo 1 >>grown/in/small.dat &&
	echo 1 >"$(wait_in queued more)/new.dat" && echo 1 >more/new.dat &&
	rm "$(wait_in queued less)/in/small.dat" less/in/small.dat && runner_start r1 &&
	for name in grown more less; do right $name $name && returned $name || return 1; done
'

test_expect_success 'also if the name has been used again meanwhile' '
	runner_stop r1 && make_sum twin && cp -r twin first && put twin &&
	folder=$(wait_in queued twin) && id=$(job_id twin) && echo 1 >"$folder/new.dat" &&
	echo 1 >first/new.dat &&
	echo 2 >twin/in/small.dat && hold large.dat cp -r twin "$INCOMING/" && runner_start r1 &&
	wait_until 10 returned twin && release && right twin twin &&
	folder=$(wait_done twin.$id) && (cd first && sh -c "$sum") >sums &&
	diff sums "$folder/stdout.txt"
'

test_expect_success 'a single file that changes in queued/ goes back as the file that it was' '
	runner_stop r1 && echo "print(1)" >one.py && cp one.py "$INCOMING/@python3/" &&
	folder=$(wait_in queued one.py) && echo "print(2)" >>"$folder/one.py" && runner_start r1 &&
	folder=$(wait_done one.py) && test "$(cat "$folder/stdout.txt")" = "1
2" && returned one.py
'

test_expect_success 'a folder that its owner deletes in queued/, offered to nobody' '
	runner_stop r1 && make_sum gone && put gone && rm -rf "$(wait_in queued gone)" &&
	runner_start r1 && make_sum next && put next && wait_done next &&
	! job_id gone
'

test_expect_success 'nothing is left in incoming, every job is in one place' '
	wait_incoming_empty && spoold_stop && spoold_start -o scan_folders=1s &&
	wait_until 10 check_share
'

test_done
