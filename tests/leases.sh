# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# leases.sh - runners made of shell, for the scripts about lost ones (tests/spool/t04*.sh), which
# source it after lib.sh. Such a runner starts nothing; it beats, falls silent, claims and answers
# exactly when the script wants it to.
#
#   fake_new NAME [FREEZE_MS]	registers it; it beats from now on (FREEZE_MS 0: it freezes nothing)
#   fake_hush NAME		it falls silent; fake_wake NAME: it beats again
#   fake_hush_all		the last line of a script
#   fake_beat NAME		one beat
#   fake_claim JOB		waits for the offer and claims it; FAKE_CLAIM is the ticket
#   fake_of TICKET		the runner in whose inbox it is
#   fake_finish TICKET		.claim -> .done; the job has ended well
#   fake_give_back TICKET	.claim -> .back

declare -A FAKE_PULSE=()	# the process that beats for it
FAKE_CLAIM=

fake_rid() { echo "$1-0a0b0c0d-00000001"; }
fake_stamp() { date -u +%Y-%m-%dT%H:%M:%S.%3NZ; }

# fake_seal FILE: what stands in it so far becomes a whole record.
fake_seal() { echo "# sum $(sha256sum <"$1" | cut -d ' ' -f 1)" >>"$1"; }

# fake_put NAME: standard input becomes runners/NAME.
fake_put() {
	local tmp=$SHARE/spool/runners/.tmp-$1
	cat >"$tmp" && fake_seal "$tmp" && mv "$tmp" "$SHARE/spool/runners/$1"
}

fake_register() {	# NAME FREEZE_MS
	{
		cat <<-END
		spool-runner 1
		registration {
		  runner = "$1"
		  instance = "$(fake_rid "$1")"
		  machine = "00112233445566778899aabbccddeeff"
		  host = "$1"
		  platform = "linux-x86_64"
		  kernel = "6.1"
		  cpu = ""
		  cores = "4"
		  slots = "4"
		  memory_bytes = "4294967296"
		  software = {"sh ?"}
		  version = "0.1"
		  started = "$(fake_stamp)"
		END
		[ "$2" = 0 ] || printf '  freeze = "%s"\n  freezer = "signals"\n' "$2"
		echo "}"
	} | fake_put "$1.conf"
}

# The counter is the time, so that it moves whoever beats.
fake_beat() {
	fake_put "$1.beat" <<-END
	spool-beat 1
	beat {
	  instance = "$(fake_rid "$1")"
	  counter = "${EPOCHREALTIME/[.,]/}"
	  at = "$(fake_stamp)"
	  load = "0.000"
	  free_memory_bytes = "4294967296"
	  free_slots = "4"
	  state = "IDLE"
	}
	END
}

fake_pulse() {
	while kill -0 $$ && [ -d "$SHARE" ]; do
		fake_beat "$1"
		sleep 0.3
	done
}

fake_wake() {
	local -
	set +x
	fake_pulse "$1" </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- &
	FAKE_PULSE[$1]=$!
	disown
}

fake_hush() {
	local -
	set +x
	kill "${FAKE_PULSE[$1]}" && wait_until 10 lib_dead "${FAKE_PULSE[$1]}"
	unset "FAKE_PULSE[$1]"
}

fake_hush_all() {
	local name
	for name in "${!FAKE_PULSE[@]}"; do
		fake_hush "$name"
	done
}

fake_new() {
	local -
	set +x
	fake_register "$1" "${2-1000}" && fake_wake "$1" &&
		wait_until 10 grep "runner $1 is present" "$LOGS/spoold.log"
}

fake_claim() {
	local - offer
	set +x
	wait_until 10 fake_offer "$1" && offer=$(fake_offer "$1") || return 1
	FAKE_CLAIM=${offer%.offer}.claim.$(fake_rid "$(fake_of "$offer")")
	mv "$offer" "$FAKE_CLAIM"
}

fake_offer() {	# JOB: the ticket that is to be had
	local folder
	folder=$(jobs_in active "$1") && folder=${folder##*/} &&
		compgen -G "$SHARE/spool/claims/*/${folder%%-*}.offer"
}

fake_of() { basename "$(dirname "$1")"; }

fake_finish() {
	local - rid=${1##*.claim.}
	set +x
	{
		printf 'claim {\n  runner = "%s"\n  instance = "%s"\n  claimed = "%s"\n}\n' \
			"${rid%-*-*}" "$rid" "$(fake_stamp)" >>"$1" && fake_seal "$1" &&
		cat <<-END >>"$1" && fake_seal "$1"
		outcome {
		  state = "DONE"
		  reason = "exit code 0"
		  exit_code = "0"
		  started = "$(fake_stamp)"
		  finished = "$(fake_stamp)"
		  wall_seconds = "0.100"
		  cpu_seconds = "0.010"
		}
		END
	} && mv "$1" "${1/.claim./.done.}"
}

fake_give_back() { mv "$1" "${1/.claim./.back.}"; }
