/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wholesync - syncfs while it is quick. Remembers one time and one pause; touches nothing but the
 * disk.
 */
#include "wholesync.h"

#include "clock.h"

#include <errno.h>
#include <unistd.h>

#define SLOW_MS 20
#define PAUSE_MS 5000
#define PAUSE_MOST_MS 320000

bool wholesync_is_quick(const struct wholesync *w)
{
	return w->local && clock_boot_ms() >= w->not_before;
}

int wholesync_do(struct wholesync *w, int fd)
{
	int64_t begun = clock_boot_ms();

	if (syncfs(fd) < 0)
		return -errno;
	if (clock_boot_ms() - begun <= SLOW_MS) {
		w->pause_ms = 0;
		return 0;
	}
	w->pause_ms = w->pause_ms ? w->pause_ms * 2 : PAUSE_MS;
	if (w->pause_ms > PAUSE_MOST_MS)
		w->pause_ms = PAUSE_MOST_MS;
	w->not_before = clock_boot_ms() + w->pause_ms;
	return 0;
}
