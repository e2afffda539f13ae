/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pass - the steps of one round over the share, in their order.
 *
 * Touches the share through its steps. What one step leaves is due for the next: offers become
 * claims, claims and outcomes become durable by one commit, and only then is anything started
 * or called done. A crash between two steps leaves claims, which the next instance gives back,
 * whatever else their tickets say.
 *
 * The renames to .done and .back are made durable by the seal. If jobs have been made ready it is a
 * task of its own behind the pass, so that they start meanwhile. Losing such a rename in a power
 * cut leaves the claim.
 */
#include "pass.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name;
	int (*take)(struct pass *p);
} steps[] = {
	{ "heartbeat", heartbeat_send },
	{ "look", inbox_look },
	{ "orders", orders_read },
	{ "renew the lease", renew_lease },
	{ "adopt", adopt_read },
	{ "give back", giveback_strangers },
	{ "claim", claim_offers },
	{ "write outcomes", finish_write },
	{ "commit", pass_commit },
	{ "confirm claims", claim_confirm },
	{ "publish outcomes", finish_publish },
	{ "prepare", run_prepare },
};

struct pass *pass_new(struct share *share, void *owner)
{
	struct pass *p = xcalloc(1, sizeof(*p));

	p->share = share;
	p->owner = owner;
	p->inbox = p->inbox_fd = -1;
	return p;
}

void pass_free(struct pass *p)
{
	beat_free(&p->beat);
	free(p->registration);
	free(p->known);
	free(p->finish);
	free(p->prepare);
	free(p->unstamped);
	free(p->adopted);
	free(p->stamped);
	free(p->applied);
	strlist_free(&p->names);
	free(p->claimed);
	for (size_t i = 0; i < p->order_count; i++)
		free(p->orders[i].reason);
	free(p->orders);
	free(p->tickets);
	free(p);
}

static bool any_ready(const struct pass *p)
{
	for (size_t i = 0; i < p->prepare_count; i++)
		if (p->prepare[i]->phase == JOB_READY)
			return true;
	return false;
}

int pass_run(void *arg)
{
	struct pass *p = arg;

	for (size_t i = 0; p->result == 0 && i < sizeof(steps) / sizeof(steps[0]); i++) {
		p->result = steps[i].take(p);
		if (p->result < 0)
			log_debug("step %s: %s", steps[i].name, strerror(-p->result));
	}
	if (p->result < 0)
		p->mended = share_rescue(p->share, p->result) == 0;
	else
		p->share->trouble_since = 0;
	if (p->inbox >= 0)
		close(p->inbox);
	p->inbox = -1;
	if (!any_ready(p))
		pass_seal(p->share);
	return 0;
}

int pass_commit(struct pass *p)
{
	durable_commit(&p->share->durable);
	return 0;
}

void pass_touch(struct pass *p)
{
	if (p->share->unsealed < 0)
		p->share->unsealed = fcntl(p->inbox, F_DUPFD_CLOEXEC, 3);
}

int pass_seal(void *arg)
{
	struct share *share = arg;

	if (share->unsealed < 0)
		return 0;
	if (fsync(share->unsealed) < 0 && errno != EINVAL && errno != EBADF)
		log_trouble("inbox", "the inbox cannot be synced: %s", strerror(errno));
	close(share->unsealed);
	share->unsealed = -1;
	return 0;
}

bool pass_has(const struct pass *p, uint64_t id, unsigned attempt, enum spool_ticket_kind kind)
{
	for (size_t i = 0; i < p->ticket_count; i++)
		if (p->tickets[i].id == id && p->tickets[i].attempt == attempt &&
		    p->tickets[i].kind == kind)
			return true;
	return false;
}

struct pass_known *pass_known(const struct pass *p, uint64_t id, unsigned attempt)
{
	for (size_t i = 0; i < p->known_count; i++)
		if (p->known[i].id == id && p->known[i].attempt == attempt)
			return &p->known[i];
	return NULL;
}

void pass_add_job(struct job ***list, size_t *count, struct job *job)
{
	*list = xrealloc(*list, *count + 1, sizeof(**list));
	(*list)[(*count)++] = job;
}

int pass_inbox(struct pass *p)
{
	if (p->inbox < 0)
		p->inbox = spool_open_inbox(&p->share->sp, p->share->name, false);
	return p->inbox;
}
