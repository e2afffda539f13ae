/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor_daemons - does anybody look after this share, and do the runners of this host run?
 *
 * That a coordinator's process of this host has gone, or that there never was one, is seen at once;
 * for any other, whether its sign of life changes is waited for. Of runners only what can be known
 * at once: that the coordinator counts a runner of this host as absent, or that a runner's
 * sign of life is old by the clock that wrote it, which is this host's own. A runner that said that
 * it was leaving is no finding. Reads only.
 */
#include "doctor.h"

#include "clock.h"
#include "machine.h"
#include "machines.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SILENT_MS 60000 /* twelve beats */
#define LOOK_MS 200
#define WATCH_MOST_MS 20000 /* if the share itself does not answer */

enum life { LIFE_SEEN, LIFE_GONE, LIFE_UNKNOWN };

/* Watches on until its file has been replaced, or should have been. Most of the time is over
 * already if other hosts have been watched. */
static enum life watch_coordinator(struct doctor *d)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };
	int64_t begun = clock_boot_ms();
	bool tty = isatty(STDERR_FILENO);
	enum life life = LIFE_UNKNOWN;

	while (life == LIFE_UNKNOWN && clock_boot_ms() - begun < WATCH_MOST_MS) {
		if (alive_is_gone(&d->sp, &d->alive))
			life = LIFE_GONE;
		else if (d->alive.moved)
			life = LIFE_SEEN;
		if (life != LIFE_UNKNOWN)
			break;
		if (tty)
			fputs("\rwatching the coordinator's sign of life, for 10 s at most ",
			      stderr);
		nanosleep(&pause, NULL);
	}
	if (tty)
		fputs("\r\033[K", stderr);
	return life;
}

static void note_gone(struct doctor *d, bool watched)
{
	doctor_note(d, DOCTOR_ADVICE, "daemon.spoold",
		    "start spoold on the host with the disk; see spoold(8)",
		    "no spoold seems to be running for this share%s; nothing moves until it is "
		    "started",
		    watched ? ": its sign of life does not change" : "");
}

static void look_at_coordinator(struct doctor *d)
{
	enum life life = LIFE_UNKNOWN;

	if (!d->alive.there || d->alive.vanished) {
		note_gone(d, false);
		return;
	}
	if (!d->quick)
		life = watch_coordinator(d);
	if (life == LIFE_GONE)
		note_gone(d, !d->alive.vanished);
	else if (life == LIFE_SEEN)
		doctor_note(d, DOCTOR_FINE, "daemon.spoold", NULL,
			    "a spoold looks after this share: its sign of life changes");
	else
		doctor_note(d, DOCTOR_UNTRIED, "daemon.spoold",
			    d->quick ? "leave out --quick" : NULL,
			    "a spoold has left a sign of life; whether it still changes %s",
			    d->quick ? "was not asked for" : "could not be seen");
}

static bool is_dead(const struct doctor *d, const struct machine *m)
{
	if (!m->has_registration || !m->registration.machine ||
	    strcmp(m->registration.machine, machine_id()) != 0)
		return false;
	if (!m->has_beat || (m->beat.state && strcmp(m->beat.state, "DRAINED") == 0))
		return false;
	if (strcmp(m->state, "ABSENT") == 0)
		return true;
	/* On a network the time is that of the server's clock. */
	return medium_is_local(&d->media[0]) && clock_wall_ms() - m->beat.at > SILENT_MS;
}

static void look_at_runners(struct doctor *d)
{
	struct machines m;

	if (machines_read(&d->sp, &m) < 0)
		return;
	for (size_t i = 0; i < m.count; i++)
		if (is_dead(d, &m.items[i]))
			doctor_note(d, DOCTOR_ADVICE, "daemon.runner",
				    "start it again, if this host is to go on working",
				    "runner %s of this host is absent: it has ended, or hangs",
				    m.items[i].name);
	machines_free(&m);
}

void doctor_daemons(struct doctor *d)
{
	look_at_coordinator(d);
	look_at_runners(d);
}
