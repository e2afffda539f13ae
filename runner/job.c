/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * job - an attempt that this runner has claimed. Touches nothing but memory and its descriptors;
 * a crash forgets it, and the next instance gives its claim back.
 */
#include "job.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct job *job_new(uint64_t id, unsigned attempt)
{
	struct job *job = xcalloc(1, sizeof(*job));

	job->id = id;
	job->attempt = attempt;
	job->tag = id << JOB_ATTEMPT_BITS | (attempt & (JOB_ATTEMPTS - 1));
	job->parcel = job->streams[0] = job->streams[1] = -1;
	snprintf(job->label, sizeof(job->label), "%" PRIu64 ".%u", id, attempt);
	return job;
}

void job_free(struct job *job)
{
	if (!job)
		return;
	if (job->parcel >= 0)
		close(job->parcel);
	for (int i = 0; i < 2; i++)
		if (job->streams[i] >= 0)
			close(job->streams[i]);
	ticket_free(&job->ticket);
	tree_free(&job->before);
	free(job->text);
	free(job->packet);
	free(job->failure);
	free(job->spoiled);
	free(job->cancel_reason);
	free(job);
}

void job_fail(struct job *job, char *why, bool removed)
{
	job->phase = JOB_ENDED;
	job->way = WAY_DONE;
	job->removed = removed;
	free(job->failure);
	job->failure = why;
}
