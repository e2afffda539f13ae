/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options - the table of spoold's options. The manual page spoold.conf(5) and etc/spoold.conf say
 * the same. How they are read is in lib/startup.c.
 */
#include "options.h"

#include "startup.h"
#include "xalloc.h"

#define MINUTE 60000LL
#define HOUR (60 * MINUTE)

static struct options values;

static const struct conf_option table[] = {
	{ "share", CONF_STRING, "", 0, 0, "the share: the folder that holds apps/ and spool/",
	  &values.share },
	{ "state", CONF_STRING, "", 0, 0,
	  "local folder for lock, index and log (default: see spoold(8))", &values.state },
	{ "settle", CONF_TIME, "2s", 10, HOUR,
	  "a drop is complete when it has stood still for so long", &values.settle },
	{ "settle_polled", CONF_TIME, "40s", 10, HOUR,
	  "the same on a network mount that cannot tell whether a file is being written",
	  &values.settle_polled },
	{ "ready_needed", CONF_BOOL, "no", 0, 0,
	  "a drop is complete only by .ready or one rename, however long it stands still",
	  &values.ready_needed },
	{ "incoming_patience", CONF_TIME, "10m", 100, 30 * 24 * HOUR,
	  "a drop that stays incomplete is reported after so long", &values.incoming_patience },
	{ "scan", CONF_TIME, "5s", 100, HOUR,
	  "time between two scans of drop boxes, inboxes and requests", &values.scan },
	{ "scan_polled", CONF_TIME, "2s", 100, HOUR,
	  "the same where the kernel brings no news (NFS)", &values.scan_polled },
	{ "scan_folders", CONF_TIME, "10m", 1000, 24 * HOUR,
	  "time between two scans of all job folders", &values.scan_folders },
	{ "watch", CONF_BOOL, "yes", 0, 0, "use inotify where the share is a local disk",
	  &values.watch },
	{ "beat", CONF_TIME, "5s", 100, HOUR, "spool/coordinator is replaced so often",
	  &values.beat },
	{ "lease", CONF_TIME, "60s", 500, 24 * HOUR,
	  "a runner (or coordinator) silent for so long is taken as absent", &values.lease },
	{ "ahead", CONF_INT, "1", 0, 1000, "tickets offered to a runner beyond its slots",
	  &values.ahead },
	{ "ahead_most", CONF_INT, "32", 0, 1000,
	  "the same at most, where jobs are so short that one is not enough", &values.ahead_most },
	{ "default_ttl", CONF_TIME, "1d", 1000, 3650 * 24 * HOUR,
	  "time allowed for a run where neither job nor application says", &values.default_ttl },
	{ "default_memory", CONF_SIZE, "512M", 1 << 20, 1LL << 50,
	  "memory reserved for a job where neither job nor application says",
	  &values.default_memory },
	{ "hash_most", CONF_SIZE, "1G", 0, 1LL << 50,
	  "inputs up to this size are hashed at admission", &values.hash_most },
	{ "publish", CONF_TIME, "2s", 100, HOUR,
	  "snapshots in spool/status follow changes at most so often", &values.publish },
	{ "keep_lost", CONF_TIME, "7d", 1000, 3650 * 24 * HOUR,
	  "folders of lost attempts are kept for so long", &values.keep_lost },
	{ "allow_unsafe_mount", CONF_BOOL, "no", 0, 0,
	  "start even where the share's mount may lose results", &values.allow_unsafe_mount },
	{ "debug", CONF_BOOL, "no", 0, 0, "log more", &values.debug },
	{ NULL, CONF_STRING, NULL, 0, 0, NULL, NULL },
};

/* What no single range can say. */
static char *check_together(void)
{
	if (values.beat * 3 <= values.lease)
		return NULL;
	return xasprintf("lease: must be at least three times beat, or every late beat looks like "
			 "an absence: set lease to %llds or more",
			 (long long)(values.beat * 3 + 999) / 1000);
}

void options_read(int argc, char **argv, struct options *opt, bool *ret_foreground)
{
	static const struct startup startup = {
		.program = "spoold",
		.doc = "The coordinator of a spool: takes jobs from spool/incoming, hands them to "
		       "runners, files their results."
		       "\vSee spoold(8) and spool(7).",
		.file = "/etc/spool/spoold.conf",
		.page = "spoold.conf(5)",
		.holds = "lock, index and log",
		.table = table,
		.check = check_together,
	};

	*ret_foreground = startup_read(&startup, argc, argv);
	*opt = values;
}

void options_free(void)
{
	conf_release(table);
}
