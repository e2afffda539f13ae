/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * descriptors - the soft limit of open files is raised to the hard one.
 *
 * The usual 1,024 are there for programs that call select(2): spoold keeps one descriptor for each
 * runner's inbox and each drop box, a runner some for each job, and what cannot be opened cannot be
 * read. Other programs get the old limit back, because some of those do call select, and some close
 * every number up to the limit when they start. (libinotifytools calls it too, but its descriptor
 * is one of the first.)
 */
#include "descriptors.h"

#include <stdbool.h>
#include <sys/resource.h>

static struct {
	bool raised;
	rlim_t soft;
} before;

void descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	before.soft = limit.rlim_cur;
	limit.rlim_cur = limit.rlim_max;
	before.raised = setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

void descriptors_restore(void)
{
	struct rlimit limit;

	if (!before.raised || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = before.soft < limit.rlim_max ? before.soft : limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}
