#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What must not be in a dropped folder, and folders that are no job at all. Each is rejected with a
# page that names the file, what was
# found, what was expected and what to do, and is otherwise as it was dropped.
test_description='links that lead out, fifos, hard links, deep and empty folders: explained, intact'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=300ms -o incoming_patience=800ms"
. "$SRCDIR/tests/drops.sh"

job() {	# NAME
	make_job "$1" <<<true && mkdir -p "$1/in/deep" && echo 1 >"$1/in/data.csv"
}

# refused NAME FILE FOUND EXPECTED REMEDY: drops ./NAME; all but the answer is as before.
refused() {
	local name=$1
	listing "$name" >before && drop_mv "$name" && folder=$(wait_failed "$name") &&
		rejected "$folder" "$2" - "$3" "$4" "$5" && listing "$folder" >after &&
		diff before after &&
		has_answer "$folder" &&
		test ! -e "$INCOMING/$name" && test -z "$(jobs_in queued "$name")" &&
		lib_alive spoold
}

test_expect_success 'spoold starts' '
	share_new && spoold_start && echo secret >secret && mkdir outside &&
	echo secret >outside/file
'

test_expect_success 'an empty folder: waited for, then rejected' '
	mkdir void && drop void && still_incoming void && drops_pass 1 && still_incoming void &&
	folder=$(wait_failed void) &&
	rejected "$folder" "the folder" - "an empty folder" \
		"a job.conf, or one file that an application runs" "put the files" &&
	mkdir void2 && refused void2 "the folder" "an empty folder" "a job.conf" "put the files"
'

test_expect_success 'an empty folder that is filled in time is a job' '
	spoold_stop && spoold_start -o incoming_patience=1m && mkdir "$INCOMING/New folder" &&
	drops_pass 2 && mv "$INCOMING/New folder" "$INCOMING/simulation" &&
	drops_pass 1 && still_incoming simulation && echo "print(1)" >"$INCOMING/simulation/a.py" &&
	wait_in queued simulation && spoold_stop && spoold_start
'

test_expect_success 'a folder of empty folders, and one with nothing that could run' '
	mkdir -p hollow/a/b hollow/c &&
	refused hollow "the folder" "the folder is empty|no file" "exactly one file" \
		"copy your program|executable" &&
	mkdir texts && echo 1 >texts/a.txt && echo 2 >texts/b.csv &&
	refused texts "the folder" "only \"a.txt\", \"b.csv\"" "\.py" "executable = "
'

test_expect_success 'a symbolic link to an absolute path' '
	job abs && ln -s "$PWD/secret" abs/in/link &&
	refused abs in/link "a symbolic link to \"$PWD/secret\", which leads out" \
		"links that stay inside" "copy the file" &&
	test -L "$folder/in/link" && job etc && ln -s /etc etc/conf &&
	refused etc conf "a symbolic link to \"/etc\"" "inside" "copy the file"
'

test_expect_success 'a symbolic link upwards, also through names in the folder' '
	job up && ln -s ../secret up/link &&
	refused up link "to \"../secret\", which leads out" "inside" "copy the file" &&
	job up2 && ln -s ../../secret up2/in/link &&
	refused up2 in/link "to \"../../secret\"" "inside" "copy the file" &&
	job up3 && ln -s deep/../../../secret up3/in/link &&
	refused up3 in/link "to \"deep/../../../secret\"" "inside" "copy the file" &&
	job up4 && ln -s .. up4/link && refused up4 link "to \"..\"" "inside" "copy the file" &&
	job up5 && ln -s in up5/a && ln -s a/../../secret up5/link &&
	refused up5 link "to \"a/../../secret\"" "inside" "copy the file"
'

test_expect_success 'a symbolic link to the spool itself' '
	job spool && ln -s "$SHARE/spool/failed" spool/link &&
	refused spool link "which leads out" "inside" "copy the file" &&
	job proc && ln -s /proc/self/environ proc/link &&
	refused proc link "/proc/self/environ" "inside" "copy the file"
'

test_expect_success 'symbolic links that stay inside are none of our business' '
	job fine && ln -s data.csv fine/in/same && ln -s ../data fine/in/deep/up &&
	ln -s in fine/folder && ln -s missing fine/nothing && ln -s loop fine/loop &&
	ln -s . fine/self &&
	drop_mv fine && folder=$(wait_in queued fine) &&
	test "$(readlink "$folder/in/deep/up")" = ../data
'

test_expect_success 'a fifo, a socket' '
	job fifo && mkfifo fifo/in/pipe &&
	refused fifo in/pipe "a device, fifo or socket" "ordinary files" "remove it" &&
	test -p "$folder/in/pipe" &&
	job socket &&
	python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\"socket/in/s\")" &&
	refused socket in/s "a device, fifo or socket" "ordinary files" "remove it" &&
	test -S "$folder/in/s"
'

test_expect_success 'a hard link, to a file elsewhere and within the folder' '
	job hard && ln secret hard/in/link &&
	refused hard in/link "a file with 2 names \(hard links\)" \
		"files that belong to this job alone" "copy the file" &&
	test secret -ef "$folder/in/link" && test "$(cat secret)" = secret &&
	job hard2 && ln hard2/in/data.csv hard2/zz &&
	refused hard2 in/data.csv "2 names" "this job alone" "copy the file"
'

test_expect_success 'a setuid program' '
	job suid && cp /bin/true suid/in/tool && chmod 4755 suid/in/tool &&
	refused suid in/tool "setuid or setgid" "the job.s own rights" "chmod ug-s"
'

test_expect_success '40 levels deep' '
	job deep && mkdir -p "deep/$(printf "d/%.0s" {1..40})" &&
	echo 1 >"deep/$(printf "d/%.0s" {1..40})/file" &&
	refused deep "the folder" "nested more than 32 deep" "at most 32 levels" \
		"pack the deep part" &&
	job deep2 && mkdir -p "deep2/$(printf "d/%.0s" {1..31})" &&
	echo 1 >"deep2/$(printf "d/%.0s" {1..31})/file" && drop_mv deep2 && wait_in queued deep2
'

# Whatever is wrong with a folder is said when it has stood still, else the rest of the copy would
# miss its way.
test_expect_success 'a bad folder is not rejected while it is still being copied' '
	job slow1 && mkdir -p "slow1/$(printf "d/%.0s" {1..40})" && job slow2 &&
	ln -s /etc slow2/link && job slow3 && mkfifo slow3/pipe &&
	job slow4 && echo "tll = 1" >slow4/job.conf && drop_open slow1 slow2 slow3 slow4 &&
	drops_pass && still_incoming slow1 slow2 slow3 slow4 && drop_close &&
	for name in slow1 slow2 slow3 slow4; do folder=$(wait_failed $name) &&
	same_contents $name "$folder" || return 1; done
'

test_expect_success 'a file and a folder that may not be read' '
	job closed && chmod 0 closed/in/data.csv && drop_mv closed &&
	folder=$(wait_failed closed) &&
	rejected "$folder" in/data.csv - "a file that may not be read" "may read" "chmod -R" &&
	test "$(stat -c %a "$folder/in/data.csv")" = 0 &&
	job shut && chmod 0 shut/in/deep && drop_mv shut && folder=$(wait_failed shut) &&
	rejected "$folder" in/deep - "a folder that may not be read" "may read" "chmod -R" &&
	test "$(stat -c %a "$folder/in/deep")" = 0 && chmod 700 "$folder/in/deep" &&
	job noexec && chmod 600 noexec/in && drop_mv noexec && folder=$(wait_failed noexec) &&
	rejected "$folder" in - "a folder that may not be read" "may read" "chmod -R" &&
	chmod 700 "$folder/in"
'

test_expect_success 'binary rubbish: names and contents' '
	mkdir rubbish && head -c 100000 /dev/urandom >rubbish/$(printf "\\001\\002\\377") &&
	head -c 1000 /dev/urandom >rubbish/job.txt &&
	refused rubbish "the folder" "no file that an application knows" "job.conf" "executable" &&
	mkdir tool && cp /bin/true tool/tool.py &&
	drop_mv tool && wait_in queued tool
'

test_expect_success 'the same folders, copied by cp -a instead of moved' '
	job copy1 && ln -s /etc copy1/link && job copy2 && mkfifo copy2/pipe &&
	cp -a copy1 copy2 "$INCOMING/" &&
	folder=$(wait_failed copy1) && same_listing copy1 "$folder" &&
	folder=$(wait_failed copy2) && same_listing copy2 "$folder"
'

test_expect_success 'links and fifos in place of a folder' '
	ln -s /etc dirlink && ln -s "$PWD/outside" dirlink2 &&
	cp -P dirlink dirlink2 "$INCOMING/" &&
	folder=$(wait_failed dirlink) &&
	rejected "$folder" dirlink - "a symbolic link to \"/etc\"" "inside" "copy" &&
	test -L "$folder/dirlink" &&
	folder=$(wait_failed dirlink2) && test -L "$folder/dirlink2" && test "$(ls outside)" = file
'

test_expect_success 'nothing was followed, spoold is as it was, every job is in one place' '
	test "$(cat secret)" = secret && test "$(ls outside)" = file &&
	! grep -rl secret "$FAILED"/*/REJECTED.txt | grep -v -e -abs/ -e -up &&
	wait_incoming_empty && drops_pass 1 && wait_until 10 check_share
'

test_done
