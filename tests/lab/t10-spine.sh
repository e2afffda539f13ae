#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='the whole way of jobs: coordinator on the server, runners on three clients, people on a fourth view'
. /lab/lib.sh

test_expect_success "$MEDIUM: spoold on the server and a runner on each client start" daemons_start

test_expect_success "$MEDIUM: a folder copied on a client comes back done, with its results" '
	make_job frogs "arguments = {\"3\"}" <<-"EOF" &&
		sleep 1
		echo "$1 frogs on $(hostname)"
		cat data.txt > copy.txt
	EOF
	echo marsh >frogs/data.txt &&
	cp -r frogs /home/alice/frogs && chown -R alice:users /home/alice/frogs &&
	as alice c3 sh -c "umask 002; cp -r /home/alice/frogs /srv/share/spool/incoming/" &&
	folder=$(TIME_LIMIT=60 wait_done frogs) &&
	grep "^3 frogs on c[123]$" "$folder/stdout.txt" &&
	test_cmp frogs/data.txt "$folder/copy.txt"
'

test_expect_success "$MEDIUM: a single file becomes a job" '
	echo "print(6 * 7)" >/home/alice/answer.py &&
	as alice c3 sh -c "umask 002; cp /home/alice/answer.py /srv/share/spool/incoming/" &&
	folder=$(TIME_LIMIT=60 wait_done answer.py) &&
	test "$(cat "$folder/stdout.txt")" = 42
'

test_expect_success "$MEDIUM: submit --wait on a client: the id, the output and the code, and all of it fresh" '
	make_job code <<-"EOF" &&
		echo to the client
		exit 3
	EOF
	rm -rf /home/alice/code && cp -r code /home/alice/ && chown -R alice:users /home/alice/code &&
	test_expect_code 3 as alice c3 sh -c "umask 002; exec spoolctl submit --wait /home/alice/code" >out &&
	cat out
'

test_done
