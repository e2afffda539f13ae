/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * claim - offers become ours: <id>.<n>.offer -> <id>.<n>.claim.<rid>, stamped with who claims.
 *
 * Before: an offer that the coordinator may withdraw at any moment. After: a claim, ours because
 * only we could make that name, with the claim block appended; pass_commit makes both durable
 * before anything is started. The rename has one winner, and it is believed by looking. The ticket
 * is read after the claim only, by its new name: on NFS reading it would give this host a
 * delegation that stalls the coordinator's own renames. A crash leaves a claim, given back by the
 * next instance.
 */
#include "pass.h"

#include "cleanup.h"
#include "clock.h"
#include "escape.h"
#include "log.h"
#include "record.h"
#include "state.h"

#include <fcntl.h>
#include <string.h>

/* A claim that we cannot work on goes back; whoever wrote it may know better. */
static void refuse(struct job *job, const char *why)
{
	job->phase = JOB_ENDED;
	job->way = WAY_BACK;
	log_warn("%s: claimed, but %s: given back", job->label, why);
}

/* "active/<id>.<n>-<name>", and nothing else: all that is opened of the job comes from here. */
static bool folder_fits(const struct job *job)
{
	const char *place = spool_place_name(SPOOL_ACTIVE), *folder = job->ticket.folder;
	size_t len = strlen(place);
	struct spool_job_name name;

	return strncmp(folder, place, len) == 0 && folder[len] == '/' &&
	       spool_parse_job_folder(folder + len + 1, &name) == 0 && name.id == job->id;
}

/* NULL, or what is wrong with the ticket. */
static const char *check(const struct pass *p, const struct job *job, int verdict)
{
	const struct ticket *t = &job->ticket;

	if (verdict == RECORD_FOREIGN)
		return "its ticket is of another version of spool";
	if (verdict != RECORD_WHOLE)
		return "its ticket is damaged";
	if (t->blocks != TICKET_OFFER || t->id != job->id || t->attempt != job->attempt ||
	    !folder_fits(job))
		return "its ticket does not fit its name";
	if (t->cores > p->share->slots)
		return "it asks for more cores than this runner has";
	return NULL;
}

static const char *read_ticket(struct pass *p, struct job *job, const char *name)
{
	int r = safefs_read(p->inbox, name, RECORD_MAX_BYTES, &job->text, &job->text_len, NULL);

	if (r < 0)
		return "its ticket cannot be read";
	return check(p, job, ticket_parse(job->text, job->text_len, &job->ticket, NULL));
}

/* Appends the claim block. 0 or negative errno. */
static int stamp(struct pass *p, struct job *job, const char *name)
{
	_cleanup_close_ int fd = safefs_open(p->inbox, name, O_WRONLY | O_APPEND, 0);
	_cleanup_free_ char *block = NULL;
	size_t len;
	int r;

	if (fd < 0)
		return fd;
	free(job->ticket.runner);
	free(job->ticket.instance);
	job->ticket.runner = xstrdup(p->share->name);
	job->ticket.instance = xstrdup(p->share->rid);
	job->ticket.claimed_at = clock_wall_ms();
	block = ticket_append_claim(job->text, job->text_len, &job->ticket, &len);
	r = block ? safefs_write_all(fd, block, len) : -EMSGSIZE;
	if (r < 0)
		return r;
	job->text = xrealloc(job->text, job->text_len + len + 1, 1);
	memcpy(job->text + job->text_len, block, len + 1);
	job->text_len += len;
	durable_add(&p->share->durable, fd, &job->sync_error);
	fd = -1;
	return 0;
}

static void add_claimed(struct pass *p, struct job *job)
{
	p->claimed = xrealloc(p->claimed, p->claimed_count + 1, sizeof(struct job *));
	p->claimed[p->claimed_count++] = job;
}

/* It is prepared in this pass if its cores are free; else it waits for them, and no other is
 * claimed. */
static void take_cores(struct pass *p, struct job *job)
{
	if (job->ticket.cores > p->free_cores) {
		p->free_cores = 0;
		return;
	}
	p->free_cores -= job->ticket.cores;
	p->prepare = xrealloc(p->prepare, p->prepare_count + 1, sizeof(struct job *));
	p->prepare[p->prepare_count++] = job;
}

static void take(struct pass *p, const struct spool_ticket_name *offer)
{
	char name[SPOOL_TICKET_SIZE];
	_cleanup_free_ char *shown = NULL;
	const char *wrong;
	struct job *job;
	int r = state_move_ticket(p->inbox, TICKET_MOVE_CLAIM, offer->id, offer->attempt,
				  p->share->rid);

	if (r == SAFEFS_LOST) /* withdrawn */
		return;
	if (r < 0) {
		p->more = true;
		log_trouble("inbox", "an offer cannot be claimed: %s", strerror(-r));
		return;
	}
	job = job_new(offer->id, offer->attempt);
	add_claimed(p, job);
	spool_ticket_name(name, job->id, job->attempt, SPOOL_TICKET_CLAIM, p->share->rid);
	wrong = read_ticket(p, job, name);
	if (!wrong) {
		r = stamp(p, job, name);
		wrong = r < 0 ? strerror(-r) : NULL;
	}
	if (wrong) {
		refuse(job, wrong);
		return;
	}
	shown = escape_text(job->ticket.name, ESCAPE_TEXT);
	log_info("%s: claimed: %s, cores %u", job->label, shown, job->ticket.cores);
	take_cores(p, job);
}

int claim_offers(struct pass *p)
{
	int r;

	for (size_t i = 0; p->free_cores > 0 && i < p->ticket_count; i++) {
		const struct spool_ticket_name *t = &p->tickets[i];

		if (t->kind != SPOOL_TICKET_OFFER ||
		    pass_has(p, t->id, t->attempt, SPOOL_ORDER_CANCEL) ||
		    pass_has(p, t->id, t->attempt, SPOOL_ORDER_REVOKED))
			continue;
		r = pass_inbox(p);
		if (r < 0)
			return r;
		take(p, t);
	}
	if (p->claimed_count > 0)
		durable_add(&p->share->durable, fcntl(p->inbox, F_DUPFD_CLOEXEC, 3),
			    &p->inbox_error);
	return 0;
}
