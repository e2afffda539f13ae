/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * finish - what has ended is told: the outcome into the ticket, .claim.<rid> -> .done.<rid> (or
 * .back.<rid> for what was evicted, and with the outcome SPOILED for what trouble of the share has
 * spoiled).
 *
 * Before: the keeper has reported, so nothing of the job runs, and what it left is durable or known
 * to be lost (gather.c). finish_write puts the outcome into the ticket and hands that to the pass's
 * commit; finish_publish renames after that commit. So a .done proves that everything it tells of
 * is on the disk. An outcome that could not be made durable is cut off and written again, until it
 * is. A crash leaves a claim, perhaps with an outcome in it; the next instance gives it back.
 */
#include "pass.h"

#include "cleanup.h"
#include "log.h"
#include "outcome.h"
#include "state.h"

#include <fcntl.h>
#include <string.h>

/* Appends the outcome block behind the first job->text_len bytes. Descriptor of the ticket, or
 * negative errno. */
static int append(struct pass *p, struct job *job)
{
	char name[SPOOL_TICKET_SIZE];
	_cleanup_free_ char *block = NULL;
	_cleanup_close_ int fd = -1;
	size_t len;
	int r;

	spool_ticket_name(name, job->id, job->attempt, SPOOL_TICKET_CLAIM, p->share->rid);
	fd = safefs_open(p->inbox, name, O_WRONLY | O_APPEND, 0);
	if (fd < 0)
		return fd;
	/* A former try has left its outcome, or half of it. */
	if (job->tried && ftruncate(fd, (off_t)job->text_len) < 0)
		return -errno;
	job->tried = true;
	block = ticket_append_outcome(job->text, job->text_len, &job->ticket, &len);
	r = block ? safefs_write_all(fd, block, len) : -EMSGSIZE;
	if (r < 0)
		return r;
	r = fd;
	fd = -1;
	return r;
}

static void cannot(struct pass *p, struct job *job, int r)
{
	p->more = true;
	log_trouble("outcomes", "the outcome of %s cannot be written yet: %s", job->label,
		    strerror(-r));
}

/* Nobody but us moves a claim: that it is gone is believed by looking only. */
static bool is_gone(struct pass *p, const struct job *job)
{
	char name[SPOOL_TICKET_SIZE];

	spool_ticket_name(name, job->id, job->attempt, SPOOL_TICKET_CLAIM, p->share->rid);
	return safefs_look(p->inbox, name, NULL) == -ENOENT;
}

static void write_outcome(struct pass *p, struct job *job)
{
	int fd;

	outcome_judge(job);
	fd = append(p, job);
	if (fd == -ENOENT && is_gone(p, job)) {
		log_warn("%s: its claim is not there any more: nothing to be told", job->label);
		job->way = WAY_DROP;
	} else if (fd < 0) {
		cannot(p, job, fd);
	} else {
		durable_add(&p->share->durable, fd, &job->ticket_error);
		job->written = true;
	}
}

/* One that is given back has nothing to tell, unless its run was spoiled: spoold counts those. */
static bool has_outcome(const struct job *job)
{
	return job->way == WAY_DONE || (job->way == WAY_BACK && job->spoiled);
}

int finish_write(struct pass *p)
{
	int r;

	if (p->finish_count == 0)
		return 0;
	r = pass_inbox(p);
	if (r < 0)
		return r;
	for (size_t i = 0; i < p->finish_count; i++)
		if (has_outcome(p->finish[i]) && !p->finish[i]->written)
			write_outcome(p, p->finish[i]);
	return 0;
}

/* Did the commit reach the disk? If not, the outcome is written anew: asking for another sync of
 * the same bytes would prove nothing. */
static bool is_durable(struct pass *p, struct job *job)
{
	int error = job->ticket_error;

	if (error == 0)
		return true;
	job->ticket_error = 0;
	job->written = false;
	cannot(p, job, error);
	return false;
}

static void publish(struct pass *p, struct job *job)
{
	enum ticket_move move = job->way == WAY_BACK ? TICKET_MOVE_BACK : TICKET_MOVE_DONE;
	int r = state_move_ticket(p->inbox, move, job->id, job->attempt, p->share->rid);

	if (r < 0) {
		p->more = true;
		log_trouble("inbox", "%s cannot be moved to .%s: %s", job->label,
			    state_ticket_verb(move), strerror(-r));
		return;
	}
	job->phase = JOB_FILED;
	if (r == SAFEFS_LOST) {
		log_warn("%s: its claim is not there any more: nothing is told", job->label);
		return;
	}
	pass_touch(p);
	if (job->way == WAY_BACK)
		log_info("%s: given back", job->label);
	else
		log_info("%s: %s: %s", job->label, job->ticket.state, job->ticket.reason);
}

int finish_publish(struct pass *p)
{
	for (size_t i = 0; i < p->finish_count; i++) {
		struct job *job = p->finish[i];

		if (job->way == WAY_DROP)
			job->phase = JOB_FILED;
		else if (!has_outcome(job))
			publish(p, job);
		else if (job->written && is_durable(p, job))
			publish(p, job);
	}
	if (!p->more)
		log_mended("outcomes");
	return 0;
}
