/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * job - an attempt that this runner has claimed, from the claim to the day that its ticket is
 * .done or .back.
 *
 * A job belongs to the loop, but for the time that it is lent to a pass (finish, prepare, claimed)
 * or to the gatherer: then it is the worker's, and the loop reads no more than that, number and
 * tag.
 */
#ifndef RUNNER_JOB_H
#define RUNNER_JOB_H

#include "message.h"
#include "ticket.h"
#include "tree.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

enum job_phase {
	JOB_CLAIMED, /* by its name; our block is not in its ticket yet, or not for certain */
	JOB_WAITING, /* its claim is durable; its cores are not free yet, or the share is in trouble
		      */
	JOB_READY,   /* prepared: the launcher can have it */
	JOB_RUNNING, /* the launcher has it */
	JOB_ENDED,   /* nothing of it runs; its ticket has to be moved */
	JOB_FILED    /* its ticket has been moved: forget it */
};

/* How the ticket leaves us. */
enum job_way {
	WAY_DONE, /* with an outcome */
	WAY_BACK, /* given back: evicted, or never begun */
	WAY_DROP  /* not at all: the claim is not there any more */
};

#define JOB_LABEL_SIZE 40

/* A tag tells which attempt it is, to a daemon that adopts it, too. */
#define JOB_ATTEMPT_BITS 16
#define JOB_ATTEMPTS (1U << JOB_ATTEMPT_BITS)

struct job {
	TAILQ_ENTRY(job) link;
	enum job_phase phase;
	enum job_way way;
	uint64_t id;
	unsigned attempt;
	uint64_t tag;		    /* towards the launcher, never 0 */
	char label[JOB_LABEL_SIZE]; /* "12.1", for logs and the scratch folder */

	/* its ticket as it is on the share */
	struct ticket ticket;
	char *text;
	size_t text_len;
	size_t offer_len; /* of it: what the coordinator wrote */
	int ticket_error; /* of its sync */
	bool unread;	  /* adopted from a former daemon: the above is not known yet */

	/* its start */
	struct tree before;	 /* the folder's entries then */
	uint64_t inode;		 /* of the folder */
	int streams[2];		 /* stdout.txt and stderr.txt until they are synced; -1 */
	uint64_t stream_size[2]; /* written out of them */
	int parcel;   /* a socket with the child's descriptors in it; -1 once it is started */
	char *packet; /* MESSAGE_START */
	size_t packet_len;
	bool scratch; /* its scratch folder has been made */

	/* its end */
	struct message_report report; /* tag 0: it never reached the launcher */
	char *failure;	       /* why it could not start: the reason of its outcome; or NULL */
	char *spoiled;	       /* why it is given back as a spoiled run; or NULL */
	bool removed;	       /* its folder is gone */
	int result_error;      /* of what it wrote: some of it is lost */
	bool gathered;	       /* what it left is listed and durable, or lost */
	bool given_up;	       /* nobody asks for its results again */
	unsigned gather_tries; /* that failed */
	int64_t gather_failed; /* boot ms: the last of them; 0: none */
	int64_t gather_after;  /* the next one not before */
	bool tried;	       /* an outcome has been appended, perhaps in part */
	bool written;	       /* and stands in the ticket */

	/* of the loop */
	bool lent;	       /* to the pass under way */
	bool gathering;	       /* to the gatherer */
	bool flushing;	       /* its streams are in the flusher's hands */
	enum message_why stop; /* asked of the launcher */
	bool stop_pending;     /* and not sent yet */
	int64_t stop_wait_ms;
	enum job_way stop_way; /* if it was evicted */
	char *cancel_reason;   /* never NULL once stop is WHY_CANCEL */
};

TAILQ_HEAD(job_list, job);

struct job *job_new(uint64_t id, unsigned attempt);
void job_free(struct job *job); /* and its descriptors; NULL is fine */

/* It ended before it reached the launcher: failed (or cancelled, if removed says that its folder is
 * gone) for this reason. why becomes owned. */
void job_fail(struct job *job, char *why, bool removed);

#endif
