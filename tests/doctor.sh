# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# doctor.sh - for tests of "spoolctl doctor" by root: the share at $M, mounts and accounts that nobody else sees.
# Sourced behind lib.sh. Accounts: spool (1234), spoolers (group 1235: spool and alice), alice (5001), bob (5002).
unshare -m true 2>/dev/null || { skip_all='no mount namespaces here' && test_done; }

M=$TEST_ROOT/mnt ACCOUNTS=$TEST_ROOT/accounts
export M ACCOUNTS
mkdir -p "$M" "$ACCOUNTS"
chmod 755 "$TEST_ROOT" "$PWD" "$M" "$ACCOUNTS"

# accounts [LINE...]: others for the next doctors; lines of passwd(5).
accounts() {
	{ grep -E "^(root|nobody):" /etc/passwd && printf '%s:/nonexistent:/bin/sh\n' "$@"; } >"$ACCOUNTS/passwd"
	{ grep -E "^(root|nogroup):" /etc/group && printf '%s\n' spool:x:1234:"${MEMBERS:-}" spoolers:x:1235:spool,alice alice:x:5001: bob:x:5002:; } \
		>"$ACCOUNTS/group"
}
EVERYBODY=(spool:x:1234:1234: alice:x:5001:5001: bob:x:5002:5002:)
accounts "${EVERYBODY[@]}"

# apart COMMAND: a shell command in a mount namespace of its own.
apart() {
	unshare -m --propagation private bash -ec "$1"
}

# init: the share at $M, all of it spool's. Like the next one to be used inside of apart, too.
cat >init <<'END'
#!/bin/bash
spoolctl init "$M" >init.log && chown -R 1234:1234 "$M"
END

# doctor CODE [USER[:GROUP]]: its JSON in out; asked by root, or by another account.
cat >doctor <<'END'
#!/bin/bash
code=0 as=()
[ $# = 1 ] || as=(setpriv "--reuid=${2%:*}" "--regid=${2#*:}" --init-groups)
unshare -m --propagation private bash -ec 'mount --bind "$ACCOUNTS/passwd" /etc/passwd
	mount --bind "$ACCOUNTS/group" /etc/group
	exec "$@"' bash "${as[@]}" spoolctl --share "$M" doctor --quick --json >out || code=$?
[ "$code" = "$1" ] || { echo "doctor ended with $code, expected $1"; cat out; exit 1; }
END
chmod +x init doctor

# finds TOPIC LEVEL TEXT: of the last doctor; TEXT is in what was found or in the remedy.
finds() {
	jq -e --arg t "$1" --arg l "$2" --arg x "$3" '[.doctor.findings[] | select(.topic == $t and .level == $l
		and ((.found + " " + (.remedy // "")) | contains($x)))] | length > 0' out >/dev/null ||
		{ echo "not found: $*"; jq -r '.doctor.findings[] | "\(.topic) \(.level): \(.found)"' out; return 1; }
}

# remedies TOPIC: do what it says; "as root:" and the like stand before the command.
remedies() {
	jq -r --arg t "$1" '.doctor.findings[] | select(.topic == $t and .remedy) | .remedy' out |
		sed 's/^[^/]*: \(ch\)/\1/' >remedy && cat remedy &&
		unshare -m --propagation private bash -ec 'mount --bind "$ACCOUNTS/passwd" /etc/passwd
			mount --bind "$ACCOUNTS/group" /etc/group
			. ./remedy'
}
