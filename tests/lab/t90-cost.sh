#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
test_description='round trips to the file server that a runner costs: an idle tick, a beat, a job of one file'
. /lab/lib.sh
RUNNERS=c1
TRACING=/sys/kernel/tracing

# requests: how many requests c1 has sent by kind so far, "GETATTR 12" and so on. On SMB the numbers are
# those of all clients; only c1 does anything.
requests() {
	if [ "$MEDIUM" = smb ]; then
		awk '/^[A-Z][A-Za-z]*: [0-9]+ total/ { count[$1] += $2 } END { for (kind in count) print kind, count[kind] }' \
			/proc/fs/cifs/Stats | tr -d : | sort
	else
		on c1 awk '/^device/ { ours = $5 == "/srv/share" } ours && /^\t *[A-Z_0-9]+: / { print $1, $2 }' /proc/self/mountstats | tr -d : | sort
	fi
}

# spent BEFORE AFTER: the difference of two outputs of requests, "all 17", then by kind.
spent() {
	join "$1" "$2" | awk '$3 > $2 { sum += $3 - $2; kinds = kinds " " $1 " " $3 - $2 } END { print "all", sum + 0 kinds }'
}

# trace_start, trace_stop: the names of the requests in their order, one a line with the process that waits.
trace_start() {
	mountpoint -q $TRACING || mount -t tracefs tracefs $TRACING
	echo >$TRACING/trace && echo 1 >$TRACING/tracing_on && echo 1 >$TRACING/events/sunrpc/rpc_request/enable
}
trace_stop() {
	echo 0 >$TRACING/events/sunrpc/rpc_request/enable
	sed -nE 's/^ *(.*)-[0-9]+ +\[.* ([0-9.]+): rpc_request: .* ([A-Z_0-9]+) \(.*/\2 \1 \3/p' $TRACING/trace
}

# one_job NAME: a folder of one file, a program of the host and no output: all requests are the runner's.
one_job() {
	make_job "$1" "executable = \"/bin/true\"" </dev/null && rm -rf "/srv/$1" && chown -R spool:spool "$1" && mv "$1" /srv/ &&
		requests >before && { [ "$MEDIUM" = smb ] || trace_start; } &&
		mv "/srv/$1" /srv/share/spool/incoming/ &&
		TIME_LIMIT=60 wait_done "$1" &&
		{ [ "$MEDIUM" = smb ] || trace_stop >"trace.$1"; } && requests >after
}

test_expect_success "$MEDIUM: an idle runner asks once a tick" '
	daemons_start && sleep 12 && requests >before && sleep 30 && requests >after &&
	spent before after >idle && cat idle && echo "# $MEDIUM: 30 s idle (30 ticks, 6 beats): $(cat idle)" >told &&
	if [ "$MEDIUM" != smb ]; then
		test "$(tr " " "\n" <idle | grep -A1 GETATTR | tail -n 1)" -le 40
	fi
'

test_expect_success "$MEDIUM: a job of one file: 25 requests of the runner at most" '
	one_job warm && least=1000 && for name in one two three; do
		one_job $name || return 1
		if [ "$MEDIUM" = smb ]; then
			count=$(spent before after | cut -d" " -f2)
		else
			# From the listing that shows the offer to the rename that ends it.
			awk "{ line[NR] = \$0 } /RENAME/ { last = NR } END { for (i = 1; i <= last; i++) print line[i] }" trace.$name |
				sed -n "/READDIR/,\$p" >way.$name
			count=$(wc -l <way.$name)
		fi
		[ "$count" -ge "$least" ] || { least=$count best=$name; }
	done &&
	echo "# $MEDIUM: a job of one file: $least requests" >>told &&
	{ [ "$MEDIUM" = smb ] || echo "# $MEDIUM: in this order: $(cut -d" " -f3 way.$best | tr "\n" " ")" >>told; } &&
	cat told && { [ "$MEDIUM" = smb ] || cat way.$best; } && test "$least" -ge 10 && { [ "$MEDIUM" != nfs4.2 ] || test "$least" -le 25; }
'
cat told

test_done
