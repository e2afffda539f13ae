/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * coordinator - the whole memory of spoold: a cache of what the share says, and lists of what is
 * due next.
 *
 * The way of a job is the enum of steps below, read from top to bottom. Each step is one function
 * in the file named after it; it takes the jobs that are due for it, changes one thing for each,
 * and hands each to the next step, at once or after a sync. Steps never call one another.
 * Everything here may be thrown away at any instant: the scan finds it again.
 */
#ifndef SPOOLD_COORDINATOR_H
#define SPOOLD_COORDINATOR_H

#include "appfile.h"
#include "beat.h"
#include "command.h"
#include "complaint.h"
#include "needs.h"
#include "spool.h"
#include "state.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <systemd/sd-event.h>
#include <uthash.h>

struct event;
struct index;
struct look;
struct manifest;
struct syncer;
struct ticket;
struct worker;

struct coordinator;

enum step {
	STEP_NONE, /* in no list */
	/* in */
	STEP_WRAP,    /* a single file gets a folder of its own               wrap.c */
	STEP_ADMIT,   /* examined; manifest written                          admit.c */
	STEP_ENQUEUE, /* incoming -> queued, looked at once more             enqueue.c */
	STEP_RETURN,  /* queued -> incoming: it changed after admission      enqueue.c */
	STEP_REJECT,  /* ends without a run: REJECTED.txt, job.result        reject.c */
	STEP_DISCARD, /* incoming or queued -> failed                        reject.c */
	/* out to a runner */
	STEP_SCHEDULE, /* in line; gets a runner                              schedule.c */
	STEP_PREPARE,  /* ticket written as a temporary                       prepare.c */
	STEP_OFFER,    /* queued -> active: the number is used up             offer.c */
	STEP_OPEN,     /* ticket .tmp -> .offer                               offer.c */
	STEP_OFFERED,  /* rests: a runner may claim it */
	STEP_WITHDRAW, /* ticket .offer -> .void                              withdraw.c */
	STEP_UNOFFER,  /* active -> queued                                    withdraw.c */
	STEP_CLAIMED,  /* rests: a runner has it */
	STEP_MISSED,   /* rests: active without a ticket, for a lease */
	STEP_REVOKE,   /* its runner is silent: .revoked is made              revoke.c */
	STEP_REVOKED,  /* rests: until the runner answers, or for a lease without a beat */
	/* back from a runner */
	STEP_RECORD, /* .done: ticket becomes job.result                    file.c */
	STEP_FILE,   /* active -> done | failed                             file.c */
	STEP_COPY,   /* .back, revoked: a fresh copy of the inputs is made  requeue.c */
	STEP_LOSE,   /* active -> lost                                      requeue.c */
	STEP_REVIVE, /* the copy -> queued                                  requeue.c */
	STEP_RETRY,  /* rests: the share refused; settled anew by the next scan */
	STEP_SWEEP,  /* the spent ticket is removed; the job is forgotten   sweep.c */
	STEPS
};

/* As many files of silent clients may be waited for before a job has to wait for another's. */
#define SLOW_LANES 4

struct line;
struct runner;

/* A folder that people drop into: incoming/ itself, or incoming/@<app>/. */
struct box {
	char *app; /* the hash key; "" for incoming/ itself */
	int fd;
	UT_hash_handle hh;
};

/* Something that lies in a box and is no job yet. */
struct drop {
	char *key; /* "<app>/<name>", the hash key */
	struct box *box;
	char *name;		 /* the raw name */
	bool whole;		 /* arrived by one rename: complete */
	bool returned;		 /* we put it back: only quiet time counts */
	bool taken;		 /* a job has been made of it */
	bool told;		 /* the log knows that it stays incomplete */
	bool numberless;	 /* complete, and waits for ids.c alone */
	int64_t first_seen, due; /* boot ms */
	char fingerprint[65];	 /* of the last look; "" before the first */
	int64_t still_since;	 /* boot ms of the first look with this fingerprint */
	char lacking[65]; /* the fingerprint with which it was found to lack inputs: only a change
			     helps */
	char *lacks;	  /* what it waits for, in words, or NULL */
	mode_t put_back_mode; /* st_mode of a folder that had to be made readable; 0: none */
	struct look *look;    /* under way; then it is in no list */
	bool news;	      /* it has come, whole, since that began */
	int64_t pause;	      /* ms before the last look */
	uint64_t seen_in_scan;
	TAILQ_ENTRY(drop) link; /* in drops_waiting, by due */
	UT_hash_handle hh;
};
TAILQ_HEAD(droplist, drop);

struct job {
	struct coordinator *co; /* for callbacks */
	uint64_t id;		/* the hash key */
	unsigned attempt;	/* the last number used up; 0: none */
	char *name;		/* reduced, as in folder names */
	enum spool_place place; /* where its folder is; SPOOL_INCOMING: not admitted yet */
	char *at;		/* the folder's present name in place (for drops: in its box) */
	enum step step;		/* due for, or STEP_NONE */
	enum step next; /* after the sync or the worker's task under way; meaningful while busy */
	bool busy;	/* a sync or a worker's task is under way: news wait for its end */
	bool wrapped;	/* its folder was made by us for a single file */
	bool has_ticket;
	enum spool_ticket_kind ticket; /* how far the ticket of this attempt is known to be */
	char *rid;		       /* who claimed it, or NULL */
	bool marked;		       /* this attempt has its .revoked */
	char *nonce;		       /* of spoolctl submit, which waits for the reply; or NULL */
	struct runner *runner;	       /* holds its ticket, or is about to; or NULL */
	unsigned cores;		       /* that are counted against runner */
	bool counted;		       /* its cores are on runner's account */
	struct line *line;	       /* the line it waits in; NULL before admission and after */
	bool cancel;		       /* its owner asked */
	char *why;		       /* reason for a cancel or reject, or NULL */
	struct complaint complaint;    /* why it is being rejected */
	bool returning;		       /* RETRY leads to RETURN */
	bool answered;	   /* the answer is written: what is left of REJECT is the move */
	struct drop *drop; /* until it has left incoming/ */
	struct manifest *
		manifest; /* between the hashing of large inputs and ADMIT's end; of a fresh copy */
	struct ticket *result; /* between RECORD and FILE */
	int64_t since; /* boot ms of the last change (ticketless: first missed; offered: when) */
	uint64_t seen_in_scan;
	uint64_t ticket_seen; /* the scan that has last met the ticket in its inbox */
	uid_t uid;
	mode_t put_back_mode;  /* st_mode of a folder that had to be made writable; 0: none */
	void *errand;	       /* what a task in a lane works with; of the step that gave it */
	bool tidied;	       /* ADMIT need only record it */
	TAILQ_ENTRY(job) link; /* in due[step], in its line, or in none */
	UT_hash_handle hh;
};
TAILQ_HEAD(joblist, job);

/* Jobs with the same needs, first come first served. */
struct line {
	char *key; /* needs_key, the hash key */
	struct needs needs;
	struct joblist jobs; /* by id */
	size_t waiting;
	UT_hash_handle hh;
};

struct runner {
	char *name; /* the hash key */
	struct registration reg;
	struct beat beat;  /* the last one; counter 0: none */
	int64_t beat_seen; /* when the counter was last seen to change, by silence.c's clock; 0:
			      never */
	bool present;	   /* beats */
	bool open;	   /* beats, and takes new work */
	int inbox_fd;
	uint64_t read_in_scan; /* the last scan that has read the whole inbox */
	unsigned used_cores;   /* of jobs that are offered or claimed and have not ended there */
	unsigned held;	       /* how many these are */
	double run_ms;	       /* how long its jobs run, a moving mean; 0: not known yet */
	UT_hash_handle hh;
};

struct options {
	char *share, *state;
	int64_t settle, settle_polled, scan, scan_polled, scan_folders, incoming_patience, lease,
		ahead, ahead_most, beat, publish, keep_lost;
	int64_t default_ttl, default_memory, hash_most;
	bool ready_needed, watch, allow_unsafe_mount;
	bool debug;
};

struct coordinator {
	struct spool sp;
	struct options opt;
	char *state_dir;
	char instance[SPOOL_RID_SIZE];
	sd_event *event;
	sd_event_source *turn_source;	       /* armed while something is due */
	struct worker *sync_worker;	       /* syncs */
	struct worker *slow_lanes[SLOW_LANES]; /* jobs' files that a client may hold: moved,
						  replaced; see jobs_slow_lane */
	struct worker *bulk_lane;    /* reads and copies of much data: hashes, fresh copies */
	struct worker *removal_lane; /* removals.c */
	struct worker *look_lane;    /* looks at drops, where they are slow: looks.c */
	struct worker *publish_lane; /* snapshots */
	struct worker *sign_lane;    /* spool/coordinator */
	struct worker *number_lane;  /* spool/next */
	struct syncer *syncer;
	struct catalogue catalogue;
	struct command_defaults defaults;
	bool polling;  /* no inotify: scans alone bring news */
	bool stopping; /* another coordinator is there, or we were told to stop */
	int exit_code;

	struct job *jobs; /* all but the ended ones */
	struct joblist due[STEPS];
	struct line *lines;
	size_t waiting;	     /* jobs in all lines */
	bool schedule_again; /* something changed that may give a job a runner */
	struct runner *runners;

	struct box *boxes;
	struct drop *drops;
	struct droplist drops_waiting;
	sd_event_source *drops_timer, *rebalance_timer;

	uint64_t next_id, block_end; /* ids: next to give, first not reserved on the share */
	struct index *index;
	int64_t index_dirty_since; /* boot ms of the first event not yet committed; 0: none */
	uint64_t changes;	   /* events written: publish compares */
	uint64_t scan_number;
	int64_t inboxes_read_since; /* boot ms: since then each scan has read every inbox that there
				       is; 0: the last one has not */
};

/* -- main.c -- */
void coordinator_turn_soon(struct coordinator *co); /* a turn of the loop follows */
void coordinator_stop(struct coordinator *co, int exit_code);

/* -- the steps: each takes what is due for it -- */
void wrap_run(struct coordinator *co, struct joblist *due);
void admit_run(struct coordinator *co, struct joblist *due);
void enqueue_run(struct coordinator *co, struct joblist *due);
void return_run(struct coordinator *co, struct joblist *due);
void reject_run(struct coordinator *co, struct joblist *due);
void discard_run(struct coordinator *co, struct joblist *due);
void schedule_run(struct coordinator *co, struct joblist *due);
void prepare_run(struct coordinator *co, struct joblist *due);
void offer_run(struct coordinator *co, struct joblist *due);
void open_run(struct coordinator *co, struct joblist *due);
void withdraw_run(struct coordinator *co, struct joblist *due);
void unoffer_run(struct coordinator *co, struct joblist *due);
void record_run(struct coordinator *co, struct joblist *due);
void file_run(struct coordinator *co, struct joblist *due);
void revoke_run(struct coordinator *co, struct joblist *due);
void copy_run(struct coordinator *co, struct joblist *due);
void lose_run(struct coordinator *co, struct joblist *due);
void revive_run(struct coordinator *co, struct joblist *due);
void sweep_run(struct coordinator *co, struct joblist *due);

#endif
