/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dossier - everything that can be found out about one job, for spoolctl show.
 */
#ifndef SPOOL_DOSSIER_H
#define SPOOL_DOSSIER_H

#include "jobs.h"
#include "manifest.h"
#include "ticket.h"

/* One handing-out, put together from the events of the log. Strings owned, NULL unknown; times 0
 * unknown. */
struct dossier_attempt {
	unsigned attempt;
	char *runner;
	char *last;  /* what happened to it last: "claim" "file" "withdraw" ... */
	char *state; /* the job's state after that */
	char *why;
	int64_t offered_at, last_at;
};

struct dossier_file {
	char *name; /* relative to the job's folder, raw */
	uint64_t size;
};

struct dossier {
	struct job job;
	bool has_manifest, has_ticket;
	struct manifest manifest;	  /* its head: name, user, needs */
	struct ticket ticket;		  /* job.result of an ended job */
	struct dossier_attempt *attempts; /* by number; only with a snapshot */
	size_t attempt_count;
	struct dossier_file *files; /* results, and its output so far */
	size_t file_count;
	bool more_files;	 /* the record stops at 200 */
	struct strlist evidence; /* folders of this job in lost/ */
};

/* Collects about a job as listed or found; its contents move into *ret and *job is left empty. */
void dossier_collect(const struct spool *sp, struct job *job, struct dossier *ret);
void dossier_free(struct dossier *d);

#endif
