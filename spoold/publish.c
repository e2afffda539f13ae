/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * publish - snapshots with a number of their own, never replaced: a client may read a replaced file
 * stale for ever.
 *
 * The text is made in the loop from memory (counts, runners, the jobs at work: nothing that grows
 * with the queue), the copy of the index in the slow lane. Written as .tmp-*, renamed, the last
 * three kept. A crash leaves a temporary; the next start counts on.
 */
#include "publish.h"

#include "cleanup.h"
#include "clock.h"
#include "control.h"
#include "escape.h"
#include "index.h"
#include "journal.h"
#include "log.h"
#include "runners.h"
#include "worker.h"
#include "xalloc.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define KEEP 3
#define COST_SHARE 20 /* publishing may take one twentieth of the time */

static struct {
	uint64_t last;		    /* the last number published or under way */
	uint64_t published_changes; /* of co->changes */
	bool running, armed;
	int64_t not_before;	/* boot ms */
	struct strlist waiting; /* requests that wait for the next one */
	sd_event_source *timer;
} publish;

struct snapshot {
	struct coordinator *co;
	uint64_t number;
	char *index_path;
	char *json;
	int64_t started;
	struct strlist requests;
};

/* -- the text ------------------------------------------------------------------------------------ */

static void json_string(FILE *out, const char *key, const char *value)
{
	_cleanup_free_ char *text = escape_text(value ? value : "", ESCAPE_TEXT);

	fprintf(out, "\"%s\": \"", key);
	for (const char *p = text; *p; p++) {
		if (*p == '"' || *p == '\\')
			fputc('\\', out);
		fputc(*p, out);
	}
	fputc('"', out);
}

static void json_runners(FILE *out, const struct coordinator *co)
{
	fputs("  \"runners\": [", out);
	for (const struct runner *r = co->runners; r; r = r->hh.next) {
		fputs(r == co->runners ? "\n    {" : ",\n    {", out);
		json_string(out, "runner", r->name);
		fputs(", ", out);
		json_string(out, "state", runners_state(r));
		fputs(", ", out);
		json_string(out, "platform", r->reg.platform);
		fprintf(out,
			", \"slots\": %u, \"used\": %u, \"load\": %.2f, \"memory\": %" PRIu64
			", \"free_memory\": %" PRIu64 "}",
			r->reg.slots, r->used_cores, r->beat.load, r->reg.memory,
			r->beat.free_memory);
	}
	fputs("\n  ],\n", out);
}

static void json_jobs(FILE *out, const struct coordinator *co)
{
	const char *comma = "";

	fputs("  \"at_work\": [", out);
	for (const struct job *job = co->jobs; job; job = job->hh.next) {
		if (!job->runner || job->place != SPOOL_ACTIVE)
			continue;
		fprintf(out, "%s\n    {\"id\": %" PRIu64 ", \"attempt\": %u, ", comma, job->id,
			job->attempt);
		json_string(out, "name", job->name);
		fputs(", ", out);
		json_string(out, "runner", job->runner->name);
		fputs(", ", out);
		json_string(out, "state",
			    job->ticket == SPOOL_TICKET_CLAIM  ? "RUNNING"
			    : job->ticket == SPOOL_TICKET_DONE ? "COMPLETING"
							       : "OFFERED");
		fputc('}', out);
		comma = ",";
	}
	fputs("\n  ],\n", out);
}

static char *make_json(const struct coordinator *co)
{
	char stamp[CLOCK_STAMP_SIZE], *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fprintf(out, "{\n  \"format\": 1,\n  ");
	json_string(out, "spool", co->sp.id);
	fputs(",\n  ", out);
	json_string(out, "coordinator", co->instance);
	fprintf(out, ",\n  \"published\": \"%s\",\n", clock_stamp(clock_wall_ms(), stamp));
	fprintf(out, "  \"waiting\": %zu,\n  \"active\": %zu,\n  \"arriving\": %u,\n", co->waiting,
		(size_t)HASH_COUNT(co->jobs) - co->waiting, HASH_COUNT(co->drops));
	json_runners(out, co);
	json_jobs(out, co);
	fprintf(out, "  \"ends\": \"here\"\n}\n");
	fclose(out);
	return text;
}

/* -- in the slow lane ---------------------------------------------------------------------------- */

static char *numbered(const char *stem, uint64_t number, const char *ending)
{
	return xasprintf("%s.%" PRIu64 ".%s", stem, number, ending);
}

static int write_database(const struct snapshot *s, int status_fd)
{
	_cleanup_free_ char *name = numbered("spool", s->number, "db"),
			    *tmp = xasprintf(SPOOL_TMP "%s", name);
	_cleanup_free_ char *path = xasprintf("%s/spool/%s/%s", s->co->sp.path,
					      spool_place_name(SPOOL_STATUS), tmp);
	int r;

	(void)unlinkat(status_fd, tmp, 0);
	r = index_snapshot(s->index_path, path);
	if (r == 0 && renameat(status_fd, tmp, status_fd, name) < 0)
		r = -errno;
	return r;
}

static int run(void *arg)
{
	struct snapshot *s = arg;
	int status_fd = s->co->sp.place_fd[SPOOL_STATUS];
	_cleanup_free_ char *json = numbered("status", s->number, "json");
	int r = write_database(s, status_fd);

	if (r == 0)
		r = safefs_replace(status_fd, json, s->json, strlen(s->json), 0644, false);
	if (r == 0 && s->number > KEEP) {
		_cleanup_free_ char *old_db = numbered("spool", s->number - KEEP, "db");
		_cleanup_free_ char *old_json = numbered("status", s->number - KEEP, "json");

		(void)unlinkat(status_fd, old_db, 0);
		(void)unlinkat(status_fd, old_json, 0);
	}
	return r;
}

static void ended(void *arg, int result)
{
	struct snapshot *s = arg;
	struct coordinator *co = s->co;
	int64_t now = clock_boot_ms();

	publish.running = false;
	publish.not_before = now + co->opt.publish;
	if ((now - s->started) * COST_SHARE > co->opt.publish)
		publish.not_before = now + (now - s->started) * COST_SHARE;
	if (result < 0)
		log_trouble("publish", "spool/status cannot be written: %s", strerror(-result));
	else
		log_mended("publish");
	for (size_t i = 0; i < s->requests.count; i++)
		control_reply(co, s->requests.items[i], result == 0, s->number,
			      result == 0 ? "published" : strerror(-result));
	strlist_free(&s->requests);
	free(s->index_path);
	free(s->json);
	free(s);
	coordinator_turn_soon(co);
}

/* -- in the loop --------------------------------------------------------------------------------- */

static void start(struct coordinator *co)
{
	struct snapshot *s = xcalloc(1, sizeof(*s));

	journal_flush(co, true);
	publish.published_changes = co->changes;
	publish.running = true;
	s->co = co;
	s->number = ++publish.last;
	s->index_path = xasprintf("%s/index.db", co->state_dir);
	s->json = make_json(co);
	s->started = clock_boot_ms();
	s->requests = publish.waiting;
	publish.waiting = (struct strlist){ 0 };
	worker_submit(co->slow_lane, run, ended, s);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)source;
	(void)usec;
	publish.armed = false;
	publish_changes(arg);
	return 0;
}

void publish_changes(struct coordinator *co)
{
	int64_t now = clock_boot_ms();

	if (publish.running || (publish.armed && publish.waiting.count == 0) ||
	    (co->changes == publish.published_changes && publish.waiting.count == 0))
		return;
	if (now >= publish.not_before || publish.waiting.count > 0) {
		start(co);
		return;
	}
	publish.armed = true;
	sd_event_source_set_time(publish.timer, (uint64_t)publish.not_before * 1000);
	sd_event_source_set_enabled(publish.timer, SD_EVENT_ONESHOT);
}

void publish_on_request(struct coordinator *co, const char *request)
{
	strlist_add(&publish.waiting, request);
	coordinator_turn_soon(co);
}

static int note_last(const char *name, unsigned char type, void *arg)
{
	uint64_t number;
	char ending[8];

	(void)type;
	(void)arg;
	if (sscanf(name, "spool.%" SCNu64 ".%7s", &number, ending) == 2 &&
	    strcmp(ending, "db") == 0 && number > publish.last)
		publish.last = number;
	return 0;
}

int publish_open(struct coordinator *co)
{
	int r = spool_list(&co->sp, SPOOL_STATUS, note_last, NULL);

	if (r == 0)
		r = sd_event_add_time(co->event, &publish.timer, CLOCK_BOOTTIME, 0, 50000, on_timer,
				      co);
	if (r >= 0)
		r = sd_event_source_set_enabled(publish.timer, SD_EVENT_OFF);
	co->changes++; /* a first one, so that readers see that we are here */
	return r < 0 ? r : 0;
}

void publish_close(struct coordinator *co)
{
	sd_event_source_unref(publish.timer);
	/* One under way is waited for, so that the last one shows the end. */
	while (publish.running && worker_pending(co->slow_lane) > 0) {
		const struct timespec ts = { 0, 2000000 };

		worker_collect(co->slow_lane);
		(void)nanosleep(&ts, NULL);
	}
	if (co->index)
		start(co);
}
