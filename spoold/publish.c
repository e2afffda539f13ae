/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * publish - snapshots with a number of their own, never replaced: a client may read a replaced file
 * stale for ever.
 *
 * The text is made in the loop from memory (counts, runners, the jobs at work: nothing that grows
 * with the queue), the copy of the index in a lane of its own: first on the local disk, because a
 * database takes locks, which not every network file system has. Written as .tmp-*, renamed. The
 * last three are kept, and each for a minute, in which somebody may be about to read it. A crash
 * leaves a temporary; the next start counts on.
 */
#include "publish.h"

#include "cleanup.h"
#include "clock.h"
#include "control.h"
#include "escape.h"
#include "index.h"
#include "journal.h"
#include "log.h"
#include "removals.h"
#include "runners.h"
#include "worker.h"
#include "xalloc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#define KEEP 3
#define KEEP_MS 60000
#define KEEP_BYTES (256UL << 20) /* more than this is not kept for the minute's sake */
#define COST_SHARE 20		 /* publishing may take one twentieth of the time */
#define PIECE (1 << 20)

static struct {
	uint64_t last;		    /* the last number published or under way */
	uint64_t published_changes; /* of co->changes */
	bool running, armed;
	int64_t not_before;	/* boot ms */
	struct strlist waiting; /* requests that wait for the next one */
	struct published {
		uint64_t number;
		int64_t at; /* boot ms */
		uint64_t bytes;
	} * kept; /* by number */
	size_t kept_count;
	sd_event_source *timer;
} publish;

struct snapshot {
	struct coordinator *co;
	uint64_t number;
	char *index_path;
	char *json;
	int log_fd;	/* a duplicate of the journal's, or -1 */
	uint64_t bytes; /* written */
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

/* -- in its lane ---------------------------------------------------------------------------- */

static char *numbered(const char *stem, uint64_t number, const char *ending)
{
	return xasprintf("%s.%" PRIu64 ".%s", stem, number, ending);
}

/* Both are open files. 0 or negative errno. */
static int copy_bytes(int from, int to, uint64_t *ret_bytes)
{
	_cleanup_free_ char *piece = xcalloc(1, PIECE);

	*ret_bytes = 0;
	for (;;) {
		ssize_t n = read(from, piece, PIECE);
		int r = n < 0 ? -errno : n == 0 ? 0 : safefs_write_all(to, piece, (size_t)n);

		if (r == -EINTR)
			continue;
		if (r < 0 || n == 0)
			return r;
		*ret_bytes += (uint64_t)n;
	}
}

/* The file at path becomes name in the folder. On a network mount it is there for others, and known
 * to have been written, only after a sync. */
static int copy_in(struct snapshot *s, const char *path, int status_fd, const char *name)
{
	_cleanup_free_ char *tmp = xasprintf(SPOOL_TMP "%s", name);
	_cleanup_close_ int from = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int to = -1;
	int r;

	if (from < 0)
		return -errno;
	(void)unlinkat(status_fd, tmp, 0);
	r = safefs_create(status_fd, tmp, "", 0, 0644, &to);
	if (r == 0)
		r = copy_bytes(from, to, &s->bytes);
	if (r == 0 && s->co->sp.kind != SAFEFS_LOCAL && fsync(to) < 0)
		r = -errno;
	if (r == 0 && renameat(status_fd, tmp, status_fd, name) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(status_fd, tmp, 0);
	return r;
}

static int write_database(struct snapshot *s, int status_fd)
{
	_cleanup_free_ char *name = numbered("spool", s->number, "db"),
			    *path = xasprintf("%s/snapshot.db", s->co->state_dir);
	int r;

	(void)unlink(path); /* of a crash */
	r = index_snapshot(s->index_path, path);
	if (r == 0)
		r = copy_in(s, path, status_fd, name);
	(void)unlink(path);
	return r;
}

/* What the snapshot tells must be in the log for whoever reads both on another host. */
static int run(void *arg)
{
	struct snapshot *s = arg;
	int status_fd = s->co->sp.place_fd[SPOOL_STATUS];
	_cleanup_free_ char *json = numbered("status", s->number, "json");
	int r = s->log_fd >= 0 && fdatasync(s->log_fd) < 0 ? -errno : 0;

	if (r == 0)
		r = write_database(s, status_fd);
	if (r == 0)
		r = safefs_replace(status_fd, json, s->json, strlen(s->json), 0644, false);
	return r;
}

/* -- those that are kept -------------------------------------------------------------------------- */

static void keep(uint64_t number, uint64_t bytes)
{
	publish.kept = xrealloc(publish.kept, publish.kept_count + 1, sizeof(*publish.kept));
	publish.kept[publish.kept_count++] =
		(struct published){ .number = number, .at = clock_boot_ms(), .bytes = bytes };
}

static void drop_oldest(struct coordinator *co)
{
	_cleanup_free_ char *db = numbered("spool", publish.kept[0].number, "db"),
			    *json = numbered("status", publish.kept[0].number, "json");
	const char *where = spool_place_name(SPOOL_STATUS);

	removals_add(co, co->sp.place_fd[SPOOL_STATUS], where, db);
	removals_add(co, co->sp.place_fd[SPOOL_STATUS], where, json);
	memmove(publish.kept, publish.kept + 1, --publish.kept_count * sizeof(*publish.kept));
}

/* The time counts from when there was a newer one. */
static void drop_old(struct coordinator *co)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < publish.kept_count; i++)
		bytes += publish.kept[i].bytes;
	while (publish.kept_count > KEEP &&
	       (bytes > KEEP_BYTES || clock_boot_ms() - publish.kept[1].at >= KEEP_MS)) {
		bytes -= publish.kept[0].bytes;
		drop_oldest(co);
	}
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
	if (result == 0)
		keep(s->number, s->bytes);
	else if (s->log_fd >= 0) /* it may be the log's sync that has failed */
		journal_reopen();
	drop_old(co);
	for (size_t i = 0; i < s->requests.count; i++)
		control_reply(co, s->requests.items[i], result == 0, s->number,
			      result == 0 ? "published" : strerror(-result));
	strlist_free(&s->requests);
	if (s->log_fd >= 0)
		close(s->log_fd);
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
	s->log_fd = co->sp.kind == SAFEFS_LOCAL ? -1 : journal_dup_fd();
	s->started = clock_boot_ms();
	s->requests = publish.waiting;
	publish.waiting = (struct strlist){ 0 };
	worker_submit(co->publish_lane, run, ended, s);
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

/* Those of an earlier life. */
static int note_kept(const char *name, unsigned char type, void *arg)
{
	uint64_t number;
	char ending[8];

	(void)type;
	(void)arg;
	if (sscanf(name, "spool.%" SCNu64 ".%7s", &number, ending) == 2 &&
	    strcmp(ending, "db") == 0)
		keep(number, 0);
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct published *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

int publish_open(struct coordinator *co)
{
	int r = spool_list(&co->sp, SPOOL_STATUS, note_kept, NULL);

	if (publish.kept_count > 0) {
		qsort(publish.kept, publish.kept_count, sizeof(*publish.kept), by_number);
		publish.last = publish.kept[publish.kept_count - 1].number;
	}
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
	while (publish.running && worker_pending(co->publish_lane) > 0) {
		const struct timespec ts = { 0, 2000000 };

		worker_collect(co->publish_lane);
		(void)nanosleep(&ts, NULL);
	}
	if (co->index)
		start(co);
}
