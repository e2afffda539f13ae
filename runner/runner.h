/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runner - everything that the loop knows.
 */
#ifndef RUNNER_RUNNER_H
#define RUNNER_RUNNER_H

#include "beat.h"
#include "job.h"
#include "lock.h"
#include "pass.h"

#include <stdbool.h>
#include <stdint.h>

struct options;
struct worker;

/* A job whose start or results were spoiled by trouble of the share is given back, but so many
 * spoiled runs, wherever they were, fail it; and no other is claimed for a while, so that a sick
 * machine does not eat the queue. */
#define RUNNER_SPOILED_MOST 5
#define RUNNER_PAUSE_MS 10000

struct runner {
	const struct options *opt;
	char *name;
	char rid[SPOOL_RID_SIZE];
	char *state; /* path of the state folder */
	int state_fd;
	struct lock lock;
	int launcher;		 /* socket */
	bool by_cgroup;		 /* it freezes jobs by control groups */
	pid_t launcher_pid;	 /* 0: adopted, it is not our child */
	struct share share;	 /* the worker's, once the loop runs */
	struct worker *worker;	 /* passes over the share */
	struct worker *chores;	 /* what is local and slow: versions, removal of scratch */
	struct worker *gatherer; /* results of jobs that have ended */
	struct worker *flusher;	 /* on NFS, what running jobs print; else NULL */
	int spool_fd;		 /* the loop's own copy of spool/, for the gatherer */
	struct wholesync results_whole;
	struct registration reg;
	struct job_list jobs;
	unsigned slots;

	/* what the next pass is for */
	bool wake; /* something has come into the inbox */
	bool reg_due, inbox_due;
	struct spool_ticket_name *applied;
	size_t applied_count;
	uint64_t beats;
	/* boot ms: when it is due at the latest, and when at the earliest */
	int64_t next_look, next_beat, next_names, not_before, not_ended_before;
	int64_t last_flow;  /* when work came or went last */
	int64_t looked_at;  /* when the last look at the inbox that succeeded began */
	int64_t good_until; /* the lease, as the launcher has it */
	int64_t next_flush, no_claims_before;
	int64_t no_gather_before; /* no descriptor was left for it; 0: there was */

	struct pass *pass;	  /* under way, or NULL */
	bool gathering, flushing; /* a task of these workers is under way */
	bool asking;		  /* versions are being asked for */
	int inotify;
	int new_inbox;	/* the inbox, to be watched; -1: none */
	bool watching;	/* inotify tells of the inbox */
	bool draining;	/* no new claims */
	bool unfit;	/* none either: no scratch folder can be made on this machine */
	bool stopping;	/* and jobs are ended */
	bool leaving;	/* and the end when nothing is left */
	bool last_pass; /* it has begun */
	bool finished;
};

#endif
