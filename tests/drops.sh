# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# drops.sh - verbs for the scripts about the drop box (tests/spool/t01*.sh), which source it after
# lib.sh.
#
# Time is told by other drops, not by sleeping: drops_pass waits until folders that were dropped
# later have been admitted, each of which takes a settle time at least. Whatever had to wait then is
# still in incoming/.

INCOMING=$TEST_ROOT/share/spool/incoming
QUEUED=$TEST_ROOT/share/spool/queued FAILED=$TEST_ROOT/share/spool/failed

# -- ways of dropping ------------------------------------------------------------------------------

# hold PATTERN COMMAND...: starts a copy and stops it while it writes a file of incoming/ of such a
# name (tools/hold.py). release: all held copies run on; each must end well.
LIB_HELD=()		# processes
hold() {
	local - sign=$TEST_ROOT/held.${#LIB_HELD[@]}
	set +x
	rm -f "$sign"
	setpriv --pdeathsig TERM python3 "$SRCDIR/tests/tools/hold.py" "$sign" "$INCOMING" "$@" \
		</dev/null 3>&- 4>&- 5>&- 6>&- 7>&- &
	wait_until 10 lib_held_or_ended "$sign" $! && [ -e "$sign" ] && LIB_HELD+=($!)
}

lib_held_or_ended() {
	[ -e "$1" ] || ! kill -0 "$2" 2>/dev/null
}

release() {
	local pid failed=0
	for pid in "${LIB_HELD[@]}"; do
		kill -USR1 "$pid" && wait "$pid" || failed=1
	done
	LIB_HELD=()
	return $failed
}

# drop_open NAME...: copies folders ./NAME as a slow client does: all of a folder but half of its
# last file, which stays open for writing; a file likewise. drop_close: the rest of all of them
# comes. No daemon may be started in between: it would hold the files open too.
declare -A LIB_OPEN=()		# descriptor of each file
drop_open() {
	local - name last fd
	set +x
	for name; do
		last=$name
		if [ -d "$name" ]; then
			last=$name/zz-last.dat && lib_open_folder "$name" || return 1
		fi
		exec {fd}>"$INCOMING/$last" && lib_half "$last" head >&"$fd" || return 1
		LIB_OPEN[$last]=$fd
	done
}

lib_open_folder() {
	[ -e "./$1/zz-last.dat" ] || make_data "$1/zz-last.dat" 16
	mkdir -- "$INCOMING/$1" && (cd "./$1" && tar cf - --exclude ./zz-last.dat .) |
		tar xf - -C "$INCOMING/$1"
}

lib_half() {	# FILE head|tail
	local half=$(($(stat -c %s -- "./$1") / 2))
	case $2 in
	head) head -c $half -- "./$1" ;;
	tail) tail -c +$((half + 1)) -- "./$1" ;;
	esac
}

drop_close() {
	local - last fd
	set +x
	for last in "${!LIB_OPEN[@]}"; do
		fd=${LIB_OPEN[$last]}
		lib_half "$last" tail >&"$fd" && exec {fd}>&- || return 1
	done
	LIB_OPEN=()
}

# make_data FILE [KIB]: a file without holes whose contents differ from any other's.
make_data() {
	mkdir -p -- "$(dirname -- "./$1")" && head -c "$((${2:-64} * 1024))" /dev/urandom >"./$1"
}

# -- what became of them ---------------------------------------------------------------------------

# drops_pass [COUNT]: so many (2) folders are dropped after one another and admitted.
LIB_PASSED=0
drops_pass() {
	local - count=${1:-2} name
	set +x
	for ((; count > 0; count--)); do
		name=passing$((++LIB_PASSED))
		make_job "$name" <<<true && drop "$name" &&
			wait_until "${TIME_LIMIT:-20}" job_id "$name" || return 1
	done
}

# still_incoming NAME...: the drops lie where they were dropped, and nothing else of them anywhere.
still_incoming() {
	local name base
	for name; do
		base=${name##*/}
		if [ ! -e "$INCOMING/$name" ] || job_id "${base,,}" >/dev/null; then
			echo "$name did not wait in incoming" >&2
			return 1
		fi
	done
}

# wait_incoming_empty: all that was dropped has left.
wait_incoming_empty() { wait_until "${TIME_LIMIT:-20}" lib_incoming_is_empty; }
lib_incoming_is_empty() {
	[ -z "$(find "$INCOMING" -mindepth 1 -maxdepth 1 ! -name README ! -name '@*')" ] &&
		[ -z "$(find "$INCOMING"/@* -mindepth 1 ! -name README)" ]
}

# listing FOLDER: all in it but what is ours: kind, mode, time, link, then hashes. contents FOLDER:
# the same without modes and times, which not every way to copy keeps.
listing() { lib_list "$1" '%y %m %T@ %P -> %l\n'; }
contents() { lib_list "$1" '%y %P -> %l\n'; }

lib_list() {
	(cd "$1" && lib_find -printf "$2" | sort &&
		lib_find -type f -print0 | sort -z | xargs -0r sha256sum)
}

lib_find() {
	find . -mindepth 1 ! -path ./.spool-manifest ! -path ./REJECTED.txt ! -path ./job.result \
		! -name .ready "$@"
}

# same_listing FOLDER FOLDER, same_contents FOLDER FOLDER
same_listing() { listing "$1" >list.1 && listing "$2" >list.2 && diff list.1 list.2; }
same_contents() { contents "$1" >list.1 && contents "$2" >list.2 && diff list.1 list.2; }

# whole FOLDER SOURCE: the queued folder holds what the source holds, and its manifest says so of
# each file. manifest_fits FOLDER: the latter alone.
whole() {
	same_contents "$2" "$1" && manifest_fits "$1"
}

manifest_fits() {
	local - folder=$1 kind size mtime ctime inode hash name count=0
	set +x
	while read -r kind size mtime ctime inode hash name; do
		name=$(printf '%bx' "$name") && name=${name%x} && count=$((count + 1))
		[ "$kind" != f ] || [ "$size $hash" = "$(lib_size_hash "$folder/$name")" ] ||
			{ echo "the manifest is wrong about $name" >&2; return 1; }
	done < <(sed -e '1,/^inputs$/d' -e '/^end /,$d' "$folder/.spool-manifest")
	[ "$count" = "$(cd "$folder" && lib_find ! -path "./attempts*" -printf x | wc -c)" ] ||
		{ echo "the manifest has $count entries" >&2; return 1; }
}

lib_size_hash() {
	stat -c %s -- "$1" | tr '\n' ' ' && sha256sum <"$1" | cut -d ' ' -f 1
}

# rejected FOLDER FILE LINE FOUND EXPECTED REMEDY: REJECTED.txt says so (the last three are patterns
# of grep -E; LINE may be -), job.result has state and reason.
rejected() {
	local - page=$1/REJECTED.txt result=$1/job.result line=$3
	set +x
	[ "$line" != - ] || line="the whole file"
	lib_says "$page" "^File: $2\$" && lib_says "$page" "^Line: $line\$" &&
		lib_says "$page" "^Found: .*($4)" && lib_says "$page" "^Expected: .*($5)" &&
		lib_says "$page" "^What to do: .*($6)" &&
		lib_says "$result" '^ *state = "?REJECTED"?$' &&
		lib_says "$result" '^ *reason = ".+"$' && ! LC_ALL=C grep -q '[[:cntrl:]]' "$page"
}

lib_says() {
	grep -qE -- "$2" "$1" || { echo "$1 has no line like: $2" && cat "$1"; return 1; } >&2
}

# only_answer FOLDER: what lies in it is REJECTED.txt and job.result; has_answer: they are there.
only_answer() { has_answer "$1" && [ "$(find "$1" -mindepth 1 -printf x)" = xx ]; }
has_answer() { [ -f "$1/REJECTED.txt" ] && [ -f "$1/job.result" ]; }

# jobs_count PLACE [PATTERN]: how many job folders are there whose name behind the number fits.
jobs_count() {
	find "$SHARE/spool/$1" -mindepth 1 -maxdepth 1 -name "[0-9]*-${2:-*}" -printf x | wc -c
}

# spoold_reads PATTERN: it has such a file open.
spoold_reads() {
	find "/proc/${LIB_PID[spoold]}/fd" -lname "$1" | grep .
}

events() { cat "$SHARE"/spool/events/*.log; }
