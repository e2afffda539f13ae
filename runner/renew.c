/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * renew - the lease is renewed: a heartbeat was acknowledged, and then the inbox was looked at.
 *
 * Reads the inbox again if jobs are frozen, tells the launcher, changes nothing on the share. What
 * the look has shown to be no longer ours (its claim is gone, or there is a .revoked) is stopped
 * first, so the renewal thaws only what may run. The lease counts from before the heartbeat was
 * sent: the coordinator can have seen that one no earlier, and counts a longer time. A crash lets
 * the lease run out.
 */
#include "pass.h"

#include "clock.h"
#include "log.h"
#include "message.h"

#include <errno.h>
#include <string.h>

#define SOON_MS 1000

static void stop(const struct pass *p, const struct pass_known *k)
{
	const struct message_stop stop = {
		.type = MESSAGE_STOP,
		.why = WHY_EVICT,
		.tag = k->tag,
	};

	message_send(p->share->launcher, &stop, sizeof(stop), NULL, 0, 0);
}

/* A listing may miss a name, and what was frozen may be another's by now: so each is asked for. 0;
 * negative errno: nobody knows. */
static int ask_by_name(struct pass *p, const struct pass_known *k, bool *ret_ours)
{
	char name[SPOOL_TICKET_SIZE];
	int claim, revoked;

	spool_ticket_name(name, k->id, k->attempt, SPOOL_TICKET_CLAIM, p->share->rid);
	claim = safefs_look(p->inbox, name, NULL);
	spool_ticket_name(name, k->id, k->attempt, SPOOL_ORDER_REVOKED, NULL);
	revoked = safefs_look(p->inbox, name, NULL);
	*ret_ours = claim == 0 && revoked == -ENOENT;
	if (claim < 0 && claim != -ENOENT)
		return claim;
	return revoked < 0 && revoked != -ENOENT ? revoked : 0;
}

static int check_all(struct pass *p, bool by_name, unsigned *ret_ours)
{
	for (size_t i = 0; i < p->known_count; i++) {
		const struct pass_known *k = &p->known[i];
		bool ours = !k->gone && !pass_has(p, k->id, k->attempt, SPOOL_ORDER_REVOKED);
		int r = ours && by_name && k->held ? ask_by_name(p, k, &ours) : 0;

		if (r < 0)
			return r;
		if (!ours)
			stop(p, k);
		*ret_ours += ours && k->held;
	}
	return 0;
}

int renew_lease(struct pass *p)
{
	int64_t good_until = p->beat_sent + p->share->freeze_ms;
	/* Or before the first lease, or so near the end that it may be over before this arrives. */
	bool frozen = clock_boot_ms() + SOON_MS >= p->share->good_until;
	struct message_renew renew = {
		.type = MESSAGE_RENEW,
		.good_until = good_until,
		.beats = p->beat.counter,
	};
	unsigned ours = 0;
	int r;

	if (!p->beat_sent)
		return 0;
	r = check_all(p, frozen, &ours);
	if (r < 0) {
		p->more = true;
		log_trouble("lease", "the lease cannot be renewed: %s", strerror(-r));
		return 0;
	}
	message_send(p->share->launcher, &renew, sizeof(renew), NULL, 0, 0);
	if (clock_boot_ms() >= p->share->good_until && ours > 0 && p->share->good_until &&
	    clock_boot_ms() < good_until)
		log_info("a sign of life has got through again: jobs that were frozen go on");
	p->good_until = p->share->good_until = good_until;
	log_mended("lease");
	return 0;
}
