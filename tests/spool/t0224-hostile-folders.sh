#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='what a user writes into his folder leads spoold nowhere, and into no endless retry'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=150ms -o scan=1s"
. "$SRCDIR/tests/drops.sh"

test_expect_success 'spoold starts' '
	share_new && spoold_start && mkdir -p "$SHARE/apps/evil"
'

# Its sum is not keyed, so anybody who owns the folder can write it anew.
forge_name() {	# MANIFEST NAME
	chmod u+w "$1" && python3 - "$1" "$2" <<-"EOF"
		import hashlib, sys
		path, name = sys.argv[1:]
		text = open(path).read()
		text = text[:text.rindex("sum ")].replace("name bad", "name " + name)
		text += "sum " + hashlib.sha256(text.encode()).hexdigest() + "\n"
		open(path, "w").write(text)
	EOF
}

test_expect_success 'a folder whose manifest names another place goes back into the drop box, and nowhere else' '
	make_job bad <<<true && drop_mv bad && folder=$(wait_in queued bad) &&
	forge_name "$folder/.spool-manifest" ../../apps/evil/1.0 && echo more >"$folder/new.txt" &&
	spoold_kill9 && spoold_start && runner_start r1 && folder=$(wait_done bad) &&
	test -f "$folder/new.txt" && test -z "$(ls "$SHARE/apps/evil")"
'

test_expect_success 'results of an earlier run that may not be moved are told, once, and nothing is left in the folder' '
	make_job again <<<true && mkdir again/attempts && echo x >again/attempts/y && echo old >again/stdout.txt &&
	chmod 555 again/attempts && before=$(cat "$SHARE/spool/next") && cp -a again "$INCOMING/" &&
	folder=$(wait_failed again) && cat "$folder/REJECTED.txt" && grep "may not be moved" "$folder/REJECTED.txt" &&
	test -z "$(find "$SHARE/spool" -name ".tmp-old-*")" &&
	chmod -R u+w "$SHARE/spool" again
'

test_expect_success 'a job that closes its input and is given back ends, with the reason' '
	make_job acc <<-"EOF" &&
		chmod 000 data
		echo closed
		sleep 100
	EOF
	echo hi >acc/data && drop_mv acc && folder=$(wait_in active acc) &&
	wait_until 20 grep closed "$folder/stdout.txt" && runner_stop r1 &&
	folder=$(wait_failed acc) && grep "closed to reading" "$folder/job.result" &&
	chmod -R u+rwX "$SHARE/spool"
'

test_expect_success 'so does one that puts a socket in the place of its input' '
	runner_start r1 && make_job sock <<-"EOF" &&
		rm data
		python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\"data\")"
		echo bound
		sleep 100
	EOF
	echo hi >sock/data && drop_mv sock && folder=$(wait_in active sock) &&
	wait_until 20 grep bound "$folder/stdout.txt" && runner_stop r1 &&
	folder=$(wait_failed sock) && grep "an input" "$folder/job.result"
'

test_expect_success 'an answer that is written at the very end does no harm' '
	touch "$SHARE/spool/requests/snapshot" && wait_until 10 test -f "$SHARE/spool/replies/snapshot" &&
	for i in 1 2 3 4 5; do
		touch "$SHARE/spool/requests/snapshot" && sleep 0.1 && spoold_stop && spoold_start || return 1
	done
'

test_done
