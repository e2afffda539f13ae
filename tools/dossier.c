/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dossier - everything that can be found out about one job.
 *
 * Reads the job's folder (manifest, record, sizes of its output), lost/ and the newest snapshot;
 * opens no ticket in claims/. Each part may be missing: what is not known stays empty. Nothing is
 * changed.
 */
#include "dossier.h"

#include "cleanup.h"
#include "describe.h"
#include "escape.h"
#include "event.h"
#include "human.h"
#include "index.h"
#include "record.h"
#include "snapshot.h"
#include "xalloc.h"

#include <fcntl.h>
#include <string.h>

static void set(char **field, const char *value)
{
	if (!value || !*value)
		return;
	free(*field);
	*field = xstrdup(value);
}

static struct dossier_attempt *attempt_of(struct dossier *d, unsigned number)
{
	for (size_t i = 0; i < d->attempt_count; i++) {
		if (d->attempts[i].attempt == number)
			return &d->attempts[i];
	}
	d->attempts = xrealloc(d->attempts, d->attempt_count + 1, sizeof(*d->attempts));
	d->attempts[d->attempt_count] = (struct dossier_attempt){ .attempt = number };
	return &d->attempts[d->attempt_count++];
}

static int take_event(const struct event *e, void *arg)
{
	struct dossier *d = arg;
	struct dossier_attempt *a;

	if (e->attempt == 0)
		return 0;
	a = attempt_of(d, e->attempt);
	/* What comes after it is the way of the job, unless it was done in time. */
	if (a->last && strcmp(a->last, "revoke") == 0 && strcmp(e->verb, "file") != 0) {
		set(&a->state, "LOST");
		return 0;
	}
	if (!a->offered_at)
		a->offered_at = e->at;
	a->last_at = e->at;
	set(&a->runner, e->runner);
	set(&a->last, e->verb);
	set(&a->state, e->state);
	set(&a->why, e->why);
	return 0;
}

/* The record of the last attempt is newer than any snapshot. */
static void take_record(struct dossier *d)
{
	const struct ticket *t = &d->ticket;
	struct dossier_attempt *a;

	if (!d->has_ticket || !(t->blocks & TICKET_OFFER))
		return;
	a = attempt_of(d, t->attempt);
	if (!a->offered_at)
		a->offered_at = t->offered_at;
	set(&a->runner, t->runner);
	if (!(t->blocks & TICKET_FILED))
		return;
	a->last_at = t->filed_at;
	set(&a->last, "file");
	set(&a->state, t->state);
	set(&a->why, t->reason);
}

static void add_file(struct dossier *d, const char *name, uint64_t size)
{
	d->files = xrealloc(d->files, d->file_count + 1, sizeof(*d->files));
	d->files[d->file_count++] = (struct dossier_file){ .name = xstrdup(name), .size = size };
}

/* "out\x20file.csv 1234" */
static void add_output(struct dossier *d, const char *entry)
{
	_cleanup_free_ char *copy = xstrdup(entry), *name = NULL;
	char *blank = strrchr(copy, ' ');
	int64_t size;

	if (strcmp(entry, "...") == 0) {
		d->more_files = true;
		return;
	}
	if (!blank || human_parse_int(blank + 1, 0, INT64_MAX, &size) < 0)
		return;
	*blank = '\0';
	name = unescape_text(copy);
	add_file(d, name ? name : copy, (uint64_t)size);
}

/* The output as far as it has been written, whether the job has ended or not. */
static void look_at_output(struct dossier *d, int fd)
{
	static const char *const names[] = { SPOOL_STDOUT, SPOOL_STDERR, SPOOL_REJECTED };
	struct stat st;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		bool listed = false;

		for (size_t k = 0; k < d->file_count; k++)
			listed = listed || strcmp(d->files[k].name, names[i]) == 0;
		if (!listed && safefs_stat(fd, names[i], &st) == 0 && S_ISREG(st.st_mode))
			add_file(d, names[i], (uint64_t)st.st_size);
	}
}

static void read_record(struct dossier *d, int fd)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	if (safefs_read(fd, SPOOL_RESULT, RECORD_MAX_BYTES, &text, &len, NULL) < 0)
		return;
	r = ticket_parse(text, len, &d->ticket, NULL);
	if (r != RECORD_WHOLE && r != RECORD_TORN)
		return;
	if ((d->ticket.blocks & TICKET_OFFER) && d->ticket.id != d->job.id) {
		ticket_free(&d->ticket);
		return;
	}
	d->has_ticket = true;
	for (size_t i = 0; i < d->ticket.outputs.count; i++)
		add_output(d, d->ticket.outputs.items[i]);
}

static void read_folder(const struct spool *sp, struct dossier *d)
{
	_cleanup_close_ int fd = jobs_open(sp, &d->job);

	if (fd < 0)
		return;
	d->has_manifest = manifest_read(fd, true, &d->manifest) == 0;
	if (JOBS_IN(d->job.place) & JOBS_ENDED)
		read_record(d, fd);
	look_at_output(d, fd);
}

static int take_lost(const char *name, unsigned char type, void *arg)
{
	struct dossier *d = arg;
	struct spool_job_name parsed;

	(void)type;
	if (spool_parse_job_folder(name, &parsed) == 0 && parsed.id == d->job.id)
		strlist_add(&d->evidence, name);
	return 0;
}

void dossier_collect(const struct spool *sp, struct job *job, struct dossier *ret)
{
	struct index *ix;

	*ret = (struct dossier){ .job = *job };
	*job = (struct job){ 0 };
	describe_job(sp, &ret->job);
	read_folder(sp, ret);
	spool_list(sp, SPOOL_LOST, take_lost, ret);
	if (snapshot_open(sp, &ix, NULL) == 0) {
		index_events(ix, ret->job.id, take_event, ret);
		index_close(ix);
	}
	take_record(ret);
}

static void free_attempts(struct dossier *d)
{
	for (size_t i = 0; i < d->attempt_count; i++) {
		free(d->attempts[i].runner);
		free(d->attempts[i].last);
		free(d->attempts[i].state);
		free(d->attempts[i].why);
	}
	free(d->attempts);
}

void dossier_free(struct dossier *d)
{
	for (size_t i = 0; i < d->file_count; i++)
		free(d->files[i].name);
	free(d->files);
	free_attempts(d);
	if (d->has_manifest)
		manifest_free(&d->manifest);
	if (d->has_ticket)
		ticket_free(&d->ticket);
	strlist_free(&d->evidence);
	jobs_free_one(&d->job);
	*d = (struct dossier){ 0 };
}
