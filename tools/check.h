/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check - the parts of spoolctl check. One look reads everything once: check_places, then
 * check_log, then check_records; cmd_check repeats it and reports what stayed.
 */
#ifndef SPOOL_CHECK_H
#define SPOOL_CHECK_H

#include "spool.h"
#include "xalloc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One job folder. */
struct check_folder {
	uint64_t id;
	unsigned attempt; /* of its name; 0: none */
	enum spool_place place;
	char *name;   /* of the folder */
	bool in_log;  /* the log has a job of this id */
	bool doubled; /* the job has another folder: said once, nothing else is said of it */
};

enum check_index { CHECK_NO_INDEX, CHECK_EQUAL, CHECK_DIFFERENT };

/* One look. */
struct check {
	const struct spool *sp;
	struct check_folder *folders; /* of all job places; by id, then place */
	size_t count, room;
	size_t jobs;		     /* different ids outside lost */
	size_t places[SPOOL_PLACES]; /* folders in each */
	struct index *log;	     /* the event log folded anew, or NULL */
	char *scratch;		     /* the temporary folder of that, removed by check_free */
	enum check_index index;	     /* how the published (or given) index compares with the log */
	uint64_t snapshot;	     /* its number; 0: none, or given by --index */
	struct strlist findings, remedies; /* one of each per finding */
};

void check_begin(struct check *c, const struct spool *sp);
void check_free(struct check *c);

/* Notes what is wrong, with what to do about it. User bytes have been escaped. */
void check_note(struct check *c, const char *remedy, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Folders and tickets: names, places, doubles, temporaries. Fills folders, jobs and places. 0 or
 * negative errno. */
int check_places(struct check *c);

/* Is there a folder of this attempt in this place? NULL if not. Borrowed. */
const struct check_folder *check_find(const struct check *c, uint64_t id, unsigned attempt,
				      enum spool_place place);

/*
 * The log: folds it anew (into c->log), compares the index with the fold as far as that one had
 * read, and all folders with the whole fold. index_path: --index, or NULL for the newest snapshot,
 * of which a fresh one is asked for if a coordinator lives. 0 or negative errno.
 */
int check_log(struct check *c, const char *index_path);

/* Records: manifest and job.result of every folder, against the folder and the log. */
void check_records(struct check *c);

/* What is in now and was in before, by text, stays in now. */
void check_keep_common(struct check *now, const struct check *before);

#endif
