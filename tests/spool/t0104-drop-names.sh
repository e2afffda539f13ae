#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Names as people and other systems make them. Each folder is held open in the middle of its copy.
#
# Fails if in spoold/drops.c a drop is complete a settle time after it was first seen.
test_description='names of drops: blanks, UTF-8, newlines, 255 bytes, control characters, twins'
. "$(dirname "$0")/../lib.sh"
SPOOLD_OPTS="-o settle=150ms -o publish=100ms"
. "$SRCDIR/tests/drops.sh"

long=$(printf 'n%.0s' {1..255})
umlauts=$(printf 'ü%.0s' {1..127})
names=("two words" " blanks around  " "Übungsblatt 3 – Lösung" "数値計算" $'new\nline' $'tab\there'
	"$long" "$umlauts" -dash
	--help -rf "-" $'escape\e[31mred\e]0;title\a' $'bell\a\r\b\x7f' $'not\xff\xfeutf8' \
		$'cut\xc3' "quote's \"double\"" 'back\slash'
	'\x41' '$(touch pwned)' '`touch pwned`' '${HOME}' '*' '?' 'a;b|c&d' 'a=b c=d' CON com1.txt \
		trailing. .hidden '...' "~" '#comment'
	$'right\xe2\x80\xaeleft' $'zero\xe2\x80\x8bwidth' "ALL CAPS" "a%sb%n" "x.submit-0123abcd" \
		"12-34" "7" "README.txt")

test_expect_success 'spoold starts' '
	share_new && spoold_start
'

test_expect_success 'folders of such names wait while they are copied' '
	for i in "${!names[@]}"; do
		name=${names[i]} && mkdir -- "./$name" &&
		echo "executable = \"/bin/true\"" >"./$name/job.conf" &&
		echo $i >"./$name/number" || return 1
	done &&
	drop_open "${names[@]}" && drops_pass &&
	for name in "${names[@]}"; do test -d "$INCOMING/$name" ||
	{ echo "taken early: $name"; return 1; }; done &&
	test $(jobs_count queued) = $LIB_PASSED
'

# Which queued folder is it? Its file "number" tells.
queued=()
find_queued() {
	local - folder number
	set +x
	for folder in "$QUEUED"/*/; do
		[ ! -f "$folder/number" ] || { read -r number <"$folder/number" &&
		queued[number]=${folder%/}; }
	done
}

test_expect_success 'all of them are admitted, whole' '
	drop_close && wait_incoming_empty && find_queued &&
	for i in "${!names[@]}"; do
		whole "${queued[i]}" "./${names[i]}" ||
		{ echo "failed for: ${names[i]}"; return 1; }
	done
'

test_expect_success 'our names for them are harmless everywhere' '
	for folder in "$QUEUED"/*/; do
		folder=$(basename "$folder") && [[ $folder =~ ^[0-9]+-[a-z0-9_][a-z0-9._-]*$ &&
		${#folder} -le 80 && $folder != *. ]] &&
		[[ ! $folder =~ ^[0-9]+-(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$) ]] ||
		{ echo "$folder"; return 1; }
	done && test ! -e pwned && ! find "$TEST_ROOT" -name pwned | grep .
'

# Escaped text back to raw bytes, with an x behind.
raw() { read -r text && printf %bx "$text"; }

test_expect_success 'the manifest and the log of events have the name itself, escaped' '
	events | grep " admit " >log &&
	for i in "${!names[@]}"; do
		id=$(basename "${queued[i]}") && given=${names[i]%.submit-0123abcd} &&
		test "$(sed -n "s/^name //p" "${queued[i]}/.spool-manifest" | raw)" = "${given}x" &&
		test "$(sed -n "s/.* id=${id%%-*} .* name=\([^ ]*\).*/\1/p" log | raw)" = \
			"${given}x" ||
		{ echo "failed for: ${names[i]}"; return 1; }
	done
'

no_controls() {	# FILE...: no control character but the newline, and no lone byte that is no UTF-8
	! LC_ALL=C grep -naP "[\\x00-\\x09\\x0b-\\x1f\\x7f]|\\xe2\\x80\\xae|\\xc2[\\x80-\\x9f]" \
		"$@" && iconv -f UTF-8 -t UTF-8 "$@" >/dev/null
}

test_expect_success 'nothing of them reaches a terminal as it is: logs, listings' '
	events >log && no_controls log "$LOGS/spoold.log" &&
	! grep -vE "^20[0-9-]*T[0-9:.]*Z [a-z]+ id=[0-9]+ " log &&
	spoolctl queue >listing && no_controls listing && test $(wc -l <listing) -ge ${#names[@]} &&
	id=$(job_id escape_31mred_0_title) && spoolctl show $id >listing && no_controls listing
'

test_expect_success 'they are themselves in JSON' '
	spoolctl queue --json >json && jq -e . json >/dev/null && no_controls json
'

test_expect_success 'rejected folders of such names: REJECTED.txt can be read' '
	bad=($'"'"'new\nline\e[2J'"'"' $'"'"'not\xff'"'"' -v "$long") &&
	for name in "${bad[@]}"; do rm -rf -- "./$name" && mkdir -- "./$name" &&
	echo "tll = 1" >"./$name/job.conf" || return 1; done &&
	drop_open "${bad[@]}" && drops_pass && for name in "${bad[@]}"; do
	test -d "$INCOMING/$name" || return 1; done &&
	drop_close && wait_incoming_empty && test $(jobs_count failed) = 4 &&
	for folder in "$FAILED"/*/; do
		rejected "$folder" job.conf 1 "unknown key \"tll\"" "one of the keys" \
			"did you mean \"ttl\"" &&
			no_controls "$folder/REJECTED.txt" "$folder/job.result" ||
		return 1
	done && events >log && no_controls log "$LOGS/spoold.log"
'

test_expect_success 'files in the folder with such names' '
	mkdir files && echo "executable = \"/bin/true\"" >files/job.conf &&
	for name in "${names[@]}"; do
		mkdir "files/in ${name:0:100}" && echo 1 >"files/in ${name:0:100}/$name" &&
		echo "$name" >"files/$name" || return 1
	done &&
	drop_open files && drops_pass && still_incoming files && drop_close &&
	folder=$(wait_in queued files) && whole "$folder" files &&
	no_controls "$folder/.spool-manifest"
'

# A file has left incoming/ before it is admitted.
are_queued() { [ "$(grep -l "^app python3/1$" "$QUEUED"/*/.spool-manifest | wc -l)" = "$1" ]; }
test_expect_success 'single files with such names' '
	for name in "${names[@]:0:6}" "${names[@]:8:12}"; do
	echo "print(1) # $name" >"./$name.py" || return 1; done &&
	drop_open *.py && drops_pass &&
	test $(find "$INCOMING" -maxdepth 1 -name "*.py" -printf x | wc -c) = 18 &&
	drop_close && wait_incoming_empty &&
	wait_until 10 are_queued 18
'

test_expect_success 'two folders of one name, one after the other' '
	make_job pair <<<"echo first" && drop_open pair && drops_pass 1 && still_incoming pair &&
	drop_close && wait_in queued pair &&
	make_job pair <<<"echo second" && drop_open pair && drops_pass 1 &&
	test -d "$INCOMING/pair" && drop_close &&
	wait_in queued pair 2 >folders && test $(cat folders | wc -l) = 2 &&
	grep first "$(sed -n 1p folders)/run.sh" && grep second "$(sed -n 2p folders)/run.sh" &&
	while IFS= read -r folder; do manifest_fits "$folder" || return 1; done <folders
'

test_expect_success 'two folders whose names are the same to us, at the same time' '
	make_job "My Frog" <<<true && make_job my_frog <<<true && drop_open "My Frog" my_frog &&
	drops_pass 1 &&
	test -d "$INCOMING/My Frog" -a -d "$INCOMING/my_frog" && drop_close &&
	wait_in queued my_frog 2
'

test_expect_success 'nothing is left in incoming, every job is in one place' '
	wait_incoming_empty && check_share
'

test_done
