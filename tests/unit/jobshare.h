/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jobshare - a share with some applications, and a job folder "job" in it. For tests of what
 * becomes of a drop.
 */
#ifndef SPOOL_JOBSHARE_H
#define SPOOL_JOBSHARE_H

#include "appfile.h"
#include "command.h"
#include "complaint.h"
#include "jobfile.h"
#include "needs.h"
#include "scratch.h"

struct jobshare {
	struct scratch root;
	struct catalogue cat;
	int job_fd;
};

static const struct command_defaults jobshare_site = { 3600000, 1 << 29 };

static inline void jobshare_app(struct jobshare *s, const char *name, const char *text)
{
	char *current = xasprintf("apps/%s/current", name),
	     *conf = xasprintf("apps/%s/1/app.conf", name);

	scratch_write(&s->root, current, "1\n");
	scratch_write(&s->root, conf, text);
	free(current);
	free(conf);
}

static inline void jobshare_renew(struct jobshare *s)
{
	if (s->job_fd >= 0)
		close(s->job_fd);
	scratch_clear(&s->root, "job");
	assert_int_equal(mkdirat(s->root.fd, "job", 0700), 0);
	s->job_fd = openat(s->root.fd, "job", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(s->job_fd >= 0);
}

static inline struct jobshare jobshare_new(void)
{
	struct jobshare s = { .root = scratch_new(), .job_fd = -1 };

	jobshare_app(&s, "python3", "interpreter = python3\nextensions = {\".py\"}\n");
	jobshare_app(&s, "octave",
		     "interpreter = octave-cli\nextensions = {\".m\"}\nrequires = {octave}\n"
		     "arguments = {\"--no-gui\", \"{input}\", \"--\", \"{arguments}\"}\n"
		     "ttl = 10m\nmax_ttl = 2h\nmemory = 256M\ncores = 2\n");
	jobshare_app(&s, "matlab", "interpreter = matlab\nextensions = {\".mat\", \".both\"}\n");
	jobshare_app(&s, "other",
		     "interpreter = other\nextensions = {\".both\"}\narguments = {\"{input}\"}\n");
	jobshare_app(&s, "damper",
		     "program linux-x86_64 { path = \"linux/damper\" }\n"
		     "program linux-aarch64 { path = \"arm/damper\" }\n"
		     "arguments = {\"--in={input}\", \"{arguments}\"}\n");
	jobshare_app(&s, "noinput", "interpreter = noinput\narguments = {\"{arguments}\"}\n");
	assert_int_equal(catalogue_load(s.root.fd, &s.cat), 0);
	assert_int_equal(s.cat.count, 6);
	jobshare_renew(&s);
	return s;
}

static inline void jobshare_free(struct jobshare *s)
{
	close(s->job_fd);
	catalogue_free(&s->cat);
	scratch_free(&s->root);
}

/* Files of the job, separated by blanks; "name=text" for one with content, "name*" for a compiled
 * program. */
static inline void jobshare_files(struct jobshare *s, const char *files)
{
	while (*(files += strspn(files, " "))) {
		size_t len = strcspn(files, " "), name_len = strcspn(files, " =*");
		char *path = xasprintf("job/%.*s", (int)name_len, files);
		char *text = len > name_len + 1 ? xstrndup(files + name_len + 1, len - name_len - 1)
						: xstrdup("");

		for (char *p = strchr(text, '_'); p; p = strchr(p, '_'))
			*p = ' ';
		scratch_write(&s->root, path, files[name_len] == '*' ? "\177ELF..." : text);
		if (files[name_len] == '*')
			assert_int_equal(fchmodat(s->root.fd, path, 0700, 0), 0);
		free(path);
		free(text);
		files += len;
	}
}

#endif
