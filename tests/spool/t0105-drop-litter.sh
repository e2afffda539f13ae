#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What Finder, Explorer, Office, NFS and SMB leave beside and inside of drops, and job.conf as
# Windows editors save it. Each folder
# is held open in the middle of its copy.
#
# Fails if in spoold/drops.c a drop is complete a settle time after it was first seen.
test_description='litter beside and inside of drops; BOM and CRLF; files of the Warwick system'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=150ms -o scan=300ms -o incoming_patience=500ms"
. "$SRCDIR/tests/drops.sh"

litter=(.DS_Store ._frog.py ._.DS_Store Thumbs.db desktop.ini '~$report.docx' \
	.nfs0000000000a1b2c300000001 .smbdelete4711)

make_litter() {	# FOLDER
	local name
	for name in "${litter[@]}"; do echo "$name" >"$1/$name" || return 1; done
}

test_expect_success 'spoold starts' '
	share_new && spoold_start
'

test_expect_success 'litter and README beside drops are never jobs, and stay' '
	for box in "$INCOMING" "$INCOMING/@python3"; do
		make_litter "$box" && echo 1 >"$box/.tmp-upload" && mkdir "$box/.tmp-folder" &&
		cp "$INCOMING/README" "$box/" 2>/dev/null
		cp -p "$INCOMING/README" readme.before && listing "$box" >"before.${box##*/}" ||
		return 1
	done && mkdir "$INCOMING/._folder" && drops_pass 3 &&
	test -d "$INCOMING/._folder" && rmdir "$INCOMING/._folder" &&
	for name in "${litter[@]}"; do
		test "$(cat "$INCOMING/$name")" = "$name" &&
		test "$(cat "$INCOMING/@python3/$name")" = "$name" || return 1
	done &&
	listing "$INCOMING/@python3" >after && cmp before.@python3 after &&
	cmp readme.before "$INCOMING/README" &&
	test $(jobs_count queued) = $LIB_PASSED &&
	test $(jobs_count failed) = 0
'

test_expect_success 'litter inside is no input and no candidate for the program' '
	mkdir -p frog/in && echo "print(1)" >frog/frog.py && echo 1 >frog/in/data &&
	make_litter frog && make_litter frog/in &&
	echo "not python" >frog/._other.py && drop_open frog && drops_pass && still_incoming frog &&
	drop_close &&
	folder=$(wait_in queued frog) && same_contents frog "$folder" &&
	grep "^app python3/1$" "$folder/.spool-manifest" &&
	grep "^[fd] " "$folder/.spool-manifest" | cut -d " " -f 7 >inputs &&
	test "$(echo $(cat inputs))" = "frog.py in in/data zz-last.dat"
'

test_expect_success 'a folder of litter alone is an empty folder' '
	mkdir rubbish && make_litter rubbish && drop rubbish && folder=$(wait_failed rubbish) &&
	rejected "$folder" "the folder" - "an empty folder" "a job.conf" \
		"put the files into the folder" && same_contents rubbish "$folder"
'

# Finder writes .DS_Store whenever somebody looks at the folder.
test_expect_success 'litter that is open, or changes all the time, holds up nothing' '
	make_job newt <<<true && drop newt && exec 9>"$INCOMING/newt/.DS_Store" && echo 1 >&9 &&
	folder=$(wait_in queued newt) && echo 2 >&9 && exec 9>&- &&
	test $(wc -l <"$folder/.DS_Store") = 2 && drops_pass 1 && test -d "$folder"
'

test_expect_success 'a byte order mark and CRLF in job.conf' '
	make_job bom <<<true &&
	printf "\xef\xbb\xbf%s\r\n%s\r\n\r\n%s\r\n%s\r\n%s\r\n%s" "executable = \"run.sh\"" \
		"# grüße" "ttl = 2m" "arguments = {\"a b\"," "  c}" "memory=64M" >bom/job.conf &&
	drop_open bom && drops_pass && still_incoming bom && drop_close &&
	folder=$(wait_in queued bom) &&
	whole "$folder" bom && grep -x "ttl 120000" "$folder/.spool-manifest" &&
	grep -x "memory 67108864" "$folder/.spool-manifest"
'

test_expect_success 'a script with CRLF, as Windows editors save it' '
	mkdir dos && printf "print(1)\r\n" >dos/a.py &&
	printf "executable = a.py\r\n" >dos/job.conf &&
	drop_open dos && drops_pass 1 && still_incoming dos && drop_close &&
	folder=$(wait_in queued dos) && whole "$folder" dos
'

test_expect_success 'UTF-16 and lone carriage returns are explained' '
	make_job wide <<<true &&
	printf "executable = \"run.sh\"\r\n" | iconv -t UTF-16 >wide/job.conf &&
	make_job mac <<<true && printf "executable = \"run.sh\"\rttl = 2m\r" >mac/job.conf &&
	drop_open wide mac && drops_pass 1 && still_incoming wide mac && drop_close &&
	folder=$(wait_failed wide) &&
	rejected "$folder" job.conf 1 "UTF-16" "UTF-8" "save the file" &&
	same_contents wide "$folder" &&
	folder=$(wait_failed mac) &&
	rejected "$folder" job.conf 1 "carriage return" "Unix or Windows" "save the file" &&
	same_contents mac "$folder"
'

test_expect_success 'job.conf under a name that Explorer hides or changes is explained' '
	make_job hidden <<<true && mv hidden/job.conf hidden/job.conf.txt && make_job big <<<true &&
	mv big/job.conf big/Job.conf &&
	drop_open hidden big && drops_pass 1 && still_incoming hidden big && drop_close &&
	folder=$(wait_failed hidden) &&
	rejected "$folder" "the folder" - "job.conf.txt" "the name job.conf" "rename it" &&
	same_contents hidden "$folder" &&
	folder=$(wait_failed big) &&
	rejected "$folder" "the folder" - "Job.conf" "the name job.conf" "rename it" &&
	same_contents big "$folder"
'

test_expect_success 'a submission file of the Warwick system is a job.conf' '
	mkdir warwick && echo "import sys" >warwick/damper.py &&
	echo "1,2" >warwick/positions.csv &&
	printf "%s\n" "executable = damper.py" "data = positions.csv" "email = me@example.org" \
		"client = lab-07" >warwick/job.conf &&
	drop_open warwick && drops_pass && still_incoming warwick && drop_close &&
	folder=$(wait_in queued warwick) &&
	whole "$folder" warwick && grep -x "app python3/1" "$folder/.spool-manifest" &&
	grep -x "runner lab-07" "$folder/.spool-manifest"
'

test_expect_success 'nothing is left in incoming but litter, every job is in one place' '
	rm -r "$INCOMING"/.tmp-* "$INCOMING"/@python3/.tmp-* &&
	for box in "$INCOMING" "$INCOMING/@python3"; do
		for name in "${litter[@]}"; do rm "$box/$name" || return 1; done
	done && wait_incoming_empty && check_share
'

test_done
