/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch - libinotifytools, within what is safe to use of it (3.22).
 *
 * The library is global to the process, tells no descriptor, buffers several events per read and
 * blocks where one would expect a poll. So: the descriptor is the one that appears when the library
 * starts; next_events(0, 1) is asked until it has nothing; an own table by watch descriptor says
 * what a folder is; removal, renaming, recursion and filters are never used. Any overflow or lost
 * watch means a scan.
 */
#include "watch.h"

#include "cleanup.h"
#include "control.h"
#include "drops.h"
#include "log.h"
#include "runners.h"
#include "scan.h"
#include "tickets.h"
#include "xalloc.h"

#include <fcntl.h>
#include <inotifytools/inotify.h>
#include <inotifytools/inotifytools.h>
#include <string.h>

#define MASK (IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO)

enum kind { KIND_NONE, KIND_BOX, KIND_INBOX, KIND_RUNNERS, KIND_REQUESTS };

static struct {
	int fd;
	struct watched {
		enum kind kind;
		char *name; /* application of the box, or runner */
	} * by_wd;	    /* index: watch descriptor */
	int wds;
	uint32_t from_cookie; /* of the last MOVED_FROM in a box */
	bool from_tmp;	      /* it left a name that begins with .tmp- */
} watch = { .fd = -1 };

int watch_init(void)
{
	/* The lowest free descriptor is the one that the library is about to get. */
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char link[64], target[64] = "";

	if (fd < 0)
		return -errno;
	close(fd);
	if (!inotifytools_initialize())
		return -inotifytools_error();
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (readlink(link, target, sizeof(target) - 1) < 0 ||
	    strcmp(target, "anon_inode:inotify") != 0)
		return -ENOSYS;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	watch.fd = fd;
	return 0;
}

static int add(struct coordinator *co, const char *path, enum kind kind, const char *name)
{
	/* The library keeps folders with a slash at the end. */
	_cleanup_free_ char *full = xasprintf("%s/spool/%s/", co->sp.path, path);
	int wd;

	if (watch.fd < 0)
		return 0;
	if (inotifytools_wd_from_filename(full) >= 0)
		return 0;
	if (!inotifytools_watch_file(full, MASK))
		return -inotifytools_error();
	wd = inotifytools_wd_from_filename(full);
	if (wd < 0)
		return -ENOENT;
	if (wd >= watch.wds) {
		watch.by_wd = xrealloc(watch.by_wd, (size_t)wd + 16, sizeof(*watch.by_wd));
		memset(watch.by_wd + watch.wds, 0,
		       (size_t)(wd + 16 - watch.wds) * sizeof(*watch.by_wd));
		watch.wds = wd + 16;
	}
	watch.by_wd[wd].kind = kind;
	free(watch.by_wd[wd].name);
	watch.by_wd[wd].name = xstrdup(name);
	return 0;
}

int watch_box(struct coordinator *co, struct box *box)
{
	_cleanup_free_ char *path = xasprintf("%s%s%s", spool_place_name(SPOOL_INCOMING),
					      *box->app ? "/@" : "", box->app);

	return add(co, path, KIND_BOX, box->app);
}

int watch_inbox(struct coordinator *co, const char *runner)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", spool_place_name(SPOOL_CLAIMS), runner);

	return add(co, path, KIND_INBOX, runner);
}

int watch_place(struct coordinator *co, enum spool_place place)
{
	return add(co, spool_place_name(place),
		   place == SPOOL_RUNNERS ? KIND_RUNNERS : KIND_REQUESTS, "");
}

/* A rename within the boxes is a finished arrival only from a temporary name; from outside it
 * always is. */
static bool arrived_whole(const struct inotify_event *e)
{
	if (!(e->mask & IN_MOVED_TO))
		return false;
	return e->cookie != watch.from_cookie || watch.from_tmp;
}

static void box_news(struct coordinator *co, const char *app, const struct inotify_event *e)
{
	if (e->mask & IN_MOVED_FROM) {
		watch.from_cookie = e->cookie;
		watch.from_tmp = spool_is_tmp(e->name);
		return;
	}
	drops_news(co, app, e->name, arrived_whole(e));
}

static void handle(struct coordinator *co, const struct inotify_event *e)
{
	const struct watched *w;

	if ((e->mask & (IN_Q_OVERFLOW | IN_IGNORED | IN_UNMOUNT)) || e->wd < 0 ||
	    e->wd >= watch.wds) {
		log_debug("events were lost: a scan follows");
		scan_soon(co);
		return;
	}
	w = &watch.by_wd[e->wd];
	if (e->len == 0 || w->kind == KIND_NONE)
		return;
	switch (w->kind) {
	case KIND_BOX:
		box_news(co, w->name, e);
		break;
	case KIND_INBOX:
		if (e->mask & IN_MOVED_TO)
			tickets_news(co, w->name, e->name);
		break;
	case KIND_RUNNERS:
		if (e->mask & IN_MOVED_TO)
			runners_news(co, e->name);
		break;
	case KIND_REQUESTS:
		/* An empty file is a whole request once it is there; a written one once it is
		 * closed. */
		if (!(e->mask & IN_MOVED_FROM))
			control_news(co, e->name);
		break;
	case KIND_NONE:
		break;
	}
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct inotify_event *e;

	(void)source;
	(void)fd;
	(void)events;
	while ((e = inotifytools_next_events(0, 1)))
		handle(arg, e);
	return 0;
}

int watch_start(struct coordinator *co)
{
	int r = sd_event_add_io(co->event, NULL, watch.fd, EPOLLIN, on_readable, co);

	return r < 0 ? r : 0;
}

void watch_stop(void)
{
	for (int i = 0; i < watch.wds; i++)
		free(watch.by_wd[i].name);
	free(watch.by_wd);
	watch.by_wd = NULL;
	watch.wds = 0;
}
