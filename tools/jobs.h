/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jobs - the jobs of a share as people see them: which there are and how far each has come, read
 * from the folders and inboxes themselves. What else is known of them (times, reasons, exit codes)
 * is filled in by describe.
 */
#ifndef SPOOL_JOBS_H
#define SPOOL_JOBS_H

#include "spool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Strings are owned by the job and NULL where nothing is known, as times are 0; wall_ms and cpu_ms
 * are negative then. */
struct job {
	uint64_t id;
	unsigned attempt;
	enum spool_place place;
	char *folder; /* its name within the place */
	char *state;  /* never NULL once listed */
	char *name;   /* the user's own name; the reduced one until describe_jobs */
	char *user, *app, *group;
	char *runner; /* who has or had it */
	char *reason; /* why it waits, or why it ended so */
	uid_t uid;    /* owner of the folder; (uid_t)-1 not looked at */
	int64_t queued_at, started_at, finished_at; /* wall ms */
	int64_t wall_ms, cpu_ms, ttl_ms;
	uint64_t memory, peak_memory; /* bytes; 0: not known */
	unsigned cores;
	int exit_code;	 /* -1: none or not known */
	int term_signal; /* 0: none or not known */
	bool known;	 /* name, user, limits have been read */
	bool settled;	 /* the details belong to exactly this place and attempt */
};

struct jobs {
	struct job *items; /* sorted by id, each id once */
	size_t count;
};

/* Sets of places, as bits. */
#define JOBS_IN(place) (1U << (place))
#define JOBS_WAITING JOBS_IN(SPOOL_QUEUED)
#define JOBS_ACTIVE JOBS_IN(SPOOL_ACTIVE)
#define JOBS_ENDED (JOBS_IN(SPOOL_DONE) | JOBS_IN(SPOOL_FAILED))
#define JOBS_ALL (JOBS_WAITING | JOBS_ACTIVE | JOBS_ENDED)

/* Lists the places, in the order of a job's way, so that a job that moves on meanwhile is not
 * missed; seen twice, the later place counts. 0 or negative errno. */
int jobs_list(const struct spool *sp, unsigned places, struct jobs *ret);

/* Finds one job wherever it is: 0; -ENOENT if it is nowhere (looked at twice); other negative
 * errno. */
int jobs_find(const struct spool *sp, uint64_t id, struct job *ret);

/* The owner of the job's folder; (uid_t)-1 if it has gone. Kept in the job. */
uid_t jobs_owner(const struct spool *sp, struct job *job);

/* Does the job's folder belong to the caller? */
bool jobs_is_mine(const struct spool *sp, struct job *job);

/* True if owners tell nothing: an SMB mount shows all files as those of one account, which is not
 * the caller's. */
bool jobs_hide_owners(const struct spool *sp, const struct jobs *jobs);
#define JOBS_OWNERS_HIDDEN                                                                     \
	"this SMB mount shows all files as those of one account, which is not yours, so your " \
	"jobs "                                                                                \
	"cannot be told from others'"

/* A user's name, or his number as text. Borrowed, valid until the program ends. */
const char *jobs_user_name(uid_t uid);

/* How long it has run, or ran; -1: never started or not known. And how much of its ttl is left; -1
 * likewise. */
int64_t jobs_elapsed(const struct job *job, int64_t now);
int64_t jobs_left(const struct job *job, int64_t now);

/* Binary search by id; NULL if it is not in the list. */
struct job *jobs_get(const struct jobs *jobs, uint64_t id);

/* The folder of the job, opened by path, so that a client's cache does not answer. Descriptor or
 * negative errno. */
int jobs_open(const struct spool *sp, const struct job *job);

/* "/srv/share/spool/done/12-sim"; heap, as it is: escape it before it is printed. */
char *jobs_path(const struct spool *sp, const struct job *job);

void jobs_free(struct jobs *jobs);
void jobs_free_one(struct job *job); /* contents */

#endif
