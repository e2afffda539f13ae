/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jobs - lists and finds job folders.
 *
 * Reads the inboxes by name first and the places after them, in the order in which a job goes
 * through them. A job that moves on meanwhile is then seen in its old place, in its new one, or in
 * both, but never in none; only a job that goes back (withdrawn, or given back by its runner) may
 * escape one look, so jobs_find looks twice before it says so. Nothing is changed.
 */
#include "jobs.h"

#include "cleanup.h"
#include "inboxes.h"
#include "index.h"
#include "snapshot.h"
#include "xalloc.h"

#include <fcntl.h>
#include <pwd.h>
#include <string.h>

#define LOOKS 2
#define NET_PAUSE_MS 1100 /* an SMB client trusts for a second what it has listed */

struct listing {
	struct jobs *jobs;
	size_t room;
	enum spool_place place;
	uint64_t only; /* 0: all */
};

static void init_job(struct job *job, const struct spool_job_name *parsed, enum spool_place place,
		     const char *folder)
{
	*job = (struct job){
		.id = parsed->id,
		.attempt = parsed->attempt,
		.place = place,
		.folder = xstrdup(folder),
		.name = xstrdup(parsed->name),
		.uid = (uid_t)-1,
		.wall_ms = -1,
		.cpu_ms = -1,
		.exit_code = -1,
	};
}

static int add_folder(const char *name, unsigned char type, void *arg)
{
	struct listing *l = arg;
	struct spool_job_name parsed;

	(void)type;
	if (spool_parse_job_folder(name, &parsed) < 0 || (l->only && parsed.id != l->only))
		return 0;
	if (l->jobs->count == l->room) {
		l->room = l->room ? 2 * l->room : 64;
		l->jobs->items = xrealloc(l->jobs->items, l->room, sizeof(*l->jobs->items));
	}
	init_job(&l->jobs->items[l->jobs->count++], &parsed, l->place, name);
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct job *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return (int)x->place - (int)y->place;
}

/* Sorts by id and keeps of each id the farthest place. */
static void settle_doubles(struct jobs *jobs)
{
	size_t kept = 0;

	if (jobs->count > 1)
		qsort(jobs->items, jobs->count, sizeof(*jobs->items), compare);
	for (size_t i = 0; i < jobs->count; i++) {
		if (i + 1 < jobs->count && jobs->items[i + 1].id == jobs->items[i].id)
			jobs_free_one(&jobs->items[i]);
		else
			jobs->items[kept++] = jobs->items[i];
	}
	jobs->count = kept;
}

/* State, as far as places and tickets tell it. */
static void name_state(struct job *job, const struct inboxes *in)
{
	const struct inboxes_ticket *t;

	switch (job->place) {
	case SPOOL_ACTIVE:
		t = inboxes_find(in, job->id, job->attempt);
		job->state = xstrdup(inboxes_state(t));
		job->runner = t ? xstrdup(t->runner) : NULL;
		return;
	case SPOOL_DONE:
		job->state = xstrdup("DONE");
		return;
	case SPOOL_FAILED:
		job->state = xstrdup("FAILED");
		return;
	default:
		job->state = xstrdup("QUEUED");
	}
}

static int list(const struct spool *sp, unsigned places, uint64_t only, struct jobs *ret)
{
	static const enum spool_place way[] = { SPOOL_QUEUED, SPOOL_ACTIVE, SPOOL_DONE,
						SPOOL_FAILED };
	struct listing l = { .jobs = ret, .only = only };
	struct inboxes in = { 0 };
	int r = 0;

	*ret = (struct jobs){ 0 };
	/* An unreadable claims/ costs only the difference between OFFERED and RUNNING. */
	if (places & JOBS_ACTIVE)
		inboxes_read(sp, &in);
	for (size_t i = 0; r == 0 && i < sizeof(way) / sizeof(way[0]); i++) {
		l.place = way[i];
		if (places & JOBS_IN(way[i]))
			r = spool_list(sp, way[i], add_folder, &l);
	}
	settle_doubles(ret);
	for (size_t i = 0; i < ret->count; i++)
		name_state(&ret->items[i], &in);
	inboxes_free(&in);
	if (r < 0)
		jobs_free(ret);
	return r;
}

int jobs_list(const struct spool *sp, unsigned places, struct jobs *ret)
{
	return list(sp, places, 0, ret);
}

/* Where the snapshot believes the job to be. */
struct hint {
	struct job *job;
	bool found;
};

static int take_hint(const struct index_job *row, void *arg)
{
	struct spool_job_name parsed;
	struct hint *hint = arg;

	if (!row->folder || !row->place || spool_parse_job_folder(row->folder, &parsed) < 0)
		return 1;
	for (enum spool_place place = SPOOL_QUEUED; place <= SPOOL_FAILED; place++) {
		if (strcmp(row->place, spool_place_name(place)) == 0) {
			init_job(hint->job, &parsed, place, row->folder);
			hint->found = true;
		}
	}
	return 1;
}

/* Only an ended job stays where it was: for the others the hint is not worth a look. */
static bool find_by_hint(const struct spool *sp, uint64_t id, struct job *ret)
{
	struct hint hint = { .job = ret };
	struct index *ix;
	int fd = -1;

	if (snapshot_open(sp, &ix, NULL) < 0)
		return false;
	index_jobs(ix, id, take_hint, &hint);
	index_close(ix);
	if (!hint.found)
		return false;
	if (JOBS_IN(ret->place) & JOBS_ENDED)
		fd = jobs_open(sp, ret);
	if (fd < 0) {
		jobs_free_one(ret);
		return false;
	}
	close(fd);
	name_state(ret, NULL);
	return true;
}

int jobs_find(const struct spool *sp, uint64_t id, struct job *ret)
{
	struct jobs found;
	int r;

	if (find_by_hint(sp, id, ret))
		return 0;
	for (int look = 0; look < LOOKS; look++) {
		if (look && sp->kind != SAFEFS_LOCAL)
			usleep(NET_PAUSE_MS * 1000);
		r = list(sp, JOBS_ALL, id, &found);
		if (r < 0)
			return r;
		if (found.count) {
			*ret = found.items[0];
			free(found.items);
			return 0;
		}
		jobs_free(&found);
	}
	return -ENOENT;
}

struct job *jobs_get(const struct jobs *jobs, uint64_t id)
{
	size_t low = 0, high = jobs->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (jobs->items[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < jobs->count && jobs->items[low].id == id ? &jobs->items[low] : NULL;
}

int jobs_open(const struct spool *sp, const struct job *job)
{
	_cleanup_close_ int place = safefs_open_dir(sp->fd, spool_place_name(job->place));

	return place < 0 ? place : safefs_open_dir(place, job->folder);
}

char *jobs_path(const struct spool *sp, const struct job *job)
{
	return xasprintf("%s/spool/%s/%s", sp->path, spool_place_name(job->place), job->folder);
}

uid_t jobs_owner(const struct spool *sp, struct job *job)
{
	int place = job->uid == (uid_t)-1 ? spool_place(sp, job->place) : -1;
	struct stat st;

	if (place >= 0 && fstatat(place, job->folder, &st, AT_SYMLINK_NOFOLLOW) == 0)
		job->uid = st.st_uid;
	return job->uid;
}

bool jobs_is_mine(const struct spool *sp, struct job *job)
{
	return jobs_owner(sp, job) == getuid();
}

bool jobs_hide_owners(const struct spool *sp, const struct jobs *jobs)
{
	struct stat st;

	if (sp->kind != SAFEFS_SMB || fstat(sp->fd, &st) < 0 || st.st_uid == getuid())
		return false;
	for (size_t i = 0; i < jobs->count; i++) {
		if (jobs_owner(sp, &jobs->items[i]) != st.st_uid)
			return false;
	}
	return true;
}

const char *jobs_user_name(uid_t uid)
{
	static struct {
		uid_t uid;
		char *name;
	} known[64];
	static size_t count;
	struct passwd *pw;
	char *name;

	for (size_t i = 0; i < count; i++) {
		if (known[i].uid == uid)
			return known[i].name;
	}
	pw = getpwuid(uid);
	name = pw ? xstrdup(pw->pw_name) : xasprintf("%lu", (unsigned long)uid);
	/* With more users than that, the last entry is used again by turns. */
	if (count == sizeof(known) / sizeof(known[0]))
		free(known[--count].name);
	known[count].uid = uid;
	known[count].name = name;
	return known[count++].name;
}

int64_t jobs_elapsed(const struct job *job, int64_t now)
{
	if (job->wall_ms >= 0)
		return job->wall_ms;
	if (job->started_at == 0 || !(JOBS_IN(job->place) & JOBS_ACTIVE))
		return -1;
	/* Another host's clock may run ahead of ours. */
	return now > job->started_at ? now - job->started_at : 0;
}

int64_t jobs_left(const struct job *job, int64_t now)
{
	int64_t elapsed = jobs_elapsed(job, now);

	if (job->place != SPOOL_ACTIVE || job->ttl_ms <= 0 || elapsed < 0)
		return -1;
	return job->ttl_ms > elapsed ? job->ttl_ms - elapsed : 0;
}

void jobs_free_one(struct job *job)
{
	free(job->folder);
	free(job->state);
	free(job->name);
	free(job->user);
	free(job->app);
	free(job->group);
	free(job->runner);
	free(job->reason);
	*job = (struct job){ 0 };
}

void jobs_free(struct jobs *jobs)
{
	for (size_t i = 0; i < jobs->count; i++)
		jobs_free_one(&jobs->items[i]);
	free(jobs->items);
	*jobs = (struct jobs){ 0 };
}
