/* SPDX-License-Identifier: GPL-2.0-or-later */
/* changes - times of files in a scratch folder, for tests of what notices a change. */
#ifndef SPOOL_CHANGES_H
#define SPOOL_CHANGES_H

#include "scratch.h"

#include <time.h>

static inline void changes_set_mtime(const struct scratch *s, const char *path, time_t seconds)
{
	const struct timespec times[2] = { { .tv_sec = seconds }, { .tv_sec = seconds } };

	assert_int_equal(utimensat(s->fd, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

/* Waits until a change now has another ctime than what is there. */
static inline void changes_next_tick(const struct scratch *s)
{
	const struct timespec pause = { .tv_nsec = 500000 };
	struct stat before, now;

	scratch_write(s, "clock", "");
	assert_int_equal(fstatat(s->fd, "clock", &before, 0), 0);
	for (int tries = 0; tries < 4000; tries++) {
		scratch_write(s, "clock", "x");
		assert_int_equal(fstatat(s->fd, "clock", &now, 0), 0);
		if (memcmp(&before.st_ctim, &now.st_ctim, sizeof(now.st_ctim)) != 0)
			return;
		nanosleep(&pause, NULL);
	}
	fail_msg("the clock of %s stands still", s->path);
}

#endif
