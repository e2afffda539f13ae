/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * orders - <id>.<n>.cancel and <id>.<n>.revoked in the inbox.
 *
 * An order for a claim of ours is handed to the loop, which applies it; the next pass removes a
 * .cancel. One for nothing of ours is removed at once, but while the offer is still there: then
 * the coordinator withdraws it, and claim_offers leaves it alone; or a claim, which is given back
 * or taken on in this pass. A .revoked is never removed here: it is the coordinator's marker. A
 * crash leaves the order, and the next instance gives the claim back.
 */
#include "pass.h"

#include "cleanup.h"
#include "escape.h"
#include "log.h"

#include <string.h>

#define REASON_MAX 4096

/* The first line of the order; "cancelled" if there is none. */
static char *reason_of(struct pass *p, const char *name)
{
	_cleanup_free_ char *text = NULL;
	size_t len;

	if (safefs_read(p->inbox, name, REASON_MAX, &text, &len, NULL) < 0)
		return xstrdup("cancelled");
	text[strcspn(text, "\r\n")] = '\0';
	return *text ? escape_text(text, ESCAPE_TEXT) : xstrdup("cancelled");
}

static void hand_over(struct pass *p, const struct spool_ticket_name *order, const char *name)
{
	char *reason = order->kind == SPOOL_ORDER_CANCEL ? reason_of(p, name) : NULL;

	p->orders = xrealloc(p->orders, p->order_count + 1, sizeof(*p->orders));
	p->orders[p->order_count++] = (struct pass_order){ .name = *order, .reason = reason };
}

static void take_order(struct pass *p, const struct spool_ticket_name *order)
{
	char name[SPOOL_TICKET_SIZE];

	spool_ticket_name(name, order->id, order->attempt, order->kind, NULL);
	if (pass_known(p, order->id, order->attempt))
		hand_over(p, order, name);
	else if (order->kind == SPOOL_ORDER_CANCEL &&
		 !pass_has(p, order->id, order->attempt, SPOOL_TICKET_OFFER) &&
		 !pass_has(p, order->id, order->attempt, SPOOL_TICKET_CLAIM))
		unlinkat(p->inbox, name, 0);
}

/* Before the orders of this look are read, so that an order is not handed over twice. */
static void remove_applied(struct pass *p)
{
	char name[SPOOL_TICKET_SIZE];

	for (size_t i = 0; i < p->applied_count; i++) {
		const struct spool_ticket_name *done = &p->applied[i];

		spool_ticket_name(name, done->id, done->attempt, done->kind, NULL);
		if (unlinkat(p->inbox, name, 0) < 0 && errno != ENOENT)
			log_trouble("orders", "the order %s cannot be removed: %s", name,
				    strerror(errno));
		for (size_t j = 0; j < p->ticket_count; j++)
			if (p->tickets[j].id == done->id && p->tickets[j].kind == done->kind &&
			    p->tickets[j].attempt == done->attempt)
				p->tickets[j].kind = SPOOL_TICKET_KINDS; /* spent */
	}
}

int orders_read(struct pass *p)
{
	bool any = p->applied_count > 0;
	int r;

	for (size_t i = 0; !any && i < p->ticket_count; i++)
		any = p->tickets[i].kind == SPOOL_ORDER_CANCEL ||
		      p->tickets[i].kind == SPOOL_ORDER_REVOKED;
	if (!any)
		return 0;
	r = pass_inbox(p);
	if (r < 0)
		return r;
	remove_applied(p);
	for (size_t i = 0; i < p->ticket_count; i++)
		if (p->tickets[i].kind == SPOOL_ORDER_CANCEL ||
		    p->tickets[i].kind == SPOOL_ORDER_REVOKED)
			take_order(p, &p->tickets[i]);
	return 0;
}
