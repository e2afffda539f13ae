/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_jobfile - any bytes as job.conf: a job or a whole complaint, and nothing of it left behind
 * for the next text. Touches nothing.
 */
#include "complaint.h"
#include "jobfile.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_complaint(struct complaint *c)
{
	char *line = complaint_line(c), *page = complaint_page(c, "drop");

	assert(complaint_any(c) && c->line >= 0);
	assert(*c->found && *c->expected && *c->remedy);
	assert(!strchr(line, '\n'));
	/* The screen must be as strict as libconfuse: what passes it is never refused behind it. */
	assert(strncmp(c->found, "something that cannot be read", 29));
	free(line);
	free(page);
}

static void check_job(const struct jobfile *job)
{
	assert(!job->app || !job->executable);
	assert(job->success_count >= 1 && job->success_count <= JOBFILE_MAX_EXIT_CODES);
	assert(!job->input || (*job->input && *job->input != '/'));
	assert(!job->data || (*job->data && *job->data != '/'));
	for (size_t i = 0; i < job->env.count; i++)
		assert(strchr(job->env.items[i], '='));
}

/* The reader behind has one state for all texts. */
static void check_next(void)
{
	static const char text[] = "executable = \"x y\" # c\n";
	struct complaint c = { 0 };
	struct jobfile job;

	assert(jobfile_parse("next", text, strlen(text), &job, &c) == 0);
	assert(!strcmp(job.executable, "x y"));
	jobfile_free(&job);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct complaint c = { 0 };
	struct jobfile job;

	if (jobfile_parse("job.conf", (const char *)data, size, &job, &c))
		check_complaint(&c);
	else
		check_job(&job);
	jobfile_free(&job);
	complaint_free(&c);
	check_next();
	return 0;
}
