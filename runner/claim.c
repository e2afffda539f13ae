/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * claim - offers become ours: <id>.<n>.offer -> <id>.<n>.claim.<rid>, stamped with who claims.
 *
 * Before: an offer that the coordinator may withdraw at any moment. After: a claim, ours because
 * only we could make that name, with the claim block appended; pass_commit makes both durable
 * before anything is started. The rename has one winner, and it is believed by looking. The ticket
 * is read after the claim only, by its new name: on NFS reading it would give this host a
 * delegation that stalls the coordinator's own renames. One opening is the look, the reading and
 * the stamp. While the share is in trouble a claim stays what it is and is stamped later: giving it
 * back would cost the job an attempt. A crash leaves a claim, given back by the next instance.
 */
#include "pass.h"

#include "cleanup.h"
#include "clock.h"
#include "escape.h"
#include "log.h"
#include "record.h"
#include "state.h"

#include <errno.h>
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

/* -- our block ----------------------------------------------------------------------------------- */

/* The offer. 0 with *ret_wrong NULL or what is wrong with it; negative errno: again later. */
static int read_offer(struct pass *p, struct job *job, int fd, const char **ret_wrong)
{
	int r = safefs_read_fd(fd, RECORD_MAX_BYTES, &job->text, &job->text_len, NULL);

	if (r < 0 && safefs_is_passing(r))
		return r;
	*ret_wrong = r < 0 ? "its ticket cannot be read"
			   : check(p, job,
				   ticket_parse(job->text, job->text_len, &job->ticket, NULL));
	job->offer_len = job->text_len;
	return 0;
}

static int append(struct pass *p, struct job *job, int fd)
{
	_cleanup_free_ char *block = NULL;
	size_t len;
	int r;

	free(job->ticket.runner);
	free(job->ticket.instance);
	job->ticket.runner = xstrdup(p->share->name);
	job->ticket.instance = xstrdup(p->share->rid);
	job->ticket.claimed_at = clock_wall_ms();
	block = ticket_append_claim(job->text, job->offer_len, &job->ticket, &len);
	r = block ? safefs_write_all(fd, block, len) : -EMSGSIZE;
	if (r < 0)
		return r;
	job->text = xrealloc(job->text, job->offer_len + len + 1, 1);
	memcpy(job->text + job->offer_len, block, len + 1);
	job->text_len = job->offer_len + len;
	return 0;
}

/* Opens the claim, once: that is the look whether it is ours, reads it, and appends our block. 0
 * with *ret_wrong NULL or the reason to refuse it; negative errno: again later. */
static int stamp(struct pass *p, struct job *job, const char **ret_wrong)
{
	char name[SPOOL_TICKET_SIZE];
	_cleanup_close_ int fd = -1;
	int r = 0;

	spool_ticket_name(name, job->id, job->attempt, SPOOL_TICKET_CLAIM, p->share->rid);
	fd = safefs_open(p->inbox, name, O_RDWR | O_APPEND, 0);
	if (fd < 0)
		r = fd;
	else if (!job->text)
		r = read_offer(p, job, fd, ret_wrong);
	else if (ftruncate(fd, (off_t)job->offer_len) < 0) /* half of a former try */
		r = -errno;
	if (r == 0 && !*ret_wrong)
		r = append(p, job, fd);
	if (r < 0 && !safefs_is_passing(r)) {
		*ret_wrong = strerror(-r);
		return 0;
	}
	if (r == 0 && !*ret_wrong) {
		durable_add(&p->share->durable, fd, &job->ticket_error);
		fd = -1;
	}
	return r;
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
	pass_add_job(&p->prepare, &p->prepare_count, job);
}

/* The claim goes on: its ticket is read and stamped. */
static void take(struct pass *p, struct job *job)
{
	_cleanup_free_ char *shown = NULL;
	const char *wrong = NULL;
	bool known = job->text != NULL;
	int r = stamp(p, job, &wrong);

	if (r < 0) {
		p->more = true;
		p->free_cores = 0; /* one at a time until this is over */
		log_trouble("claims", "%s is claimed, but its ticket cannot be worked on yet: %s",
			    job->label, strerror(-r));
		return;
	}
	log_mended("claims");
	if (wrong) {
		refuse(job, wrong);
		return;
	}
	job->phase = JOB_WAITING;
	pass_add_job(&p->stamped, &p->stamped_count, job);
	if (!known) {
		shown = escape_text(job->ticket.name, ESCAPE_TEXT);
		log_info("%s: claimed: %s, cores %u", job->label, shown, job->ticket.cores);
	}
	take_cores(p, job);
}

static struct job *new_claim(struct pass *p, const struct spool_ticket_name *t)
{
	struct job *job = job_new(t->id, t->attempt);

	pass_add_job(&p->claimed, &p->claimed_count, job);
	return job;
}

void claim_adopt(struct pass *p, const struct spool_ticket_name *t)
{
	struct job *job = new_claim(p, t);

	log_info("%s: claimed after all", job->label);
	pass_add_job(&p->unstamped, &p->unstamped_count, job);
}

static void claim(struct pass *p, const struct spool_ticket_name *offer)
{
	int r = state_move_ticket(p->inbox, TICKET_MOVE_CLAIM, offer->id, offer->attempt,
				  p->share->rid);

	if (r == SAFEFS_LOST) /* withdrawn */
		return;
	if (r < 0) { /* if it was done all the same, the next look finds a claim to adopt */
		p->more = true;
		log_trouble("inbox", "an offer cannot be claimed: %s", strerror(-r));
		return;
	}
	take(p, new_claim(p, offer));
}

int claim_offers(struct pass *p)
{
	int r = p->unstamped_count > 0 ? pass_inbox(p) : 0;

	if (r < 0)
		return r;
	for (size_t i = 0; i < p->unstamped_count; i++)
		take(p, p->unstamped[i]);
	for (size_t i = 0; p->free_cores > 0 && i < p->ticket_count; i++) {
		const struct spool_ticket_name *t = &p->tickets[i];

		if (t->kind != SPOOL_TICKET_OFFER ||
		    pass_has(p, t->id, t->attempt, SPOOL_ORDER_CANCEL) ||
		    pass_has(p, t->id, t->attempt, SPOOL_ORDER_REVOKED))
			continue;
		r = pass_inbox(p);
		if (r < 0)
			return r;
		claim(p, t);
	}
	if (p->stamped_count > 0) {
		int copy = fcntl(p->inbox, F_DUPFD_CLOEXEC, 3);

		durable_add(&p->share->durable, copy < 0 ? -errno : copy, &p->inbox_error);
	}
	return 0;
}

int claim_confirm(struct pass *p)
{
	for (size_t i = 0; i < p->stamped_count; i++) {
		struct job *job = p->stamped[i];
		int error = job->ticket_error ? job->ticket_error : p->inbox_error;

		if (error == 0)
			continue;
		job->ticket_error = 0;
		if (safefs_is_passing(
			    error)) { /* what was written is perhaps lost: write it anew */
			p->more = true;
			job->phase = JOB_CLAIMED;
			log_trouble("claims", "the claim of %s is not durable yet: %s", job->label,
				    strerror(-error));
		} else { /* after a power cut it might be an offer again */
			refuse(job, strerror(-error));
		}
	}
	return 0;
}
