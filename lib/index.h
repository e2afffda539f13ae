/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * index - the sqlite index: the event log folded into tables, for questions that folders answer
 * slowly. May be deleted at any time; nothing that decides reads it. On a local disk only. One
 * read-write connection; the only door to sqlite (with index_*.c, which nobody else includes).
 *
 * Tables (STRICT): job_queue (one row per job folder in queued, active, done, failed), attempts
 * (one row per id and attempt), users (jobs, done, failed, wall and CPU seconds by user),
 * events (every line of the log), known_clients (each registration ever seen), current_clients
 * (runners now). position: how far of which log file has been folded in, in the same
 * transaction.
 */
#ifndef SPOOL_INDEX_H
#define SPOOL_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct beat;
struct event;
struct index;
struct registration;

/*
 * Opens or creates path for the coordinator (WAL, synchronous=NORMAL). A file that is not a
 * database, is damaged (quick_check) or has another schema version is set aside as <path>.bad
 * and a new one begun. *ret_fresh: true if it is empty (replay everything). 0 or negative
 * errno.
 */
int index_open(const char *path, struct index **ret, bool *ret_fresh);

/* Opens path read-only; immutable for a published snapshot (status/spool.<k>.db). 0; -EBADMSG it is
 * something else, or of another version; other negative errno. */
int index_open_read(const char *path, bool immutable, struct index **ret);
void index_close(struct index *ix);

/* Writes happen in one transaction, begun by the first and ended by index_commit (0 or negative
 * errno; a failure leaves the position old). */
int index_commit(struct index *ix);

/*
 * Folds one event in: the events row, and its effect on job_queue, attempts and users. file and
 * end: the log's name and the offset behind the line, kept as position. Folding is by the event
 * alone, so replay gives the same tables.
 *
 * job_queue, of an event with an id: `to` queued, active, done or failed puts the row there; what
 * the event does not tell stays, but the reason is always the event's why (or none). `to` queued
 * also clears what belonged to an attempt: runner, started, finished, wall, cpu, peak, exit code,
 * signal. `to` lost takes the row out of sight until requeue or abandon bring it back. `to`
 * incoming deletes it, and so do return, gone and remove without a `to`.
 *
 * attempts: begun by offer; claim, withdraw (WITHDRAWN), back (BACK), lose (LOST) and file give it
 * its state. users: admit counts a job; file one done or failed with its times; cancel and abandon
 * one failed; reject and refuse one rejected. A failure shows in index_commit.
 */
void index_event(struct index *ix, const struct event *e, const char *file, int64_t end);

/* How far the log is folded in: file name ("" if nothing) into buf of size, returns the offset. */
int64_t index_position(struct index *ix, char *buf, size_t size);

/* A runner's row in known_clients and current_clients. b may be NULL. state "ABSENT" takes it out
 * of current_clients. */
void index_runner(struct index *ix, const struct registration *r, const struct beat *b,
		  const char *state, int64_t seen_at);

/* One row of job_queue as others see it. Borrowed for the call. Numbers 0 and strings NULL where
 * unknown. */
struct index_job {
	uint64_t id;
	unsigned attempt;
	const char *place, *folder, *state, *name, *user, *app, *group, *runner, *reason;
	int64_t queued_at, started_at, finished_at, wall_ms, cpu_ms, ttl_ms;
	uint64_t memory, peak_memory;
	unsigned cores;
	int has_exit, exit_code, term_signal;
};

/* Calls each for the rows of job_queue by id; with id not 0 for that one only. each returns 0 to
 * go on. Returns rows seen, or negative errno. */
int64_t index_jobs(struct index *ix, uint64_t id,
		   int (*each)(const struct index_job *row, void *arg), void *arg);

/* True if job_queue has exactly this (id, attempt, place, folder). Prepared, some microseconds. */
bool index_holds(struct index *ix, uint64_t id, unsigned attempt, const char *place,
		 const char *folder);

/* Events of one job (id 0: all), oldest first. Strings borrowed for the call. */
int64_t index_events(struct index *ix, uint64_t id, int (*each)(const struct event *e, void *arg),
		     void *arg);

/* The highest id of a job in any table; 0 if there is none; negative errno. */
int64_t index_highest(struct index *ix);

/* Runners of known_clients, current or not. */
struct index_runner {
	const char *runner, *state, *platform, *cpu, *host, *kernel, *software;
	unsigned cores, slots, free_slots;
	uint64_t memory, free_memory;
	double load;
	int64_t seen_at, first_seen_at;
	const char *running; /* blank-separated */
};
int64_t index_runners(struct index *ix, int (*each)(const struct index_runner *row, void *arg),
		      void *arg);

/* Writes a consistent copy of the committed state to path (must not exist), by a connection of
 * its own, so any thread may do it while the loop goes on. index_path is what index_open had. 0
 * or negative errno. */
int index_snapshot(const char *index_path, const char *path);

/* Compares all tables that are folds of the log, row by row, with another index (for tests and
 * spoolctl check): writes one line per difference to out, returns how many, or negative errno. */
int64_t index_compare(struct index *a, struct index *b, FILE *out);

#endif
