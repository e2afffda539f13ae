/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan - the share is the truth, and this reads it.
 *
 * A scan is a list of stages, always in this order: runners, boxes, requests, inboxes, then the
 * folders of jobs, then what follows from both (tickets.c's table). Inboxes come before folders, so
 * that a ticket that moves on is never taken for missing. The frequent scan ends after the inboxes;
 * the whole one goes on through all folders, in slices of some milliseconds, and at start in one
 * go: the same function, so start-up is recovery. A scan always finishes; what is asked for
 * meanwhile makes another one follow.
 */
#include "scan.h"

#include "cleanup.h"
#include "clock.h"
#include "control.h"
#include "drops.h"
#include "found.h"
#include "jobs.h"
#include "journal.h"
#include "log.h"
#include "places.h"
#include "purge.h"
#include "requeue.h"
#include "runners.h"
#include "silence.h"
#include "tickets.h"
#include "xalloc.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define SLICE_MS 5
#define NO_LIMIT INT64_MAX

enum stage {
	STAGE_RUNNERS,
	STAGE_BOXES,
	STAGE_REQUESTS,
	STAGE_INBOXES,
	STAGE_ACTIVE, /* the frequent scan ends before the folders, but looks after the few active
			 ones */
	STAGE_QUEUED,
	STAGE_FOLDERS_ACTIVE,
	STAGE_DONE,
	STAGE_FAILED,
	STAGE_CONCLUDE,
	STAGE_END
};

struct copy {
	uint64_t id;
	unsigned attempt;
	char *name;
};

/* One scan at a time. */
static struct {
	bool running, whole, again, known; /* known: a whole scan has ended once */
	enum stage stage;
	DIR *dir;	     /* of the folder being listed in slices */
	struct copy *copies; /* found in queued/ */
	size_t copy_count;
	sd_event_source *timer, *slice;
	int64_t next_whole; /* boot ms */
} scan;

/* -- folders ------------------------------------------------------------------------------------- */

/* "12" or "12@octave" behind .tmp-: a single file that got its folder before a crash. */
static bool parse_wrapped(const char *name, uint64_t *ret_id)
{
	char folder[SPOOL_FOLDER_SIZE * 2];
	struct spool_job_name parsed;
	size_t digits;

	if (!spool_is_tmp(name))
		return false;
	name += strlen(SPOOL_TMP);
	digits = strspn(name, "0123456789");
	if (digits == 0 || digits > 18 || (name[digits] != '\0' && name[digits] != '@'))
		return false;
	snprintf(folder, sizeof(folder), "%.*s-x", (int)digits, name);
	if (spool_parse_job_folder(folder, &parsed) < 0)
		return false;
	*ret_id = parsed.id;
	return true;
}

static void found_wrapped(struct coordinator *co, const char *name, uint64_t id)
{
	struct job *job = jobs_find(co, id);

	/* Empty: a crash before the file was moved into it; it lies in its box still. */
	if (job || unlinkat(co->sp.place_fd[SPOOL_QUEUED], name, AT_REMOVEDIR) == 0)
		return;
	job = jobs_new(co, id, "file");
	job->wrapped = true;
	jobs_moved(job, SPOOL_INCOMING, name);
	found_name_wrapped(job);
	log_info("%" PRIu64 ": a dropped file is examined again", id);
	jobs_due(job, STEP_ADMIT);
}

static void found_temporary(struct coordinator *co, const char *name)
{
	struct spool_ticket_name tn;
	uint64_t id;

	if (parse_wrapped(name, &id)) {
		found_wrapped(co, name, id);
	} else if (spool_parse_ticket_name(name, &tn) == 0 && tn.kind == SPOOL_TICKET_TMP) {
		scan.copies = xrealloc(scan.copies, scan.copy_count + 1, sizeof(*scan.copies));
		scan.copies[scan.copy_count++] = (struct copy){ tn.id, tn.attempt, xstrdup(name) };
	}
}

/* A job's folder in queued/ or active/. */
static void found_folder(struct coordinator *co, enum spool_place place, const char *name)
{
	struct spool_job_name parsed;
	struct job *job;

	if (spool_is_litter(name) || spool_is_readme(name))
		return;
	if (place == SPOOL_QUEUED && spool_is_tmp(name)) {
		found_temporary(co, name);
		return;
	}
	if (spool_parse_job_folder(name, &parsed) < 0) {
		log_trouble(name, "a name in %s/ is no job's: left alone, see spoolctl check",
			    spool_place_name(place));
		return;
	}
	job = jobs_find(co, parsed.id);
	if (!job) {
		job = jobs_new(co, parsed.id, parsed.name);
	} else if (job->busy || (job->place == place && strcmp(job->at, name) == 0) ||
		   !jobs_folder_is_gone(job)) {
		job->seen_in_scan = co->scan_number;
		return; /* known; or the other place holds it and spoolctl check will complain about
			   this one */
	}
	job->seen_in_scan = co->scan_number;
	job->marked = job->marked && job->attempt == parsed.attempt;
	job->attempt = parsed.attempt;
	jobs_moved(job, place, name);
	if (place == SPOOL_ACTIVE)
		found_needs(job);
}

/* Lists a folder until the time is up. true: finished. */
static bool list_slice(struct coordinator *co, enum spool_place place, int64_t until, int *ret)
{
	struct dirent *entry;
	unsigned count = 0;

	*ret = 0;
	if (place == SPOOL_DONE || place == SPOOL_FAILED)
		journal_flush(co, true); /* the index is asked about each */
	if (!scan.dir) {
		int fd = safefs_open_dir(co->sp.fd, spool_place_name(place));

		scan.dir = fd < 0 ? NULL : fdopendir(fd);
		if (!scan.dir) {
			*ret = fd < 0 ? fd : -errno;
			return true;
		}
	}
	while (errno = 0, (entry = readdir(scan.dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (place == SPOOL_DONE || place == SPOOL_FAILED)
			found_ended(co, place, entry->d_name);
		else
			found_folder(co, place, entry->d_name);
		if (++count % 64 == 0 && clock_boot_ms() > until)
			return false;
	}
	*ret = -errno;
	closedir(scan.dir);
	scan.dir = NULL;
	return true;
}

/* -- stages -------------------------------------------------------------------------------------- */

static void scan_inboxes(struct coordinator *co)
{
	int64_t since = co->inboxes_read_since;

	/* Until all have been read, no ticket is missing. */
	co->inboxes_read_since = 0;
	for (struct runner *r = co->runners; r; r = r->hh.next)
		tickets_scan_inbox(co, r);
	if (runners_all_read(co))
		co->inboxes_read_since = since ? since : clock_boot_ms();
}

/* Jobs that rest while others act for them: the folder may have been deleted, the time may have
 * come. */
static void look_after(struct coordinator *co, enum step resting)
{
	_cleanup_free_ uint64_t *ids = NULL;
	size_t count = 0;
	struct job *job;

	/* By number: what is settled goes to the end of some list, and a look into an inbox may
	 * move any other job on. */
	TAILQ_FOREACH(job, &co->due[resting], link) {
		if ((count & (count - 1)) == 0)
			ids = xrealloc(ids, count ? 2 * count : 1, sizeof(*ids));
		ids[count++] = job->id;
	}
	for (size_t i = 0; i < count; i++) {
		job = jobs_find(co, ids[i]);
		if (!job || job->busy || job->step != resting)
			continue;
		if (job->returning && !job->cancel)
			jobs_due(job, STEP_RETURN);
		else if (resting == STEP_RETRY && job->place != SPOOL_ACTIVE &&
			 (job->place != SPOOL_QUEUED || complaint_any(&job->complaint)))
			jobs_due(job, job->place == SPOOL_LOST ? STEP_REVIVE
				      : job->answered	       ? STEP_DISCARD
							       : STEP_REJECT);
		else if ((job->place != SPOOL_ACTIVE || job->seen_in_scan != co->scan_number) &&
			 jobs_folder_is_gone(job))
			found_deleted(job);
		else
			tickets_look_after(job);
	}
}

static int note_active(const char *name, unsigned char type, void *arg)
{
	struct coordinator *co = arg;
	struct spool_job_name parsed;
	struct job *job;

	(void)type;
	job = spool_parse_job_folder(name, &parsed) == 0 ? jobs_find(co, parsed.id) : NULL;
	if (job && job->place == SPOOL_ACTIVE && strcmp(job->at, name) == 0)
		job->seen_in_scan = co->scan_number;
	return 0;
}

/* One listing instead of a look for each; what it lacks is looked for by name. */
static int look_after_active(struct coordinator *co)
{
	int r = spool_list(&co->sp, SPOOL_ACTIVE, note_active, co);

	if (r < 0)
		return r;
	look_after(co, STEP_OFFERED);
	look_after(co, STEP_CLAIMED);
	look_after(co, STEP_MISSED);
	look_after(co, STEP_REVOKED);
	look_after(co, STEP_RETRY);
	return 0;
}

static void forget_copies(void)
{
	for (size_t i = 0; i < scan.copy_count; i++)
		free(scan.copies[i].name);
	free(scan.copies);
	scan.copies = NULL;
	scan.copy_count = 0;
}

/* All has been listed: what does each job wait for? */
static void conclude(struct coordinator *co)
{
	struct job *job, *next;

	tickets_settle_strays(co);
	HASH_ITER(hh, co->jobs, job, next) {
		if (job->line && job->seen_in_scan != co->scan_number && jobs_folder_is_gone(job)) {
			found_deleted(job);
			continue;
		}
		if (job->busy || job->line || job->step != STEP_NONE ||
		    (job->place != SPOOL_QUEUED && job->place != SPOOL_ACTIVE))
			continue;
		tickets_settle(job);
	}
	for (size_t i = 0; i < scan.copy_count; i++)
		requeue_found_copy(co, scan.copies[i].name, scan.copies[i].id,
				   scan.copies[i].attempt);
	forget_copies();
	found_compare_index(co);
	scan.known = true;
	purge_run(co);
}

/* One stage, or a slice of it. true: go on to the next. */
static bool run_stage(struct coordinator *co, int64_t until, int *ret)
{
	*ret = 0;
	switch (scan.stage) {
	case STAGE_RUNNERS:
		co->scan_number++;
		*ret = places_check(co);
		if (*ret == 0)
			*ret = runners_scan(co);
		silence_sight(co, *ret == 0);
		return true;
	case STAGE_BOXES:
		*ret = drops_scan(co);
		return true;
	case STAGE_REQUESTS:
		/* Before the folders are known a request cannot be answered. */
		*ret = scan.known ? control_scan(co) : 0;
		return true;
	case STAGE_INBOXES:
		scan_inboxes(co);
		return true;
	case STAGE_ACTIVE:
		*ret = look_after_active(co);
		if (!scan.whole && scan.known)
			tickets_settle_strays(co);
		return true;
	case STAGE_QUEUED:
		return list_slice(co, SPOOL_QUEUED, until, ret);
	case STAGE_FOLDERS_ACTIVE:
		return list_slice(co, SPOOL_ACTIVE, until, ret);
	case STAGE_DONE:
		return list_slice(co, SPOOL_DONE, until, ret);
	case STAGE_FAILED:
		return list_slice(co, SPOOL_FAILED, until, ret);
	case STAGE_CONCLUDE:
		conclude(co);
		return true;
	case STAGE_END:
		break;
	}
	return true;
}

static void begin(bool whole)
{
	forget_copies(); /* of a scan that was given up */
	if (scan.dir)
		closedir(scan.dir);
	scan.dir = NULL;
	scan.running = true;
	scan.whole = whole;
	scan.stage = STAGE_RUNNERS;
	if (whole)
		found_begin();
}

/* Runs until the end or until the time is up. 0 or negative errno (the scan is given up; another
 * follows). */
static int go_on(struct coordinator *co, int64_t until)
{
	int r = 0;

	while (scan.running && clock_boot_ms() <= until) {
		if (!run_stage(co, until, &r))
			break;
		if (r < 0)
			scan.stage = STAGE_END;
		else
			scan.stage = scan.stage == STAGE_ACTIVE && !scan.whole ? STAGE_END
									       : scan.stage + 1;
		if (scan.stage == STAGE_END)
			scan.running = false;
	}
	if (r < 0 && scan.whole)
		scan.next_whole = 0;
	if (r < 0)
		co->inboxes_read_since = 0;
	if (r < 0)
		log_trouble("scan", "the share cannot be read (%s): scanned again soon",
			    strerror(-r));
	else if (!scan.running)
		log_mended("scan");
	return r;
}

int scan_all(struct coordinator *co)
{
	int r;

	begin(true);
	r = go_on(co, NO_LIMIT);
	if (r == 0)
		r = control_scan(co);
	scan.next_whole = clock_boot_ms() + co->opt.scan_folders;
	return r;
}

/* -- time ---------------------------------------------------------------------------------------- */

static int64_t interval(const struct coordinator *co)
{
	return co->polling ? co->opt.scan_polled : co->opt.scan;
}

static int on_slice(sd_event_source *source, void *arg)
{
	struct coordinator *co = arg;

	go_on(co, clock_boot_ms() + SLICE_MS);
	if (scan.running)
		return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	sd_event_source_set_time_relative(scan.timer,
					  (uint64_t)(scan.again ? 10 : interval(co)) * 1000);
	sd_event_source_set_enabled(scan.timer, SD_EVENT_ONESHOT);
	scan.again = false;
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	struct coordinator *co = arg;
	bool whole = clock_boot_ms() >= scan.next_whole;

	(void)source;
	(void)usec;
	if (whole)
		scan.next_whole = clock_boot_ms() + co->opt.scan_folders;
	begin(whole);
	return sd_event_source_set_enabled(scan.slice, SD_EVENT_ONESHOT);
}

int scan_start(struct coordinator *co)
{
	int r = sd_event_add_time_relative(co->event, &scan.timer, CLOCK_BOOTTIME,
					   (uint64_t)interval(co) * 1000, 100000, on_timer, co);

	if (r >= 0)
		r = sd_event_add_defer(co->event, &scan.slice, on_slice, co);
	if (r >= 0)
		r = sd_event_source_set_enabled(scan.slice, SD_EVENT_OFF);
	return r < 0 ? r : 0;
}

static void scan_in(int64_t ms)
{
	if (!scan.timer)
		return;
	sd_event_source_set_time_relative(scan.timer, (uint64_t)ms * 1000);
	sd_event_source_set_enabled(scan.timer, SD_EVENT_ONESHOT);
}

void scan_soon(struct coordinator *co)
{
	(void)co;
	if (scan.running)
		scan.again = true;
	else
		scan_in(10);
}

void scan_within(struct coordinator *co, int64_t ms)
{
	uint64_t due;

	(void)co;
	if (scan.running)
		scan.again = true;
	else if (scan.timer && sd_event_source_get_time(scan.timer, &due) >= 0 &&
		 due > (uint64_t)(clock_boot_ms() + ms) * 1000)
		scan_in(ms);
}

void scan_anew(struct coordinator *co)
{
	if (!scan.known && !scan.running)
		return; /* it is under way */
	scan.known = false;
	scan.running = false;
	scan.next_whole = 0;
	if (scan.slice)
		sd_event_source_set_enabled(scan.slice, SD_EVENT_OFF);
	tickets_drop_strays(co);
	scan_in(interval(co));
}

bool scan_knows_all(void)
{
	return scan.known;
}

void scan_stop(void)
{
	if (scan.dir)
		closedir(scan.dir);
	sd_event_source_unref(scan.timer);
	sd_event_source_unref(scan.slice);
}
