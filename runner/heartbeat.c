/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * heartbeat - runners/<name>.beat is replaced, and runners/<name>.conf when something has changed.
 *
 * One writer each, this runner; the coordinator beside the disk reads them. A beat is not synced:
 * after a power cut of the server the next one tells more. It precedes the look at the inbox, so
 * between two beats always lies a look: who beats has read his orders. A crash leaves the beat of
 * before and perhaps a temporary, which the next one replaces.
 */
#include "pass.h"

#include "cleanup.h"
#include "clock.h"
#include "log.h"

#include <string.h>

static int replace(struct pass *p, const char *ending, const char *text, size_t len, bool durable)
{
	_cleanup_free_ char *name = xasprintf("%s.%s", p->share->name, ending);
	int r = safefs_replace(p->share->sp.place_fd[SPOOL_RUNNERS], name, text, len, 0644,
			       durable);

	if (r < 0)
		log_trouble("runners/", "runners/%s cannot be written: %s", name, strerror(-r));
	else
		log_mended("runners/");
	return r;
}

int heartbeat_send(struct pass *p)
{
	_cleanup_free_ char *text = NULL;
	int64_t sent;
	size_t len;
	int r;

	if (p->registration && replace(p, "conf", p->registration, p->registration_len, true) < 0)
		p->more = true;
	if (!p->beat_due)
		return 0;
	text = beat_write(&p->beat, &len);
	sent = clock_boot_ms();
	r = replace(p, "beat", text, len, false);
	if (r == -ESTALE || r == -ENOENT) /* what is open here is not the share any more */
		return r;
	if (r == 0)
		p->beat_sent = sent;
	if (r < 0) /* a full disk must not keep outcomes from being told */
		p->more = true;
	return 0;
}
