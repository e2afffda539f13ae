/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor_daemons - does anybody look after this share, and do the runners of this host run?
 *
 * Only what can be known at once: that a coordinator's process of this host has gone, or that there
 * never was one; that the coordinator counts a runner of this host as absent, or that a runner's
 * sign of life is old by the clock that wrote it, which is this host's own. A runner that said that
 * it was leaving is no finding. Reads only.
 */
#include "doctor.h"

#include "alive.h"
#include "clock.h"
#include "machine.h"
#include "machines.h"

#include <string.h>

#define SILENT_MS 60000 /* twelve beats */

static void look_at_coordinator(struct doctor *d)
{
	struct alive a;

	alive_begin(&d->sp, &a);
	if (!a.there || a.vanished)
		doctor_note(d, DOCTOR_ADVICE, "daemon.spoold",
			    "start spoold on the host with the disk; see spoold(8)",
			    "no spoold seems to be running for this share; nothing moves until it "
			    "is started");
	else
		doctor_note(d, DOCTOR_FINE, "daemon.spoold", NULL,
			    "a spoold looks after this share, as far as can be seen at once");
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
