/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * purge - lost/ and markers without a ticket after keep_lost, replies after an hour, our own
 * temporaries after a day.
 *
 * Ages are the file server's stamps against the clock of the host beside the disk, which is the
 * same host or, on an NFS mount, at worst some minutes off. Nothing of a user's is touched: a
 * folder in lost/ is evidence of an attempt whose inputs were copied. It is more than that, and
 * stays whatever its age, until the copy is in its place: without it the scan would take the copy
 * for unfinished, and throw it away with the job. A crash leaves the rest for the next time.
 */
#include "purge.h"

#include "cleanup.h"
#include "clock.h"
#include "jobs.h"
#include "log.h"
#include "removals.h"
#include "xalloc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define MOST 200
#define HOUR_MS (3600 * 1000LL)

struct search {
	struct coordinator *co;
	enum spool_place place;
	bool only_tmp;
	int64_t older_than; /* ms */
	unsigned count;
};

/* ctime: a rename or a change by us; a copied tree keeps an old mtime. */
static bool is_old(int fd, const char *name, int64_t older_than)
{
	struct stat st;

	return fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       clock_wall_ms() - (int64_t)st.st_ctim.tv_sec * 1000 >= older_than;
}

/* Is it known that the job can do without this attempt? */
static bool is_spent(struct coordinator *co, const char *name)
{
	_cleanup_free_ char *copy = NULL;
	struct spool_job_name parsed;
	const struct job *job;

	if (spool_parse_job_folder(name, &parsed) < 0)
		return true; /* no job's */
	job = jobs_find(co, parsed.id);
	if (job && job->place == SPOOL_LOST && job->attempt == parsed.attempt)
		return false;
	copy = xasprintf(SPOOL_TMP "%" PRIu64 ".%u", parsed.id, parsed.attempt);
	return safefs_look(co->sp.place_fd[SPOOL_QUEUED], copy, NULL) == -ENOENT;
}

static int consider(const char *name, unsigned char type, void *arg)
{
	struct search *s = arg;
	int fd = s->co->sp.place_fd[s->place];

	(void)type;
	if (spool_is_readme(name) || (s->only_tmp && !spool_is_tmp(name)) ||
	    !is_old(fd, name, s->older_than) || (s->place == SPOOL_LOST && !is_spent(s->co, name)))
		return 0;
	removals_add(s->co, fd, spool_place_name(s->place), name);
	return ++s->count >= MOST;
}

static void purge_place(struct coordinator *co, enum spool_place place, bool only_tmp,
			int64_t older_than)
{
	struct search s = {
		.co = co, .place = place, .only_tmp = only_tmp, .older_than = older_than
	};

	(void)spool_list(&co->sp, place, consider, &s);
	if (s.count > 0)
		log_info("purge: %u old entries of %s/ are removed", s.count,
			 spool_place_name(place));
}

/* -- markers ------------------------------------------------------------------------------------- */

static int add_name(const char *name, unsigned char type, void *arg)
{
	(void)type;
	strlist_add(arg, name);
	return 0;
}

static bool has_ticket(const struct strlist *names, const struct spool_ticket_name *marker)
{
	struct spool_ticket_name tn;

	for (size_t i = 0; i < names->count; i++)
		if (spool_parse_ticket_name(names->items[i], &tn) == 0 && tn.id == marker->id &&
		    tn.attempt == marker->attempt && tn.kind < SPOOL_ORDER_CANCEL)
			return true;
	return false;
}

/* Somebody has removed the ticket by hand, or a crash came between the two. */
static void purge_markers(struct coordinator *co, const struct runner *runner)
{
	_cleanup_free_ char *where = xasprintf("%s/%s", spool_place_name(SPOOL_CLAIMS),
					       runner->name);
	struct strlist names = { 0 };
	struct spool_ticket_name tn;

	if (safefs_list(co->sp.fd, where, add_name, &names) == 0)
		for (size_t i = 0; i < names.count; i++)
			if (spool_parse_ticket_name(names.items[i], &tn) == 0 &&
			    tn.kind == SPOOL_ORDER_REVOKED &&
			    is_old(runner->inbox_fd, names.items[i], co->opt.keep_lost) &&
			    !has_ticket(&names, &tn))
				removals_add(co, runner->inbox_fd, where, names.items[i]);
	strlist_free(&names);
}

void purge_run(struct coordinator *co)
{
	purge_place(co, SPOOL_LOST, false, co->opt.keep_lost);
	for (const struct runner *r = co->runners; r; r = r->hh.next)
		purge_markers(co, r);
	purge_place(co, SPOOL_REPLIES, false, HOUR_MS);
	for (enum spool_place place = SPOOL_INCOMING; place <= SPOOL_FAILED; place++)
		if (place != SPOOL_QUEUED) /* the scan decides about those */
			purge_place(co, place, true, 24 * HOUR_MS);
	purge_place(co, SPOOL_STATUS, true, HOUR_MS);
	purge_place(co, SPOOL_REQUESTS, true, HOUR_MS);
}
