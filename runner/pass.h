/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pass - one round over the share, made in the worker so that a mount that hangs stops nothing
 * else.
 *
 * The loop fills "what to do" and gives the pass away; the worker takes the steps of pass.c in
 * their order and fills "what came of it"; the loop gets it back. One pass is under way at a time.
 */
#ifndef RUNNER_PASS_H
#define RUNNER_PASS_H

#include "beat.h"
#include "job.h"
#include "share.h"

struct pass_known { /* a claim that the loop knows */
	uint64_t id, tag;
	unsigned attempt;
	bool held; /* it must be in the inbox: not being filed in this pass */
	bool seen;
	bool gone; /* out: it is not there any more */
};

struct pass_order {
	struct spool_ticket_name name;
	char *reason; /* of a cancel, one line, escaped */
};

struct pass {
	struct share *share;
	void *owner; /* the loop's; nothing to the worker */

	/* what to do */
	bool beat_due;
	struct beat beat;
	char *registration; /* to be written, or NULL */
	size_t registration_len;
	bool taking;	     /* new claims at all: not draining */
	unsigned free_cores; /* for new claims; 0: none */
	struct pass_known *known;
	size_t known_count;
	struct job **finish; /* JOB_ENDED */
	size_t finish_count;
	struct job **prepare; /* JOB_WAITING, for whom there are cores now */
	size_t prepare_count;
	struct job **unstamped; /* JOB_CLAIMED */
	size_t unstamped_count;
	struct job **adopted; /* unread */
	size_t adopted_count;
	struct spool_ticket_name *applied; /* orders to be removed */
	size_t applied_count;
	bool unfit;	 /* in and out: this machine cannot make scratch folders */
	bool want_inbox; /* the loop wants a descriptor of the inbox, to watch it */
	bool want_names; /* and the names of the programs that applications need */
	const struct strlist *probe;

	/* what came of it */
	int result;	    /* 0, or negative errno: the share cannot be worked on */
	bool mended;	    /* the share was lost, has been opened anew: register again */
	int64_t good_until; /* boot ms: the lease, renewed by this pass; 0: it was not */
	int64_t looked_at;  /* boot ms before the look at the inbox; 0: it did not succeed */
	int inbox_fd;	    /* wanted; -1: not got */
	struct strlist names;
	struct job **claimed;
	size_t claimed_count;
	struct pass_order *orders;
	size_t order_count;
	bool more; /* something could not be finished: again later */

	/* between the steps */
	int64_t beat_sent;    /* boot ms before it; 0: none was acknowledged */
	int inbox;	      /* opened for the look; -1: not yet */
	struct job **stamped; /* claims that the commit makes durable */
	size_t stamped_count;
	struct spool_ticket_name *tickets; /* of the inbox, in order of id, attempt, kind */
	size_t ticket_count;
	int inbox_error; /* of its sync: no claim of this pass is certain */
};

struct pass *pass_new(struct share *share, void *owner);
void pass_free(struct pass *p); /* not the jobs */

/* Tasks of the worker, return 0: all steps; then, if share->unsealed says that it is due, the seal,
 * which the start of jobs need not wait for. */
int pass_run(void *pass);
int pass_seal(void *share);

/* -- the steps, each in the file of its name. 0, or negative errno: the share cannot be worked on ------- */

/* The heartbeat, and the registration if there is a new one. */
int heartbeat_send(struct pass *p);

/* What is in the inbox; which of the known claims are gone. */
int inbox_look(struct pass *p);

/* Cancels and revocations that concern a known claim; removes those that were applied or concern
 * none. */
int orders_read(struct pass *p);

/* Jobs may go on running: after a heartbeat and the look that followed it. */
int renew_lease(struct pass *p);

/* What a former daemon knew of the jobs that are adopted from it. */
int adopt_read(struct pass *p);

/* Claims that nobody here knows go back: a former instance's, and renames of ours that took effect
 * late. */
int giveback_strangers(struct pass *p);

/* Stamps claims that are not yet, and takes offers while there are cores. */
int claim_offers(struct pass *p);

/* Writes the outcomes of jobs that have ended. */
int finish_write(struct pass *p);

/* Everything so far becomes durable with one commit. */
int pass_commit(struct pass *p);

/* What became of the claims in it. */
int claim_confirm(struct pass *p);

/* Moves the tickets of the ended jobs: .done or .back. */
int finish_publish(struct pass *p);

/* Makes jobs ready for the launcher: those claimed in this pass and those that waited for cores. */
int run_prepare(struct pass *p);

/* -- for the steps ------------------------------------------------------------------------------------- */

/* True if the inbox shows this name of the attempt. */
bool pass_has(const struct pass *p, uint64_t id, unsigned attempt, enum spool_ticket_kind kind);

/* The loop's entry of the attempt, or NULL. */
struct pass_known *pass_known(const struct pass *p, uint64_t id, unsigned attempt);

/* A claim in the inbox that was ours without our knowing: claim_offers goes on with it. */
void claim_adopt(struct pass *p, const struct spool_ticket_name *t);

/* Adds to one of the pass's lists. */
void pass_add_job(struct job ***list, size_t *count, struct job *job);

/* The inbox, opened afresh for the look of this pass, and kept for all its steps. Negative errno.
 */
int pass_inbox(struct pass *p);

/* Says that the inbox has seen a rename that the seal must cover. */
void pass_touch(struct pass *p);

#endif
