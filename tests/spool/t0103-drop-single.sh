#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One file is a job, if an application knows its ending or the drop box is that of an application.
#
# Fails if in spoold/drops.c a drop is complete a settle time after it was first seen: every file
# that is held open or copied
# slowly, and mv (that would take an hour).
test_description='a single file becomes a job'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=500ms"
. "$SRCDIR/tests/drops.sh"

# is_single FOLDER FILE APP: the folder holds just that file, whole, and a manifest that names the
# application.
is_single() {
	cmp "$1/$2" "$2" && manifest_fits "$1" && grep "^app $3/" "$1/.spool-manifest" &&
		[ "$(find "$1" -mindepth 1 -printf x)" = xx ]
}

test_expect_success 'spoold starts' '
	share_new && spoold_start
'

# Its drop box is found within some seconds; the last test but one looks.
test_expect_success 'a new application is added while spoold runs' '
	cp -r "$SHARE/apps/python3" snake && mkdir "$INCOMING/@snake" &&
	sed -i "s/extensions.*/extensions = {\".snk\"}/" snake/1/app.conf && mv snake "$SHARE/apps/"
'

test_expect_success 'cp of one .py file' '
	{ echo "print(1)" && head -c 2000000 /dev/zero | tr "\0" "#"; } >sim.py &&
	hold sim.py cp sim.py "$INCOMING/" &&
	drops_pass && still_incoming sim.py &&
	release && folder=$(wait_in queued sim.py) && is_single "$folder" sim.py python3
'

test_expect_success 'files of all kinds that are written slowly' '
	for name in a.py b.sh c.m; do echo "1 # $name" >$name || return 1; done &&
	cp sim.py SIM2.PY &&
	drop_open a.py b.sh c.m SIM2.PY && drops_pass && still_incoming a.py b.sh c.m SIM2.PY &&
	drop_close &&
	folder=$(wait_in queued a.py) && is_single "$folder" a.py python3 &&
	folder=$(wait_in queued b.sh) && is_single "$folder" b.sh sh &&
	folder=$(wait_in queued c.m) && is_single "$folder" c.m octave &&
	folder=$(wait_in queued sim2.py) && is_single "$folder" SIM2.PY python3
'

test_expect_success 'rsync -a of one file' '
	cp sim.py sync.py && hold ".sync.py.??????" rsync -a sync.py "$INCOMING/" &&
	drops_pass && test ! -e "$INCOMING/sync.py" && ls -A "$INCOMING" | grep -F .sync.py. &&
	release && folder=$(wait_in queued sync.py) && is_single "$folder" sync.py python3 &&
	wait_incoming_empty
'

test_expect_success 'any file into the drop box of an application' '
	echo "print(2)" >odd.xyz && cp sim.py plain && drop_open odd.xyz plain &&
	mv "$INCOMING/odd.xyz" "$INCOMING/plain" "$INCOMING/@python3/" &&
	drops_pass && still_incoming @python3/odd.xyz @python3/plain && drop_close &&
	folder=$(wait_in queued odd.xyz) && is_single "$folder" odd.xyz python3 &&
	folder=$(wait_in queued plain) && is_single "$folder" plain python3 &&
	cp sim.py large.odd && hold large.odd cp large.odd "$INCOMING/@python3/" &&
	drops_pass && still_incoming @python3/large.odd && release &&
	folder=$(wait_in queued large.odd) && is_single "$folder" large.odd python3
'

test_expect_success 'an empty file' '
	: >nothing.py && drop nothing.py && folder=$(wait_in queued nothing.py) &&
	is_single "$folder" nothing.py python3
'

test_expect_success 'mv within the share is taken at once' '
	spoold_stop && spoold_start -o settle=1h &&
	echo "print(3)" >moved.py && cp moved.py m1 && mv m1 "$INCOMING/moved.py" &&
	folder=$(wait_in queued moved.py) && is_single "$folder" moved.py python3 &&
	echo "print(4)" >moved.odd && cp moved.odd m2 && mv m2 "$INCOMING/@python3/moved.odd" &&
	folder=$(wait_in queued moved.odd) && is_single "$folder" moved.odd python3
'

test_expect_success 'spoold with a short settle time again' '
	spoold_stop && spoold_start
'

test_expect_success 'two files of one name are two jobs' '
	echo "print(1)" >two.py && drop two.py && wait_in queued two.py &&
	echo "print(22)" >two.py && drop two.py && wait_in queued two.py 2 >folders &&
	cat $(sed "s,$,/two.py," folders) >both && printf "%s\n" "print(1)" "print(22)" | cmp - both
'

test_expect_success 'a job.conf by itself can name a program of the runner' '
	mkdir alone && echo "executable = \"/bin/true\"" >alone/job.conf && drop alone/job.conf &&
	wait_in queued job.conf
'

test_expect_success 'an ending that nobody knows: rejected, with the endings that are known' '
	echo hello >letter.docx && drop letter.docx && folder=$(wait_failed letter.docx) &&
	rejected "$folder" "the folder" - "letter.docx" "\.m \(octave\).*\.py \(python3\)" \
		"executable = " && cmp letter.docx "$folder/letter.docx" &&
	echo hello >Makefile && drop Makefile && folder=$(wait_failed makefile) &&
	rejected "$folder" "the folder" - "Makefile" "\.py" "executable" &&
	cmp Makefile "$folder/Makefile"
'

# The runner writes files of these names beside it.
test_expect_success 'a file named like one of ours: rejected, and nothing of it lost' '
	for name in stdout.txt stderr.txt job.result REJECTED.txt attempts .spool-manifest; do
		echo "my own $name" >$name && cp $name "$INCOMING/@python3/" || return 1
	done &&
	for name in stdout.txt stderr.txt job.result rejected.txt attempts spool-manifest; do
		folder=$(wait_failed $name) &&
		rejected "$folder" ".*" - "a name that the spool itself uses" "a file of yours" \
			"another name" &&
		grep -rx "my own .*" "$folder" || return 1
	done
'

test_expect_success 'a link, also to a file, and a fifo: rejected as they are' '
	echo "print(1)" >target && ln -s "$PWD/target" link.py && ln -s sim.py near.py &&
	cp -P link.py near.py "$INCOMING/" && mkfifo "$INCOMING/pipe.py" &&
	folder=$(wait_failed link.py) &&
	rejected "$folder" link.py - "a symbolic link to" "files and folders of the job" \
		"copy the file" &&
	test "$(readlink "$folder/link.py")" = "$PWD/target" &&
	folder=$(wait_failed near.py) && rejected "$folder" ".*" - "." "." "." &&
	test "$(readlink "$folder/near.py")" = sim.py &&
	folder=$(wait_failed pipe.py) &&
	rejected "$folder" pipe.py - "fifo" "ordinary files" "remove it" &&
	test -p "$folder/pipe.py"
'

test_expect_success 'a file that may not be read: rejected' '
	echo "print(1)" >closed.py && cp closed.py c && chmod 0 c && mv c "$INCOMING/closed.py" &&
	folder=$(wait_failed closed.py) &&
	rejected "$folder" closed.py - "may not be read" "may read" "chmod" &&
	test $(stat -c %a "$folder/closed.py") = 0 && chmod 600 "$folder/closed.py" &&
	cmp closed.py "$folder/closed.py"
'

test_expect_success 'a folder @name without such an application is told in the log and left alone' '
	mkdir "$INCOMING/@fortran" && echo 1 >"$INCOMING/@fortran/a.f" &&
	wait_until 10 grep "incoming/@fortran is no drop box" "$LOGS/spoold.log" && drops_pass 1 &&
	test -f "$INCOMING/@fortran/a.f" && test $(grep -c @fortran "$LOGS/spoold.log") = 1 &&
	rm -r "$INCOMING/@fortran"
'

test_expect_success 'the new application has its drop box' '
	echo "print(5)" >slither && cp slither "$INCOMING/@snake/" &&
	folder=$(TIME_LIMIT=20 wait_in queued slither) && is_single "$folder" slither snake
'

test_expect_success 'nothing is left in incoming, every job is in one place' '
	wait_incoming_empty && check_share
'

test_done
