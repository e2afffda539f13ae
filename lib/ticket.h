/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ticket - the claim file: offer (coordinator) -> claim (runner) -> outcome (runner) -> filed
 * (coordinator); at last it is job.result.
 *
 * One writer at a time, one block each, appended; see record.h. A ticket of a later block
 * always has the earlier ones.
 */
#ifndef SPOOL_TICKET_H
#define SPOOL_TICKET_H

#include "command.h"
#include "xalloc.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define TICKET_MAGIC "spool-ticket 1"
#define TICKET_MAX_CODES 32
#define TICKET_SPOILED "SPOILED"

enum ticket_blocks { TICKET_OFFER = 1, TICKET_CLAIM = 2, TICKET_OUTCOME = 4, TICKET_FILED = 8 };

struct ticket {
	unsigned blocks; /* which of the blocks are there */
	/* offer: what to do */
	uint64_t id;
	unsigned attempt;
	char *name;   /* the user's own name of the job, whole */
	char *folder; /* relative to spool/: "active/12.1-sim" */
	char *user;
	uid_t uid;
	char *app; /* "python3/1" or NULL */
	struct command command;
	struct strlist env; /* from job.conf */
	unsigned cores;
	uint64_t memory; /* bytes */
	int64_t ttl_ms;
	int success_codes[TICKET_MAX_CODES];
	unsigned success_count;
	unsigned spoiled;	       /* runs before that trouble of share or machine spoiled */
	char *manifest;		       /* digest of the manifest, hex */
	int64_t queued_at, offered_at; /* wall ms */
	/* claim: who does it */
	char *runner, *instance;
	int64_t claimed_at;
	/* outcome */
	char *state;			 /* "DONE" "FAILED" "TIMEOUT" "CANCELLED" "LOST" ("REJECTED"
					  * only in a job.result made by the coordinator, "SPOILED"
					  * only in a ticket that is given back) */
	char *reason;			 /* in words, never NULL in an outcome: "exit code 3",
					  * "killed by signal 9 (Killed)"; cut after 1000 bytes */
	int exit_code;			 /* -1: none */
	int term_signal;		 /* 0: none */
	int64_t started_at, finished_at; /* wall ms; 0: never started */
	int64_t wall_ms, cpu_ms;
	uint64_t peak_memory;	/* bytes, of the largest process; 0 unknown */
	struct strlist outputs; /* "name size" of each file that the job made or changed,
				 * escaped names; at most 200 (and 40 KiB), then "..." */
	/* filed */
	char *filed_by; /* the coordinator's instance */
	int64_t filed_at;
};

/*
 * Reads text. On RECORD_WHOLE and RECORD_TORN with at least the offer (or, in a job.result
 * without offer, an outcome) fills *ret (owned by the caller) from the valid prefix and returns
 * the verdict (enum record_verdict); -EBADMSG if the valid prefix holds no block or one that
 * does not parse; RECORD_FOREIGN leaves *ret alone. *ret_valid (may be NULL): bytes of the
 * valid prefix.
 */
int ticket_parse(const char *text, size_t len, struct ticket *ret, size_t *ret_valid);

/* The whole text of a new ticket with its offer block; heap. NULL (and 0) if arguments, env and
 * the rest are larger than a block may be (RECORD_MAX_BLOCK): the job cannot be offered. */
char *ticket_write_offer(const struct ticket *t, size_t *ret_len);

/* The bytes to append to prior for the next block; heap. prior is whole (a torn tail is cut off
 * the file first), or empty for an outcome without a ticket. */
char *ticket_append_claim(const char *prior, size_t prior_len, const struct ticket *t,
			  size_t *ret_len);
char *ticket_append_outcome(const char *prior, size_t prior_len, const struct ticket *t,
			    size_t *ret_len);
char *ticket_append_filed(const char *prior, size_t prior_len, const struct ticket *t,
			  size_t *ret_len);

/* How many bytes of a whole ticket stand before its outcome; len if it has none. */
size_t ticket_before_outcome(const char *text, size_t len);

void ticket_free(struct ticket *t); /* contents; zeroes */

#endif
