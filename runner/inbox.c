/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inbox - one look at claims/<runner>/: what is offered, ordered, and still ours.
 *
 * Reads the folder, opened by path (which on NFS forces fresh attributes), and no file in it: a
 * ticket is read only after it has been claimed. The names are all there is to know. In an idle
 * runner this is the whole of a tick: one open, one reading of the folder.
 *
 * NFS 3 tells a folder's change by its time alone: what came within the same tick of the server's
 * clock as the last reading would stay unseen until the next change. So with each heartbeat we
 * change that time ourselves.
 */
#include "pass.h"

#include "clock.h"
#include "log.h"
#include "software.h"

#include "appfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int add(const char *name, unsigned char type, void *arg)
{
	struct pass *p = arg;
	struct spool_ticket_name ticket;

	(void)type;
	if (spool_parse_ticket_name(name, &ticket) < 0)
		return 0; /* somebody else's */
	if ((p->ticket_count & (p->ticket_count - 1)) == 0)
		p->tickets = xrealloc(p->tickets, p->ticket_count ? 2 * p->ticket_count : 1,
				      sizeof(*p->tickets));
	p->tickets[p->ticket_count++] = ticket;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct spool_ticket_name *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	if (x->attempt != y->attempt)
		return x->attempt < y->attempt ? -1 : 1;
	return (int)x->kind - (int)y->kind;
}

static void note_own_claims(struct pass *p)
{
	for (size_t i = 0; i < p->ticket_count; i++) {
		const struct spool_ticket_name *t = &p->tickets[i];
		struct pass_known *known = pass_known(p, t->id, t->attempt);

		if (known && t->kind == SPOOL_TICKET_CLAIM && strcmp(t->rid, p->share->rid) == 0)
			known->seen = true;
	}
}

/* A listing may miss a name; only a direct look proves that a claim is gone. */
static void look_for_missing(struct pass *p)
{
	char name[SPOOL_TICKET_SIZE];

	for (size_t i = 0; i < p->known_count; i++) {
		struct pass_known *k = &p->known[i];

		if (k->seen || !k->held)
			continue;
		spool_ticket_name(name, k->id, k->attempt, SPOOL_TICKET_CLAIM, p->share->rid);
		k->gone = safefs_look(p->inbox, name, NULL) == -ENOENT;
	}
}

/* What the loop asked for besides. */
static void look_around(struct pass *p)
{
	struct catalogue cat = { 0 };

	if (p->want_inbox)
		p->inbox_fd = spool_open_inbox(&p->share->sp, p->share->name, false);
	if (!p->want_names)
		return;
	if (catalogue_load(p->share->sp.root_fd, &cat) < 0)
		log_trouble("apps/", "the applications of the share cannot be listed");
	else
		log_mended("apps/");
	software_names(p->probe, &cat, &p->names);
	catalogue_free(&cat);
}

int inbox_look(struct pass *p)
{
	int64_t begun = clock_boot_ms();
	int r = pass_inbox(p);

	if (r < 0)
		return r;
	if (p->beat_due && p->share->sp.kind == SAFEFS_NFS)
		(void)futimens(p->inbox, NULL);
	r = safefs_list_fd(p->inbox, add, p);
	if (r < 0)
		return r;
	p->looked_at = begun;
	log_mended("the share");
	if (p->ticket_count > 1)
		qsort(p->tickets, p->ticket_count, sizeof(*p->tickets), by_number);
	note_own_claims(p);
	look_for_missing(p);
	look_around(p);
	return 0;
}
