#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What can be wrong with job.conf. Each folder is rejected with a page that names file, line, what
# was found, what was expected and
# what to do, and is otherwise as it was dropped, byte by byte.
test_description='bad job.conf: REJECTED.txt explains it, the input is intact'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=100ms -o scan=300ms"
. "$SRCDIR/tests/drops.sh"

# conf NAME [LINE...]: the folder ./NAME with a program, data, and a job.conf of these lines.
conf() {
	local name=$1
	shift
	mkdir -p "$name/in" && echo "print(1)" >"$name/sim.py" && echo 1 >"$name/in/data.csv" &&
	ln -s in/data.csv "$name/link" &&
		printf '%s\n' "$@" >"$name/job.conf" && touch -d 2020-02-02 "$name/in/data.csv"
}

# refused NAME LINE FOUND EXPECTED REMEDY: drops ./NAME. The answer is about its job.conf;
# everything else is as before.
refused() { refused_file "$1" job.conf "${@:2}"; }
refused_file() {
	local name=$1 folder
	listing "$name" >before && drop_mv "$name" && folder=$(wait_failed "$name") &&
		rejected "$folder" "$2" "$3" "$4" "$5" "$6" && listing "$folder" >after &&
		diff before after &&
		has_answer "$folder" &&
		test ! -e "$INCOMING/$name" && test -z "$(jobs_in queued "$name")" &&
		lib_alive spoold &&
		rm -rf "$name"
}

test_expect_success 'spoold starts' '
	share_new && spoold_start
'

test_expect_success 'an unknown key' '
	conf key "# a comment" "executable = sim.py" "tll = 1m" &&
	refused key 3 "unknown key \"tll\"" "one of the keys .*ttl" "did you mean \"ttl\"\?" &&
	conf key2 "executable = sim.py" "colour = blue" &&
	refused key2 2 "unknown key \"colour\"" "one of the keys" "remove it" &&
	conf key3 "[job]" "executable = sim.py" &&
	refused key3 1 "\[job\]" "one of the keys" "no \[headings\]" &&
	conf key4 "executable: sim.py" &&
	refused key4 1 "executable:" "one of the keys" "write \"executable = "
'

test_expect_success 'a bad ttl' '
	for bad in soon -1m 1h30 "\"1 h\"" 0 10ms 400d; do
		conf ttl "executable = sim.py" "ttl = $bad" &&
		refused ttl 2 "\"${bad//\"/}\" for \"ttl\"" "a time" \
			"one of these ways|in that range" && rm -rf "$FAILED"/*-ttl || return 1
	done
'

test_expect_success 'a bad size' '
	for bad in much -1G 12X 1.5.G 10 0 9999999T; do
		conf size "executable = sim.py" "" "memory = $bad" &&
		refused size 3 "\"$bad\" for \"memory\"" "a size" "write it so|in that range" &&
		rm -rf "$FAILED"/*-size || return 1
	done
'

test_expect_success 'a missing executable' '
	conf miss "executable = sim2.py" &&
	refused miss 1 "\"sim2.py\" for \"executable\", but there is no such file" \
		"a file of the job" "did you mean \"sim.py\"\?" &&
	conf miss2 "executable = nothing_like_it.py" &&
	refused miss2 1 "\"nothing_like_it.py\"" "a file of the job" \
		"copy the file into the folder" &&
	conf miss3 "executable = \"in\\\\data.csv\"" &&
	refused miss3 1 "data.csv" "a file of the job" "write / between folders"
'

test_expect_success 'an executable that is a folder, a link, a data file, or lies outside' '
	conf dir "executable = in" &&
	refused dir 1 "\"in\" for \"executable\", which is not a file" "a file" \
		"name a file in it" &&
	conf ln "executable = link" &&
	refused ln 1 "\"link\" for \"executable\", which is a symbolic link" "a file" \
		"name the file that it points to" &&
	conf data "executable = in/data.csv" && refused data 1 "in/data.csv" "." "." &&
	conf out "executable = ../../done/1-x/sim.py" &&
	refused out 1 "\.\./\.\./done/1-x/sim.py" "within|file of the job" "\.\."
'

test_expect_success 'an unknown application' '
	conf app "app = matlab" "input = sim.py" && refused app 1 "matlab" "octave" "." &&
	conf app2 "app = octav" && refused app2 1 "octav" "." "did you mean .*octave" &&
	conf app3 "app = python3/99" && refused app3 1 "99" "." "." &&
	conf app4 "app = ../../etc" &&
	refused app4 1 "\.\./\.\./etc" "the name of an application" "spoolctl apps"
'

test_expect_success 'an unterminated string' '
	conf string "executable = \"sim.py" "ttl = 1m" &&
	refused string 1 "a quote \(\"\) that is not closed on its line" "a closing quote" \
		"close the quote" &&
	conf string2 "executable = sim.py" "arguments = {\"a\", '\''b}" &&
	refused string2 2 "not closed" "a closing quote" "close the quote"
'

test_expect_success 'an unterminated comment, list' '
	conf comment "executable = sim.py" "/* for later" "ttl = 1m" &&
	refused comment 2 "a comment /\* that is never closed" "\*/ at its end" \
		"close the comment" &&
	conf list "arguments = {a, b" "executable = sim.py" &&
	refused list 1 "the \{ of \"arguments\" is not closed" "a \} at the end" "close the list"
'

test_expect_success 'variables are not replaced' '
	conf var "executable = sim.py" "arguments = {\"\${HOME}/data\"}" &&
	refused var 2 "\"\\\$\{\"" "the value itself" "write the value out" &&
	conf var2 "executable = \${HOME}/sim.py" &&
	refused var2 1 "\"\\\$\{\"" "the value itself" "write the value out"
'

test_expect_success 'a job.conf of 1 MB' '
	conf large && yes "ttl = 1m" | head -c 1000000 >large/job.conf &&
	refused large - "more than 65536 bytes" "at most 65536" "is this the right file" &&
	conf long && { printf "executable = sim.py\narguments = {" &&
	head -c 5000 /dev/zero | tr "\0" a && echo "}"; } >long/job.conf &&
	refused long 2 "a word of 5000 bytes" "at most 4096" "shorten it"
'

test_expect_success 'a job.conf that is a folder, fifo, socket' '
	conf isdir && rm isdir/job.conf && mkdir isdir/job.conf && echo 1 >isdir/job.conf/file &&
	refused isdir - "a folder" "a text file" "a plain file named job.conf" &&
	conf isfifo && rm isfifo/job.conf && mkfifo isfifo/job.conf &&
	refused isfifo - "fifo" "ordinary files" "remove it" &&
	conf issock && rm issock/job.conf &&
	python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\"issock/job.conf\")" &&
	refused issock - "socket" "ordinary files" "remove it"
'

test_expect_success 'a job.conf that is a link' '
	conf islink && mv islink/job.conf islink/other && ln -s other islink/job.conf &&
	refused islink - "a symbolic link" "a text file" "a plain file named job.conf" &&
	conf islink2 && rm islink2/job.conf && ln -s /etc/passwd islink2/job.conf &&
	refused islink2 - "a symbolic link to \"/etc/passwd\"" "files and folders of the job" \
		"copy the file" &&
	! grep -r root: "$FAILED" && conf islink3 && rm islink3/job.conf &&
	ln -s missing islink3/job.conf &&
	refused islink3 - "a symbolic link" "a text file" "a plain file"
'

test_expect_success 'binary rubbish' '
	for i in 1 2 3 4 5; do
		conf rubbish && head -c 10000 /dev/urandom >rubbish/job.conf &&
		refused rubbish "[0-9]+" \
			"a zero byte|UTF|control character|invisible|carriage return" "." "." &&
			rm -r "$FAILED"/*-rubbish || return 1
	done &&
	conf elf && cp /bin/true elf/job.conf &&
	refused elf 1 "zero byte" "plain text" "binary file" &&
	conf control "executable = sim.py" "ttl = 1m $(printf "\\033")[31m" &&
	refused control 2 "the control character 0x1b" "plain text" "delete that character" &&
	conf latin "executable = sim.py" "group = $(printf "M\\374ller")" &&
	refused latin 2 "the byte 0xfc, which is no UTF-8" "UTF-8" "save the file"
'

test_expect_success 'keys that are specified and not supported yet are never passed over' '
	for key in "tasks = \"0-9\"" "after = {1}" "hold = yes" "retries = 3" "disk = 1G" \
		"gpus = 1" "priority = 5" "outputs = {a}" "library = x.so" "notify = {end}"; do
		conf later "executable = sim.py" "$key" &&
		refused later 2 "\"${key%% *}\", which is not supported by this version" \
			"one of the keys" "remove it" && rm -rf "$FAILED"/*-later || return 1
	done &&
	conf later2 "executable = sim.py" "arguments = {\"{task}\"}" &&
	refused later2 2 "\{task\}, which is not supported" "." "write the value itself"
'

test_expect_success 'two things to run, nothing to run, too many to choose from' '
	conf both "app = python3" "executable = sim.py" &&
	refused both 2 "both \"app\" and \"executable\"" "one of the two" "keep app" &&
	conf twice "executable = sim.py" "ttl = 1m" "executable = sim.py" &&
	refused twice 3 "\"executable\" for the second time" "line 1 has it" "remove one" &&
	conf names "runner = a" "client = b" "executable = sim.py" &&
	refused names 2 "both \"runner\" and \"client\"" "they mean the same" "remove one" &&
	conf nothing "ttl = 1m" && rm nothing/sim.py && touch nothing/a.txt &&
	refused_file nothing "the folder" - "no file that an application knows, only \"a.txt\"" \
		"a job.conf that says what to run" "executable = " &&
	conf many "ttl = 1m" && touch many/b.py &&
	refused_file many "the folder" - \
		"several files that could be the program: \"b.py\", \"sim.py\"" "exactly one file" \
			"executable = "
'

test_expect_success 'things of other kinds of files' '
	conf func "executable = sim.py" "include(\"/etc/passwd\")" &&
	refused func 2 "include.* with \( behind it" "key = value" "no functions" &&
	conf semi "executable = sim.py;" &&
	refused semi 1 "sim.py;" "no semicolon" "remove the semicolon" &&
	conf blank "executable = my program.py" &&
	refused blank 1 "\"program.py\" behind the value" "one value" "in \"quotes\"" &&
	conf curly "executable = “sim.py”" &&
	refused curly 1 "“sim.py”" "straight quotes" "replace" &&
	conf empty "executable =" &&
	refused empty 1 "no value of \"executable\"" "a value behind the =" \
		"write executable = VALUE" &&
	conf nested "arguments = {a, {b}}" "executable = sim.py" &&
	refused nested 1 "a list inside the list" "words only" "remove the inner" &&
	conf section "job {" "executable = sim.py" "}" &&
	refused section 1 "job" "one of the keys" "."
'

test_expect_success 'values that mean nothing' '
	conf cores "executable = sim.py" "cores = 0" &&
	refused cores 2 "\"0\" for \"cores\"" "a whole number from 1" "in that range" &&
	conf platform "executable = sim.py" "platform = {\"Windows 11\"}" &&
	refused platform 2 "\"Windows 11\" in \"platform\"" "linux-x86_64" "spoolctl nodes" &&
	conf runner "executable = sim.py" "runner = \"../x\"" &&
	refused runner 2 "\"../x\" for \"runner\"" "the name of a runner" "spoolctl nodes" &&
	conf env "executable = sim.py" "env = {\"LD_PRELOAD=/x.so\"}" &&
	refused env 2 "LD_PRELOAD" "a name other than" "another name" &&
	conf requires "executable = sim.py" "requires = {\"gcc >= 12\"}" &&
	refused requires 2 "\"gcc >= 12\" in \"requires\"" "names alone" "remove the version" &&
	conf codes "executable = sim.py" "success_codes = {0, 256}" &&
	refused codes 2 "\"256\" in \"success_codes\"" "exit codes" "write them as" &&
	conf input "app = python3" "input = sim.py" "data = /etc/passwd" &&
	refused input 3 "\"/etc/passwd\" for \"data\", which lies outside" "a file of the job" \
		"copy the file" &&
	conf group "executable = sim.py" "group = \"@brick\"" &&
	refused group 2 "\"@brick\" for \"group\"" "a short name" "another one" &&
	conf mail "executable = sim.py" "email = nobody" &&
	refused mail 2 "\"nobody\" for \"email\"" "one address" "correct it"
'

test_expect_success 'spoold is as it was, nothing was queued, every job is in one place' '
	wait_incoming_empty && test $(jobs_count queued) = 0 && drops_pass 1 &&
	! grep -E "error|cannot" "$LOGS/spoold.log" &&
	spoold_stop && spoold_start -o scan_folders=1s && wait_until 10 check_share
'

test_done
