/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * places - descriptors of folders that are kept for long follow the folders' names.
 *
 * A folder may be removed and made anew, and a file server may come back from a backup or forget
 * what its clients had open (ESTALE): then renames and syncs through the old descriptor fail for
 * ever, while its name works. The new folder takes the old one's number, so whoever keeps that
 * number, other threads included, goes on with the new one. A share with another id is none of
 * ours: nothing is done until the first one is back.
 */
#include "places.h"

#include "journal.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool places_follow(int kept, int fd)
{
	struct stat now, before;

	if (fstat(fd, &now) < 0)
		return false;
	if (fstat(kept, &before) == 0 && now.st_ino == before.st_ino && now.st_dev == before.st_dev)
		return false;
	return dup3(fd, kept, O_CLOEXEC) >= 0;
}

/* 0 or negative errno of the first that is dead. The attributes may come from the client's memory:
 * a dead one is noticed when those are too old. */
static int look(const struct spool *sp)
{
	struct stat st;

	if (fstat(sp->root_fd, &st) < 0 || fstat(sp->fd, &st) < 0)
		return -errno;
	for (int i = 0; i < SPOOL_PLACES; i++)
		if (fstat(sp->place_fd[i], &st) < 0)
			return -errno;
	return 0;
}

int places_check(struct coordinator *co)
{
	char *why = NULL;
	int r;

	if (co->sp.kind == SAFEFS_LOCAL || look(&co->sp) == 0)
		return 0;
	r = spool_reopen(&co->sp, &why);
	if (r < 0)
		log_trouble("places", "the share is lost, trying again: %s", why);
	else
		log_warn("%s: its folders had gone and are there again: opened anew", co->sp.path);
	if (r == 0) {
		journal_reopen();
		log_mended("places");
	}
	free(why);
	return r;
}
