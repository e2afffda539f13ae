/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * prepare - the ticket for a job's next attempt is written as a temporary into the runner's inbox.
 *
 * Before: queued/<id>[.<n-1>]-<name>/. After: besides, claims/<runner>/.tmp-<id>.<n>, durable, due
 * for OFFER. The folder is compared with its manifest first: what has changed since goes back to
 * incoming/. A crash leaves the temporary, which proves that n was never offered: the scan removes
 * it (folder still in queued/) or finishes it (folder in active/).
 */
#include "coordinator.h"

#include "cleanup.h"
#include "clock.h"
#include "command.h"
#include "control.h"
#include "dropcheck.h"
#include "jobfile.h"
#include "jobs.h"
#include "log.h"
#include "manifest.h"
#include "syncer.h"
#include "ticket.h"
#include "tree.h"
#include "xalloc.h"

#include <inttypes.h>
#include <string.h>

/* What the words of the ticket come from. */
struct sources {
	struct manifest manifest;
	bool changed; /* the folder is not what that says */
	struct jobfile file;
	struct appfile other;	   /* a version that is not the current one */
	const struct appfile *app; /* or NULL */
};

static void sources_free(struct sources *s)
{
	manifest_free(&s->manifest);
	jobfile_free(&s->file);
	appfile_free(&s->other);
}

/* Is the folder as admitted? 0; COMPLAINT with s->changed true; negative errno. job->errand: the
 * sources, which are filled. */
static int compare(void *arg)
{
	struct job *job = arg;
	struct sources *s = job->errand;
	_cleanup_close_ int fd = jobs_open_folder(job);
	struct tree tree = { 0 };
	int r = fd < 0 ? fd : manifest_read(fd, false, &s->manifest);

	if (r == 0)
		r = tree_look_fresh(fd, &tree, &job->complaint);
	if (r == 0)
		r = manifest_compare(&s->manifest, fd, &tree, true, &job->complaint);
	tree_free(&tree);
	s->changed = r == COMPLAINT;
	return r;
}

/* 0, COMPLAINT or negative errno. */
static int gather(struct coordinator *co, int fd, struct sources *s, struct complaint *c)
{
	int r = dropcheck_read_job(fd, &s->file, c);

	if (r == 0 && s->manifest.needs.app) {
		s->app = catalogue_resolve(co->sp.root_fd, &co->catalogue, s->manifest.needs.app,
					   "the application", 0, &s->other, c);
		r = s->app ? 0 : complaint_any(c) ? COMPLAINT : -errno;
	}
	return r;
}

/* Fills the offer from the sources; strings are borrowed but for the command. */
static int fill(struct coordinator *co, const struct job *job, int fd, const struct sources *s,
		char *folder, struct ticket *t, struct complaint *c)
{
	const struct manifest *m = &s->manifest;
	int r = command_build(fd, &s->file, s->app, job->runner->reg.platform, &t->command, c);

	if (r != 0)
		return r;
	(void)co;
	t->id = job->id;
	t->attempt = job->attempt + 1;
	t->name = m->name;
	t->folder = folder;
	t->user = m->user;
	t->uid = m->uid;
	t->app = m->needs.app;
	t->env = s->file.env;
	t->cores = m->needs.cores;
	t->memory = m->needs.memory;
	t->ttl_ms = m->needs.ttl_ms;
	memcpy(t->success_codes, s->file.success_codes, sizeof(t->success_codes));
	t->success_count = s->file.success_count;
	t->spoiled = m->spoiled;
	t->manifest = (char *)m->digest;
	t->queued_at = m->queued_at;
	t->offered_at = clock_wall_ms();
	return 0;
}

static int write_ticket(struct coordinator *co, const struct job *job, const struct ticket *t)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	char name[SPOOL_TICKET_SIZE];
	size_t len;
	int r;

	text = ticket_write_offer(t, &len);
	if (!text)
		return -E2BIG;
	spool_ticket_name(name, t->id, t->attempt, SPOOL_TICKET_TMP, NULL);
	(void)unlinkat(job->runner->inbox_fd, name, 0); /* of a crash: never offered */
	r = safefs_create(job->runner->inbox_fd, name, text, len, 0660, &fd);
	if (r < 0)
		return r;
	syncer_touch(co->syncer, fd);
	syncer_touch_dir(co->syncer, job->runner->inbox_fd);
	return 0;
}

/* r: of the comparison. */
static int make_ticket(struct coordinator *co, struct job *job, int fd, struct sources *s, int r)
{
	char folder[SPOOL_FOLDER_SIZE], path[SPOOL_FOLDER_SIZE + 16];
	struct ticket t = { 0 };

	snprintf(path, sizeof(path), "%s/%s", spool_place_name(SPOOL_ACTIVE),
		 spool_job_folder(folder, job->id, job->attempt + 1, job->name));
	if (r == 0)
		r = gather(co, fd, s, &job->complaint);
	if (r == 0)
		r = fill(co, job, fd, s, path, &t, &job->complaint);
	if (r == 0)
		r = write_ticket(co, job, &t);
	if (r == -EBADMSG)
		r = complain(&job->complaint, SPOOL_MANIFEST, 0,
			     xstrdup("a damaged record of admission"),
			     xstrdup("the record that spoold wrote"),
			     xstrdup("drop the folder again"));
	if (r == -E2BIG)
		r = complain(&job->complaint, SPOOL_JOB_CONF, 0,
			     xstrdup("arguments and env that together are larger than 64 KiB"),
			     xstrdup("a ticket of at most 64 KiB"),
			     xstrdup("put long lists into a file of the job, and name the file"));
	command_free(&t.command);
	return r;
}

/* r: of making the ticket. */
static void prepared(struct job *job, bool changed, int r)
{
	if (r == 0) {
		jobs_set_ticket(job, SPOOL_TICKET_TMP, NULL);
		jobs_after_sync(job, STEP_OFFER);
		return;
	}
	jobs_set_runner(job, NULL);
	if (changed) {
		job->why = job->why ? job->why : complaint_line(&job->complaint);
		complaint_free(&job->complaint);
		jobs_due(job, STEP_RETURN);
	} else if (r == COMPLAINT) {
		jobs_due(job, STEP_REJECT);
	} else {
		log_trouble("prepare",
			    "%" PRIu64
			    ": the ticket cannot be written (%s): tried again with the next scan",
			    job->id, strerror(-r));
		jobs_rest(job, STEP_RETRY, r);
	}
}

static void compared(struct job *job, int r)
{
	struct sources *s = job->errand;
	_cleanup_close_ int fd = jobs_open_folder(job);

	job->errand = NULL;
	if (job->co->stopping) {
		/* Nothing has been changed. */
	} else if (job->cancel || fd == -ENOENT) {
		jobs_set_runner(job, NULL);
		complaint_free(&job->complaint);
		jobs_due(job, STEP_SCHEDULE); /* sees to both */
	} else {
		r = fd < 0 ? fd : make_ticket(job->co, job, fd, s, r);
		prepared(job, s->changed, r);
	}
	sources_free(s);
	free(s);
}

static void prepare(struct job *job)
{
	struct sources *s = xcalloc(1, sizeof(*s));

	jobfile_init(&s->file);
	job->errand = s;
	jobs_look_inside(job, compare, compared);
}

void prepare_run(struct coordinator *co, struct joblist *due)
{
	struct job *job;

	(void)co;
	while ((job = TAILQ_FIRST(due)))
		prepare(job);
}
