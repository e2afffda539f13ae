/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lease - a moment of CLOCK_BOOTTIME, and a timer that wakes at it.
 *
 * Touches the timer only. The clock goes on while the machine sleeps, so a laptop that wakes up
 * after hours finds the lease at its end, and freezes first. Nobody else's clock is looked at: the
 * moment is counted from before the daemon sent a sign of life, the coordinator counts a longer
 * time from when it saw that sign.
 */
#include "lease.h"

#include "clock.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

int lease_open(struct lease *l)
{
	*l = (struct lease){ .timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK),
			     .out = true };
	return l->timer < 0 ? -errno : 0;
}

void lease_renew(struct lease *l, int64_t good_until)
{
	struct itimerspec when = { 0 };

	if (good_until <= l->good_until)
		return;
	l->good_until = good_until;
	when.it_value.tv_sec = good_until / 1000;
	when.it_value.tv_nsec = good_until % 1000 * 1000000;
	timerfd_settime(l->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

bool lease_look(struct lease *l)
{
	bool before = l->out;
	uint64_t expirations;

	(void)!read(l->timer, &expirations, sizeof(expirations));
	l->out = clock_boot_ms() >= l->good_until;
	return l->out != before;
}
