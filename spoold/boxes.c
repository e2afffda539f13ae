/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * boxes - the folders that people drop into: incoming/ itself, and incoming/@<app>/ for each
 * application that there is.
 *
 * Touches nothing but their descriptors and their watches. A box stays open until the end, also
 * when its application has gone: what is dropped there then is answered with a complaint.
 */
#include "boxes.h"

#include "cleanup.h"
#include "escape.h"
#include "log.h"
#include "watch.h"
#include "xalloc.h"

#include <string.h>

struct box *boxes_find(struct coordinator *co, const char *app)
{
	struct box *box;

	HASH_FIND_STR(co->boxes, app, box);
	return box;
}

static int open_box(struct coordinator *co, const char *app)
{
	_cleanup_free_ char *name = xasprintf("@%s", app);
	int fd = safefs_open_dir(co->sp.place_fd[SPOOL_INCOMING], *app ? name : ".");
	struct box *box;

	if (fd < 0)
		return fd;
	box = xcalloc(1, sizeof(*box));
	box->app = xstrdup(app);
	box->fd = fd;
	HASH_ADD_KEYPTR(hh, co->boxes, box->app, strlen(box->app), box);
	if (!co->polling && watch_box(co, box) < 0)
		log_trouble("watch",
			    "a drop box cannot be watched: the scan alone brings its news");
	return 0;
}

static int find_app_box(const char *name, unsigned char type, void *arg)
{
	struct coordinator *co = arg;

	(void)type;
	if (name[0] != '@' || boxes_find(co, name + 1))
		return 0;
	if (!catalogue_find(&co->catalogue, name + 1)) {
		_cleanup_free_ char *shown = escape_text(name, ESCAPE_TEXT);

		log_trouble(
			name,
			"incoming/%s is no drop box: there is no application of that name in apps/",
			shown);
	} else if (open_box(co, name + 1) == 0) {
		log_mended(name);
	}
	return 0;
}

void boxes_news(struct coordinator *co, const char *name)
{
	(void)find_app_box(name, 0, co);
}

int boxes_open(struct coordinator *co)
{
	int r = boxes_find(co, "") ? 0 : open_box(co, "");

	return r < 0 ? r : spool_list(&co->sp, SPOOL_INCOMING, find_app_box, co);
}

void boxes_free(struct coordinator *co)
{
	struct box *box, *next;

	HASH_ITER(hh, co->boxes, box, next) {
		HASH_DEL(co->boxes, box);
		close(box->fd);
		free(box->app);
		free(box);
	}
}
