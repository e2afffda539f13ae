/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ids - which jobs a command is for: "12", "5-9", "3,7-9", "last" (the newest of the own jobs),
 * "all" (own jobs).
 */
#ifndef SPOOL_IDS_H
#define SPOOL_IDS_H

#include <stddef.h>
#include <stdint.h>

struct spool;

#define IDS_HELP \
	"ID is a job's number, a range (5-9), \"last\" (your newest job) or \"all\" (yours)."

struct ids {
	uint64_t *items; /* in the order of the words, each once */
	size_t count;
};

/*
 * Resolves the words. all_places: where the own jobs lie that "all" stands for; range_places: where
 * jobs of any user lie that a range picks (JOBS_* of jobs.h). A single number is taken as it is,
 * whether there is such a job or not. TELL_DONE, or told on stderr: TELL_USAGE (not an id),
 * TELL_FAILED (a range or "last" without any job).
 */
int ids_resolve(const struct spool *sp, char *const *words, size_t count, unsigned all_places,
		unsigned range_places, struct ids *ret);
void ids_free(struct ids *ids);

#endif
