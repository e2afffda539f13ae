/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dryrun - submit --dry-run.
 *
 * Builds the drop as submit does, but in a temporary folder on this host and with no more of each
 * file than is looked at, examines it with the coordinator's own eyes (dropcheck) and removes it
 * again. The share is only read. A crash leaves the temporary folder.
 */
#include "dryrun.h"

#include "appfile.h"
#include "cleanup.h"
#include "command.h"
#include "complaint.h"
#include "dropcheck.h"
#include "escape.h"
#include "human.h"
#include "rmtree.h"
#include "source.h"
#include "spool.h"
#include "stage.h"
#include "tell.h"
#include "words.h"
#include "xalloc.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#define DROP "drop"

/* What was found out about the drop. */
struct finding {
	const struct spool *sp;
	const struct source *src;
	struct catalogue catalogue;
	struct jobfile job;
	struct needs needs;
	int fd; /* the model of the drop */
};

static int tell_complaint(const struct finding *f, struct complaint *c, const char *verdict)
{
	_cleanup_free_ char *line = complaint_line(c);

	complaint_free(c);
	return tell_failed("%s: %s: %s", f->src->shown, verdict, line);
}

/* The platform to show the command for: one that the job asks for, else this host's. */
static char *platform_of(const struct needs *needs)
{
	struct utsname name;

	if (needs->platforms.count)
		return xstrdup(needs->platforms.items[0]);
	if (uname(&name) < 0)
		return xstrdup("linux-x86_64");
	return xasprintf("linux-%s", name.machine);
}

static int print_command(const struct finding *f)
{
	_cleanup_free_ char *platform = platform_of(&f->needs), *words = NULL;
	struct appfile other = { 0 };
	const struct appfile *app = NULL;
	struct complaint c = { 0 };
	struct command command;
	int r = 0;

	if (f->needs.app) {
		app = catalogue_resolve(f->sp->root_fd, &f->catalogue, f->needs.app, SPOOL_JOB_CONF,
					f->job.line_app, &other, &c);
		if (!app && !complaint_any(&c))
			return tell_failed("%s: cannot be examined now: %s", f->src->shown,
					   strerror(errno));
		if (!app)
			return tell_complaint(f, &c, "would be rejected");
	}
	if (command_build(f->fd, &f->job, app, platform, &command, &c) == 0) {
		words = words_command(&command);
		printf("  command    %s\n", words);
		command_free(&command);
	} else {
		r = tell_complaint(f, &c, "would be rejected");
	}
	if (app == &other)
		appfile_free(&other);
	return r;
}

static void print_list(const char *label, const struct strlist *list)
{
	if (!list->count)
		return;
	printf("  %-10s", label);
	for (size_t i = 0; i < list->count; i++)
		printf(" %s", list->items[i]);
	putchar('\n');
}

static void print_needs(const struct finding *f)
{
	const struct needs *n = &f->needs;
	char memory[HUMAN_SIZE], ttl[HUMAN_SIZE];

	printf("  asks for   %u core%s, %s memory, %s\n", n->cores, n->cores == 1 ? "" : "s",
	       n->memory ? human_size(n->memory, memory) : "the site's usual",
	       n->ttl_ms ? human_time(n->ttl_ms, ttl) : "the site's usual time");
	print_list("platforms", &n->platforms);
	print_list("software", &n->software);
	if (n->runner)
		printf("  only on    %s\n", n->runner);
	if (f->job.email)
		printf("  email      recorded; this version mails nothing\n");
}

static int print_accepted(const struct finding *f)
{
	_cleanup_free_ char *name = escape_text(f->src->name, ESCAPE_TEXT);
	int r;

	printf("%s: would be accepted as \"%s\"; nothing was submitted\n", f->src->shown, name);
	printf("  app        %s\n",
	       f->needs.app ? f->needs.app : "none: it runs a program of its own");
	r = print_command(f);
	if (r == TELL_DONE)
		print_needs(f);
	return r;
}

static int examine(struct finding *f)
{
	const struct command_defaults site = { 0 };
	struct complaint c = { 0 };
	struct tree tree;
	int r = tree_look(f->fd, &tree, &c);

	if (r == 0) {
		r = dropcheck(f->sp->root_fd, &f->catalogue, f->fd, &tree, NULL, &site, &f->job,
			      &f->needs, &c);
		tree_free(&tree);
	}
	if (r < 0)
		return tell_errno("the copy cannot be examined", r);
	if (r == COMPLAINT)
		return tell_complaint(f, &c, "would be rejected");
	if (r == DROPCHECK_INCOMPLETE)
		return tell_complaint(f, &c, "would wait in spool/incoming for more files");
	r = print_accepted(f);
	jobfile_free(&f->job);
	needs_free(&f->needs);
	return r;
}

static int build_and_examine(struct finding *f, const struct strlist *assignments, int parent)
{
	int r = stage_build(f->src, assignments, parent, DROP, true);

	if (r != TELL_DONE)
		return r;
	f->fd = safefs_open_dir(parent, DROP);
	if (f->fd < 0)
		return tell_errno("the temporary folder cannot be opened", f->fd);
	r = examine(f);
	close(f->fd);
	return r;
}

int dryrun_print(const struct spool *sp, const struct source *src,
		 const struct strlist *assignments)
{
	const char *base = getenv("TMPDIR");
	_cleanup_free_ char *path = xasprintf("%s/spoolctl-XXXXXX",
					      base && *base == '/' ? base : "/tmp");
	struct finding f = { .sp = sp, .src = src };
	int parent, r;

	r = catalogue_load(sp->root_fd, &f.catalogue);
	if (r < 0)
		return tell_errno("the applications in apps/ cannot be read", r);
	if (!mkdtemp(path))
		return tell_failed("%s: %s; set TMPDIR to a folder that can be written", path,
				   strerror(errno));
	parent = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = parent < 0 ? tell_errno(path, -errno) : build_and_examine(&f, assignments, parent);
	if (parent >= 0) {
		rmtree(parent, DROP);
		close(parent);
	}
	rmdir(path);
	catalogue_free(&f.catalogue);
	return r;
}
