/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lines - first come first served among jobs with the same needs. Memory only.
 */
#include "lines.h"

#include "xalloc.h"

#include <stdlib.h>
#include <string.h>

static struct line *find_line(struct coordinator *co, const struct needs *needs)
{
	char *key = needs_key(needs);
	struct line *line;

	HASH_FIND_STR(co->lines, key, line);
	if (line) {
		free(key);
		return line;
	}
	line = xcalloc(1, sizeof(*line));
	line->key = key;
	needs_copy(&line->needs, needs);
	TAILQ_INIT(&line->jobs);
	HASH_ADD_KEYPTR(hh, co->lines, line->key, strlen(line->key), line);
	return line;
}

void lines_join(struct job *job, const struct needs *needs)
{
	struct line *line = find_line(job->co, needs);
	struct job *before = TAILQ_LAST(&line->jobs, joblist);

	/* Nearly always the last; a job that comes back finds its place near the front. */
	if (before && before->id > job->id && TAILQ_FIRST(&line->jobs)->id > job->id)
		before = NULL;
	while (before && before->id > job->id)
		before = TAILQ_PREV(before, joblist, link);
	if (before)
		TAILQ_INSERT_AFTER(&line->jobs, before, job, link);
	else
		TAILQ_INSERT_HEAD(&line->jobs, job, link);
	line->waiting++;
	job->line = line;
	job->cores = needs->cores;
	job->co->waiting++;
	job->co->schedule_again = true;
	coordinator_turn_soon(job->co);
}

void lines_leave(struct job *job)
{
	struct line *line = job->line;

	TAILQ_REMOVE(&line->jobs, job, link);
	job->line = NULL;
	job->co->waiting--;
	if (--line->waiting > 0)
		return;
	HASH_DEL(job->co->lines, line);
	needs_free(&line->needs);
	free(line->key);
	free(line);
}
