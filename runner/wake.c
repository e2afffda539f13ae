/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wake - inotify on the inbox.
 *
 * Touches the inbox by its descriptor only. The kernel's interface is used as it is: one folder is
 * watched, and all events are read in one go, because most of them are our own renames, which
 * would otherwise cost a turn of the loop each. Lost events (an overflow, the folder gone) mean one
 * look more.
 */
#include "wake.h"

#include "log.h"
#include "runner.h"
#include "serve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define NEWS (IN_MOVED_TO | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define GONE (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)

int wake_open(struct runner *r)
{
	r->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	return r->inotify < 0 ? -errno : 0;
}

void wake_watch(struct runner *r)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", r->new_inbox);
	r->watching = inotify_add_watch(r->inotify, path, NEWS) >= 0;
	if (!r->watching)
		log_trouble("watch",
			    "the inbox cannot be watched, it is looked at every so often: %s",
			    strerror(errno));
	else
		log_mended("watch");
	close(r->new_inbox);
	r->new_inbox = -1;
	r->wake = true;
}

static void hear_one(struct runner *r, const struct inotify_event *e)
{
	if (e->mask & GONE) { /* another will be there one day: a pass brings its descriptor */
		inotify_rm_watch(r->inotify, e->wd);
		r->watching = false;
		r->inbox_due = true;
		r->wake = true;
	} else if (!(e->mask & IN_IGNORED)) {
		serve_news(r, e->mask & IN_Q_OVERFLOW || e->len == 0 ? NULL : e->name);
	}
}

void wake_hear(struct runner *r)
{
	_Alignas(struct inotify_event) char buf[16384];
	ssize_t n;

	while ((n = read(r->inotify, buf, sizeof(buf))) > 0) {
		const struct inotify_event *e;

		for (char *at = buf; at < buf + n; at += sizeof(*e) + e->len) {
			e = (const struct inotify_event *)at;
			hear_one(r, e);
		}
		if ((size_t)n < sizeof(buf) / 2) /* that was all */
			break;
	}
}
