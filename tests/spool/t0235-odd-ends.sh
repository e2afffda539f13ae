#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fails if in runner/ arguments pass through a shell, if spoold/ follows what a job has put in the
# place of its record, and if a folder in done/ is overwritten.
test_description='arguments as written; links in place of records; litter is no result; a name in done/ that is taken'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=200ms -o publish=300ms"
RUNNER_OPTS="-o beat=300ms"

test_expect_success 'spoold and a runner' '
	daemons_start && echo untouched >outside && chmod 666 outside
'

test_expect_success 'arguments reach the program as they were written: no shell, no options of ours' '
	make_job args "arguments = {\"-c\", \"--help\", \"--\", \"a b\", \"\$HOME\", \"\`id\`\", \"; touch x\", \"*\", \"\"}" <<-"EOF" &&
		for word; do echo "<$word>"; done
	EOF
	drop_mv args && folder=$(wait_done args) &&
	printf "<%s>\n" -c --help -- "a b" "\$HOME" "\`id\`" "; touch x" "*" "" >expected && test_cmp expected "$folder/stdout.txt" &&
	! test -e "$folder/x"
'

test_expect_success 'a job that makes its record a link: the link is not followed, the record is a file' '
	make_job link "env = {\"TO=$PWD/outside\"}" <<-"EOF" &&
		ln -s "$TO" job.result
		ln -s "$TO" REJECTED.txt
		ln -s "$TO" result.txt
	EOF
	drop_mv link && folder=$(wait_done link) && test "$(cat outside)" = untouched &&
	test -f "$folder/job.result" && ! test -L "$folder/job.result" && grep "state = \"DONE\"" "$folder/job.result" &&
	test -L "$folder/result.txt" && test "$(stat -c %a outside)" = 666
'

test_expect_success 'litter that comes while a job runs is no result' '
	make_job litter <<-"EOF" &&
		touch .DS_Store ._x Thumbs.db desktop.ini .nfs0000000000000001
		echo 1 >real.txt
	EOF
	drop_mv litter && folder=$(wait_done litter) && grep "real.txt" "$folder/job.result" &&
	! grep -E "DS_Store|[.]_x|Thumbs|desktop|[.]nfs" "$folder/job.result"
'

said() { grep "$@" "$LOGS/spoold.log"; }
test_expect_success 'its name in done/ is taken: nothing is overwritten, nothing is lost, and it comes when the name is free' '
	make_job taken <<-EOF && drop_mv taken && wait_in active taken && wait_until 10 test -e begun &&
		touch "$PWD/begun"
		until [ -e "$PWD/go" ]; do sleep 0.05; done
		echo fine
	EOF
	id=$(job_id taken) && mkdir "$SHARE/spool/done/$id-taken" && echo theirs >"$SHARE/spool/done/$id-taken/file" && touch go &&
	wait_until 10 sh -c "ls \"$SHARE\"/spool/claims/r1/$id.1.done.*" && make_job other <<<true && drop_mv other && wait_done other &&
	test "$(ls "$SHARE/spool/done/$id-taken")" = file && test "$(cat "$SHARE/spool/done/$id-taken/file")" = theirs &&
	test -n "$(jobs_in active taken)" && mv "$SHARE/spool/done/$id-taken" theirs &&
	wait_until 40 test -e "$SHARE/spool/done/$id-taken/stdout.txt" && test "$(cat "$SHARE/spool/done/$id-taken/stdout.txt")" = fine
'

test_expect_success 'every job is in one place' '
	wait_until 10 check_share
'

test_done
