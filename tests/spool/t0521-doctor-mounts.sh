#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# spoolctl doctor and the daemons on real mounts: tmpfs read-only and noexec, a place of its own mount, an export, a
# runner of another machine. All in private mount namespaces, which end with the command that made them.
NEED_ROOT="mounts file systems"
test_description='unsafe mounts are found and refused'
. "$(dirname "$0")/../lib.sh"

. "$SRCDIR/tests/doctor.sh"

# refused DAEMON [OPTION...]: ends with 1 by itself; what it says in err.
# Daemons that are started inside of apart end with it, whatever becomes of it.
DAEMON="setpriv --pdeathsig KILL --"
cat >refused <<'END'
#!/bin/bash
code=0
timeout 20 "$@" --share "$M" --state "$TEST_ROOT/state/refused" --foreground 2>err || code=$?
[ "$code" = 1 ] || { echo "$1 ended with $code, expected 1"; cat err; exit 1; }
END
chmod +x refused
RUN="spool-runner --name r1 -o allow_root=yes"

test_expect_success 'a share in memory, with the options that matter' '
	apart "mount -t tmpfs -o nosuid,nodev tmpfs \$M && ./init && ./doctor 0" &&
	finds mount.type advice "tmpfs: the share lies in memory" && finds mount fine "rw, nosuid, nodev" &&
	finds mount.exec fine exec
'

test_expect_success 'noexec on the host with the disk: no runner can work there, and refuses in the same words' '
	apart "mount -t tmpfs -o noexec tmpfs \$M && ./init && ./doctor 0 && ./refused $RUN &&
		test ! -e \$M/spool/runners/r1.conf" &&
	finds mount.exec advice "no runner can work on this host: noexec: programs on the share cannot start" &&
	grep "noexec: programs on the share cannot start" err &&
	grep "mount it with exec in place of noexec" err && grep "allow_unsafe_mount=yes" err &&
	test "$(wc -l <err)" = 1
'

test_expect_success 'noexec is no matter for a coordinator' '
	apart "mount -t tmpfs -o noexec tmpfs \$M && ./init
		$DAEMON spoold --share \$M --state \$TEST_ROOT/state/c --foreground 2>log & pid=\$!
		end=\$((SECONDS + 20)); until grep -q \"at work\" log; do test \$SECONDS -lt \$end; sleep 0.05; done
		./doctor 0; kill \$pid; wait \$pid" &&
	finds mount.exec advice "no runner can work on this host" &&
	grep "spoolctl doctor\" has advice about the mount of .*: tmpfs: the share lies in memory" log
'

test_expect_success 'read-only: both refuse, whatever the administrator allows' '
	apart "mount -t tmpfs tmpfs \$M && ./init && mount -o remount,ro \$M && ./doctor 1 &&
		./refused $RUN && cp err err.runner && ./refused spoold && cp err err.spoold &&
		./refused spoold -o allow_unsafe_mount=yes && ./refused $RUN -o allow_unsafe_mount=yes" &&
	finds mount.write unsafe "ro: the share is mounted for reading only" &&
	finds rename.probe untried "Read-only file system); see mount.write" &&
	grep "ro: the share is mounted for reading only" err.runner && grep "ro: the share is mounted" err.spoold &&
	grep "not one for a runner. Found: ro: " err && ! grep allow_unsafe_mount err err.runner err.spoold
'

test_expect_success 'the runner starts on an unsafe mount if it is told to' '
	apart "mount -t tmpfs -o noexec tmpfs \$M && ./init
		$DAEMON $RUN --share \$M --state \$TEST_ROOT/state/r --foreground -o allow_unsafe_mount=yes 2>log & pid=\$!
		end=\$((SECONDS + 20)); until test -e \$M/spool/runners/r1.beat; do test \$SECONDS -lt \$end; sleep 0.05; done
		./doctor 1; kill \$pid; wait \$pid" &&
	finds mount.exec unsafe noexec && grep "allow_unsafe_mount is set. Found: noexec: " log
'

test_expect_success 'a place in a mount of its own: renames fail, and it is named' '
	apart "./init && mkdir \$M.else && mount --bind \$M.else \$M/spool/incoming && ./doctor 1" &&
	finds rename.places unsafe "incoming/" && finds rename.probe unsafe "keep all of spool/ in one file system" &&
	! find "$M" "$M.else" -name ".tmp-*" | grep . &&
	rm -r "$M" "$M.else" && mkdir "$M"
'

# parted COMMAND: the same with spool/ in a mount of its own, which has the options $WITH.
parted() {
	rm -rf "$M" spool && ./init && mv "$M/spool" spool && mkdir "$M/spool" &&
	apart "mount -t tmpfs -o $WITH tmpfs \$M/spool && cp -a spool/. \$M/spool && chown 1234:1234 \$M/spool; $1"
}

test_expect_success 'the mount of spool/ counts, not only that of the top' '
	WITH=nosuid,noexec parted "./doctor 0 && ./refused $RUN" &&
	finds mount.exec advice "no runner can work on this host: noexec: programs" && finds mount fine "$M/spool is mounted" &&
	finds mount.whole advice "spool/ is in another mount than the top of the share" && finds rename.places fine "one file" &&
	grep "the mount of $M/spool is not safe. Found: noexec" err &&
	WITH=nosuid parted "mount -o remount,ro \$M/spool; ./doctor 1 && ./refused spoold" && finds mount.write unsafe "ro: " &&
	grep "the mount of $M/spool is not one for a coordinator. Found: ro: " err
'

test_expect_success 'what is above spool/, or beside it, may be read-only, but not noexec' '
	rm -rf "$M" && ./init && mkdir "$M.else" && cp -a "$M/apps/." "$M.else" && chown 1234 "$M.else" &&
	apart "mount --bind \$M.else \$M/apps && mount -o remount,bind,ro \$M/apps && ./doctor 0" &&
	finds mount.whole advice "apps/ is in another mount than spool/" &&
	! jq -e ".doctor.findings[] | select(.topic == \"mount.write\" and .level != \"fine\")" out &&
	apart "mount --bind \$M.else \$M/apps && mount -o remount,bind,noexec \$M/apps && ./doctor 0 && ./refused $RUN" &&
	finds mount.exec advice "apps: noexec: " && grep "the mount of $M/apps is not safe. Found: noexec" err && rm -r "$M.else"
'

test_expect_success 'a box or an inbox in a mount of its own is named' '
	for place in incoming/@sh claims/r1; do
		rm -rf "$M" && ./init && mkdir -p "$M/spool/$place" && chown 1234 "$M/spool/$place" &&
		apart "mount --bind \$M/spool/$place \$M/spool/$place && ./doctor 1" &&
		finds rename.places unsafe "rest of spool/: $place/; jobs cannot" || return 1
	done && rm -r "$M" && mkdir "$M"
'

test_expect_success 'an export with async is unsafe, one with sync is fine' '
	./init && export M && mkdir -p nfs "$M b" &&
	opts=wdelay,hide,nocrossmnt,secure,root_squash,no_subtree_check,sec=sys &&
	exported() {
		printf "%s\t10.0.0.0/24(%s)\n" "$@" >nfs/etab
		apart "mount -t tmpfs tmpfs /var/lib && cp -r nfs /var/lib && ./doctor $code"
	} &&
	code=1 && exported /else "rw,sync,$opts" "$M" "rw,async,$opts,rw" && finds export.sync unsafe "exportfs -ra" &&
	code=0 && exported "$TEST_ROOT" "rw,sync,$opts,rw" && finds export.sync fine "on the disk" &&
	exported "$M" "ro,sync,$opts" && finds export.write advice "reading only" &&
	exported "$M\\040b" "rw,async,$opts" && finds export.sync fine "does not export it" &&
	exported "${M%??}" "rw,async,$opts" && finds export.sync fine "does not export it" &&
	exported "$M" "rw,sync,$opts" && finds export.sync fine "on the disk" &&
	exported "$M" "rw,sync,no_root_squash,${opts/no_subtree_check/subtree_check}" &&
	finds export.root advice "root of each client" && finds export.subtree advice stale &&
	exported "$M" "rw,sync,$opts,all_squash,anonuid=1234" && finds export.squash advice "anonuid=1234, the owner" &&
	exported "$M" "rw,sync,$opts,all_squash,anonuid=65534" &&
	! jq -e ".doctor.findings[] | select(.topic | test(\"export.(root|squash|subtree)\"))" out &&
	ln -s "$M" link && code=1 && exported "${PWD// /\\040}/link" "rw,async,$opts" && finds export.sync unsafe async
'

# etab LINE...: "path client options", what the kernel's server has been given.
etab() {
	for line; do printf "%s\t%s(%s)\n" $line || return 1; done >nfs/etab
}

test_expect_success 'of several exports the nearest counts for each client, if it reaches the share' '
	rm -rf "$M" && ./init && mkdir -p nfs && export M && o=wdelay,hide,root_squash,no_subtree_check &&
	asks() { apart "$1 mount -t tmpfs tmpfs /var/lib && cp -r nfs /var/lib && ./doctor $2"; } &&
	etab "$TEST_ROOT c rw,async,nocrossmnt,$o" "$M c rw,sync,$o" && asks "" 0 && finds export.sync fine "on the disk" &&
	etab "$M c rw,sync,$o" "$TEST_ROOT c rw,async,nocrossmnt,$o" && asks "" 0 && finds export.sync fine "on the disk" &&
	etab "$TEST_ROOT b rw,async,nocrossmnt,$o" "$M a rw,sync,$o" && asks "" 1 && finds export.sync unsafe async &&
	mounted="mount -t tmpfs tmpfs \$M && ./init &&" && etab "$TEST_ROOT c rw,async,nocrossmnt,$o" &&
	asks "$mounted" 0 && finds export.sync fine "does not export it" &&
	etab "$TEST_ROOT c rw,async,crossmnt,$o" && asks "$mounted" 1 && finds export.sync unsafe async
'

test_expect_success 'an export of a part of the share is advice' '
	etab "$M/spool c rw,sync,$o" && asks "" 0 && finds export.whole advice "on their own: $M/spool;" &&
	etab "$M c rw,sync,$o" "$M/spool c rw,async,$o" && asks "" 1 && finds export.whole advice "as a whole" &&
	finds export.sync unsafe async && etab "$M c rw,sync,$o" "${M}else c rw,async,$o" && asks "" 0 &&
	! grep export.whole out
'

test_expect_success 'an export that the NFS server has not been told of is advice' '
	cp -a /etc etc && mkdir -p etc/exports.d && : >nfs/etab && named() {
		apart "mount -t tmpfs tmpfs /var/lib && cp -r nfs /var/lib && mount --bind etc /etc && ./doctor 0"
	} &&
	echo "/else 10.0.0.0/24(rw)" >etc/exports && named && finds export.sync fine "does not export it" &&
	echo "\"$M\" 10.0.0.0/24(rw)" >etc/exports && named && finds export.sync advice "exportfs -ra" &&
	mv etc/exports etc/exports.d/a.exports && named && finds export.sync advice "/etc/exports names it" && rm -r etc
'

# layout CODE MODE[:GROUP] PATH: a share whose spool/ belongs to user 1234, with one thing changed.
layout() {
	rm -rf "$M" && ./init && chown "${3:-1234:1234}" "$M/$4" &&
		chmod "$2" "$M/$4" && ./doctor "$1"
}

test_expect_success 'a group that is not the owner'\''s own may not write orders, signs, programs' '
	layout 0 2775 1234:1234 spool/claims && finds layout.modes fine "as they should be" &&
	for place in claims runners; do
		layout 1 2775 1234:100 spool/$place && finds layout.$place unsafe "the group 100 may write into spool/$place/" &&
		finds layout.$place unsafe "chmod g-w $M/spool/$place" || return 1
	done &&
	layout 1 775 1234:100 spool && finds layout.top unsafe "the group 100" &&
	layout 1 775 1234:100 . && finds layout.top unsafe "top of the share" &&
	layout 0 775 1234:100 apps/damper && finds layout.apps advice "the group 100 may write into apps/damper/" &&
	layout 1 666 1234:100 apps/damper/1/app.conf && finds layout.apps unsafe "everybody may write into apps/damper/1/app.conf (" &&
	layout 0 3775 1234:100 spool/incoming && chgrp 100 "$M/apps" && chmod g+w "$M/apps" && ./doctor 1 &&
	finds layout.apps unsafe "the group 100" &&
	layout 0 777 1234:100 spool/done && finds layout.done advice "chmod go-w $M/spool/done"
'

test_expect_success 'folders of others, which spoold cannot use, are unsafe, with one command for all' '
	layout 1 755 0:0 spool/claims && finds layout.owner unsafe "others own spool/claims/: spoold cannot work there" &&
	layout 1 755 0:0 spool/done && chown 5 "$M/spool/active" && chown 0 "$M/spool/claims" && ./doctor 1 &&
	finds layout.owner unsafe "chown 1234 $M/spool/active $M/spool/done $M/spool/claims" &&
	jq -r ".doctor.findings[] | select(.topic == \"layout.owner\") | .remedy" out >remedy && sh -e remedy && ./doctor 0 &&
	layout 0 777 5:5 spool/lost && finds layout.owner advice "one account should own all" &&
	layout 1 3777 0:0 spool/incoming && finds layout.owner unsafe "others own spool/incoming/" &&
	rm -r "$M" && mkdir "$M"
'

test_expect_success 'places that are closed to other accounts are no fault' '
	chmod 755 . "$TEST_ROOT" && spoolctl init "$M" && chmod 700 "$M"/spool/{claims,runners,requests} &&
	lib_as_nobody spoolctl --share "$M" doctor --json >out && finds rename.probe untried "may not look into requests/" &&
	finds fresh untried "closed to this account" && finds share fine version && rm -r "$M" && mkdir "$M" && spoolctl init "$M"
'

# A machine of its own, as far as files tell: another machine-id.
cat >far <<'END'
#!/bin/bash -e
mount --bind machine-id /etc/machine-id
exec spool-runner --name far -o allow_root=yes --share "$M" --state "$TEST_ROOT/state/far" --foreground
END
chmod +x far

idle() {
	grep -q IDLE "$M/spool/runners/far.beat" && [ "$M/spool/runners/far.beat" -nt "$LOGS/far.started" ]
}

shown() {
	spoolctl --share "$M" nodes --all --json >nodes && jq -e '[.. | objects | select(.state? == "IDLE")] | length > 0' nodes >/dev/null
}

test_expect_success 'the beats of another machine are seen at once' '
	test -e /etc/machine-id && echo 0123456789abcdef0123456789abcdef >machine-id &&
	lib_spawn far unshare -m --propagation private ./far && wait_until 20 idle &&
	spoolctl --share "$M" doctor --json >out && finds fresh fine "runner far: changes are seen at once" && lib_stop far
'

# A coordinator of another host, whose processes are not ours to see.
cat >farspoold <<'END'
#!/bin/bash -e
hostname far
mount --bind machine-id /etc/machine-id
exec spoold --share "$M" --state "$TEST_ROOT/state/farspoold" --foreground
END
chmod +x farspoold

test_expect_success 'a coordinator of another host that has died is told, also while a runner is up' '
	lib_spawn far unshare -m --propagation private ./far && wait_until 20 idle &&
	lib_spawn farspoold unshare -m --uts --propagation private ./farspoold &&
	wait_until 20 grep -q "at work" "$LOGS/farspoold.log" && spoolctl --share "$M" doctor --json >out &&
	finds daemon.spoold fine "its sign of life changes" && spoolctl --share "$M" doctor --quick --json >out &&
	finds daemon.spoold untried "leave out --quick" &&
	wait_until 20 shown && lib_kill9 farspoold &&
	spoolctl --share "$M" doctor --json >out && finds daemon.spoold advice "its sign of life does not change" &&
	finds fresh fine "runner far: changes are seen" && lib_stop far && rm -r "$M/spool/coordinator" "$M"/spool/status/*
'

test_expect_success 'a machine that has ended in order is not watched' '
	spoolctl --share "$M" doctor --json >out && finds fresh untried "nothing runs on another host" &&
	jq -e "[.doctor.findings[] | select(.topic == \"fresh\")] | length == 1" out
'

test_expect_success 'a machine that is silent tells nothing' '
	lib_spawn far unshare -m --propagation private ./far && wait_until 20 idle && lib_kill9 far &&
	spoolctl --share "$M" doctor --json >out &&
	finds fresh untried "runner far: its sign of life did not change for 15 s"
'

# grouped COMMAND: control groups of version 2 that have memory and pids, whatever this host has; the runner "near" is up
# in one of its own, $G.
G=/sys/fs/cgroup/spool-test-$$
grouped() {
	apart "mount -t cgroup2 none /sys/fs/cgroup; echo memory pids >controllers; mkdir $G
		for c in /sys/fs/cgroup $G; do mount --bind controllers \$c/cgroup.controllers; done
		trap '[ ! -s pid ] || kill \$(cat pid); for n in \$(seq 100); do rmdir $G 2>/dev/null && break; sleep 0.1; done' EXIT
		$1"
}

apart "mount -t cgroup2 none /sys/fs/cgroup && mkdir $G && rmdir $G" 2>/dev/null && test_set_prereq CGROUP2
test_expect_success CGROUP2 'control groups are judged by those of a runner that runs here' '
	rm -rf "$M" && ./init && : >pid && grouped "./doctor 0" && finds host.cgroup untried "while one runs here" &&
	cat >near <<-END && chmod +x near &&
		#!/bin/bash -e
		echo \$\$ >pid && echo \$\$ >$G/cgroup.procs
		exec setpriv --reuid=1234 --regid=1234 --clear-groups spool-runner --name near --share "$M" \
			--state "$TEST_ROOT/near" --foreground 2>near.log
	END
	mkdir "$TEST_ROOT/near" && chown 1234 "$TEST_ROOT/near" &&
	up="rm -f \$M/spool/runners/near.beat; ./near & until test -e \$M/spool/runners/near.beat; do sleep 0.1; done;" &&
	grouped "$up ./doctor 0" && finds host.cgroup advice "delegated to runner near" &&
	grouped "chown -R 1234 $G; $up ./doctor 0" && finds host.cgroup fine "is delegated to runner near"
'

test_done
