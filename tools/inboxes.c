/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inboxes - who holds which attempt, by names alone.
 *
 * Reads claims/ and every folder in it, opens no ticket, changes nothing. While it reads, tickets
 * go on: a ticket may be seen twice under two names (offer, then claim) or, having moved on behind
 * the reader's back, not at all. So the farthest name wins, and who misses a ticket looks at the
 * folder again before saying anything.
 */
#include "inboxes.h"

#include "cleanup.h"
#include "xalloc.h"

#include <stdlib.h>
#include <string.h>

struct reading {
	struct inboxes *in;
	size_t room, runner_room;
	char *runner;
};

static int add_runner(const char *name, unsigned char type, void *arg)
{
	struct reading *r = arg;

	if ((type != DT_DIR && type != DT_UNKNOWN) || !spool_is_runner_name(name))
		return 0;
	if (r->in->runner_count == r->runner_room) {
		r->runner_room = r->runner_room ? 2 * r->runner_room : 16;
		r->in->runners = xrealloc(r->in->runners, r->runner_room, sizeof(*r->in->runners));
	}
	r->in->runners[r->in->runner_count++] = xstrdup(name);
	return 0;
}

static int add_ticket(const char *name, unsigned char type, void *arg)
{
	struct spool_ticket_name parsed;
	struct reading *r = arg;

	(void)type;
	if (spool_parse_ticket_name(name, &parsed) < 0)
		return 0;
	if (r->in->count == r->room) {
		r->room = r->room ? 2 * r->room : 64;
		r->in->tickets = xrealloc(r->in->tickets, r->room, sizeof(*r->in->tickets));
	}
	r->in->tickets[r->in->count++] = (struct inboxes_ticket){
		.id = parsed.id,
		.attempt = parsed.attempt,
		.kind = parsed.kind,
		.runner = r->runner,
	};
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct inboxes_ticket *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	if (x->attempt != y->attempt)
		return x->attempt < y->attempt ? -1 : 1;
	return (int)x->kind - (int)y->kind;
}

int inboxes_read(const struct spool *sp, struct inboxes *ret)
{
	struct reading reading = { .in = ret };
	int r;

	*ret = (struct inboxes){ 0 };
	r = spool_list(sp, SPOOL_CLAIMS, add_runner, &reading);
	if (r < 0)
		return r;
	ret->readable = xcalloc(ret->runner_count + 1, sizeof(*ret->readable));
	for (size_t i = 0; i < ret->runner_count; i++) {
		_cleanup_close_ int fd = spool_open_inbox(sp, ret->runners[i], false);

		/* An inbox that may not be read hides who runs what, not the jobs. */
		reading.runner = ret->runners[i];
		ret->readable[i] = fd >= 0 && safefs_list(fd, ".", add_ticket, &reading) == 0;
	}
	if (ret->count > 1)
		qsort(ret->tickets, ret->count, sizeof(*ret->tickets), compare);
	return 0;
}

void inboxes_free(struct inboxes *in)
{
	for (size_t i = 0; i < in->runner_count; i++)
		free(in->runners[i]);
	free(in->runners);
	free(in->readable);
	free(in->tickets);
	*in = (struct inboxes){ 0 };
}

bool inboxes_knows(const struct inboxes *in, const char *runner)
{
	for (size_t i = 0; i < in->runner_count; i++) {
		if (strcmp(in->runners[i], runner) == 0)
			return in->readable[i];
	}
	return false;
}

/* How far a kind has come; 0: it says nothing about who works. */
static int progress(enum spool_ticket_kind kind)
{
	switch (kind) {
	case SPOOL_TICKET_TMP:
		return 1;
	case SPOOL_TICKET_OFFER:
		return 2;
	case SPOOL_TICKET_CLAIM:
		return 3;
	case SPOOL_TICKET_BACK:
		return 4;
	case SPOOL_TICKET_DONE:
		return 5;
	default:
		return 0;
	}
}

/* Index of the first ticket that is not before (id, attempt). */
static size_t first_of(const struct inboxes *in, uint64_t id, unsigned attempt)
{
	size_t low = 0, high = in->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct inboxes_ticket *t = &in->tickets[middle];

		if (t->id < id || (t->id == id && t->attempt < attempt))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct inboxes_ticket *inboxes_find(const struct inboxes *in, uint64_t id, unsigned attempt)
{
	const struct inboxes_ticket *best = NULL;

	for (size_t i = first_of(in, id, attempt); i < in->count; i++) {
		const struct inboxes_ticket *t = &in->tickets[i];

		if (t->id != id || t->attempt != attempt)
			break;
		if (progress(t->kind) > (best ? progress(best->kind) : 0))
			best = t;
	}
	return best;
}

const char *inboxes_state(const struct inboxes_ticket *t)
{
	if (t && t->kind == SPOOL_TICKET_CLAIM)
		return "RUNNING";
	if (t && (t->kind == SPOOL_TICKET_DONE || t->kind == SPOOL_TICKET_BACK))
		return "COMPLETING";
	return "OFFERED";
}
