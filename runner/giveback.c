/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * giveback - claims in our inbox that nobody here runs: .claim.<rid> -> .back.<rid>.
 *
 * They are a former instance's, of which nothing runs any more (we hold the local lock, which its
 * launcher held until its last job was dead; a reboot ends it as well). The claimer's rid stays in
 * the name. Nothing is written into the ticket. A crash in the middle leaves the rest for the next
 * look.
 *
 * One with our own rid was claimed by a rename whose answer was an error: it is taken on after all,
 * unless it is revoked or we take no more. If it has been stamped, it is not new, and claim.c gives
 * it back.
 */
#include "pass.h"

#include "log.h"
#include "state.h"

#include <inttypes.h>
#include <string.h>

static void give_back(struct pass *p, const struct spool_ticket_name *t)
{
	int r = state_move_ticket(p->inbox, TICKET_MOVE_BACK, t->id, t->attempt, t->rid);

	if (r == 0) {
		pass_touch(p);
		log_info("%" PRIu64 ".%u: given back: claimed by %s, which does not work on it",
			 t->id, t->attempt, t->rid);
	} else if (r < 0) {
		p->more = true;
		log_trouble("inbox", "%" PRIu64 ".%u cannot be given back: %s", t->id, t->attempt,
			    strerror(-r));
	}
}

int giveback_strangers(struct pass *p)
{
	for (size_t i = 0; i < p->ticket_count; i++) {
		const struct spool_ticket_name *t = &p->tickets[i];
		bool own = strcmp(t->rid, p->share->rid) == 0;
		int r;

		if (t->kind != SPOOL_TICKET_CLAIM || (own && pass_known(p, t->id, t->attempt)))
			continue;
		r = pass_inbox(p);
		if (r < 0)
			return r;
		if (own && p->taking && !pass_has(p, t->id, t->attempt, SPOOL_ORDER_REVOKED))
			claim_adopt(p, t);
		else
			give_back(p, t);
	}
	return 0;
}
