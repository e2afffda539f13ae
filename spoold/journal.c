/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal - the audit log on the share and the index that is folded from it.
 *
 * The log is appended once a turn of the loop with one write; the index reads what was written,
 * line by line, by the same function that replays old logs at start, so the two cannot differ. The
 * log is not synced: a line lost in a power cut is told again by the scan, which compares folders
 * with the index. After a crash the index goes on from the position it holds.
 */
#include "journal.h"

#include "cleanup.h"
#include "clock.h"
#include "escape.h"
#include "index.h"
#include "jobs.h"
#include "log.h"
#include "xalloc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#define FOLD_EVERY_MS 500	      /* the index may be this late while work flows */
#define BUFFER_MOST (4 * 1024 * 1024) /* lines kept while the share takes none */
#define LOG_NAME_SIZE 16	      /* "2026-11.log" */

/* The part of the log that this run has open. One journal in a process. */
static struct {
	int fd;
	char name[LOG_NAME_SIZE];
	int64_t end;  /* the file's length */
	char *buffer; /* lines not yet written */
	size_t buffered;
	char *unfolded; /* lines written, not yet in the index */
	size_t unfolded_len;
	int64_t unfolded_start; /* where they start in the file */
	bool behind; /* a commit failed: the index must read the log again from its position */
	sd_event_source *timer;
} journal = { .fd = -1 };

static void append(char **buffer, size_t *len, const char *text, size_t text_len)
{
	*buffer = xrealloc(*buffer, *len + text_len + 1, 1);
	memcpy(*buffer + *len, text, text_len);
	*len += text_len;
	(*buffer)[*len] = '\0';
}

/* Folds whole lines that start at offset start of file; lines that are none of ours are passed
 * over. Returns bytes used. */
static size_t fold(struct coordinator *co, const char *file, const char *text, size_t len,
		   int64_t start)
{
	size_t used = 0;

	while (used < len) {
		const char *newline = memchr(text + used, '\n', len - used);
		_cleanup_free_ char *line = NULL, *store = NULL;
		struct event e;

		if (!newline)
			break;
		line = xstrndup(text + used, (size_t)(newline - text) - used);
		used = (size_t)(newline - text) + 1;
		if (event_parse(line, &e, &store) == 0)
			index_event(co->index, &e, file, start + (int64_t)used);
	}
	return used;
}

/* -- at start ------------------------------------------------------------------------------------ */

static int add_log(const char *name, unsigned char type, void *arg)
{
	size_t len = strlen(name);

	(void)type;
	if (len == strlen("2026-11.log") && strcmp(name + len - 4, ".log") == 0)
		strlist_add(arg, name);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Folds in one log from offset on, in pieces. */
static int replay(struct coordinator *co, const char *name, int64_t offset)
{
	_cleanup_close_ int fd = safefs_open(co->sp.place_fd[SPOOL_EVENTS], name, O_RDONLY, 0);
	_cleanup_free_ char *piece = xcalloc(1, 1 << 20);

	if (fd < 0)
		return fd;
	for (;;) {
		ssize_t n = pread(fd, piece, 1 << 20, offset);
		size_t used;

		if (n < 0)
			return -errno;
		used = fold(co, name, piece, (size_t)n, offset);
		offset += (int64_t)used;
		int r = index_commit(co->index);
		if (used == 0 || r < 0)
			return r;
	}
}

static int replay_all(struct coordinator *co)
{
	struct strlist logs = { 0 };
	char done[64];
	int64_t offset = index_position(co->index, done, sizeof(done));
	int r = spool_list(&co->sp, SPOOL_EVENTS, add_log, &logs);

	if (r == 0 && logs.count > 1)
		qsort(logs.items, logs.count, sizeof(char *), by_name);
	for (size_t i = 0; r == 0 && i < logs.count; i++) {
		int order = strcmp(logs.items[i], done);

		if (order >= 0)
			r = replay(co, logs.items[i], order == 0 ? offset : 0);
	}
	strlist_free(&logs);
	return r;
}

/* Opens the log of this month; a last line that a crash has torn is closed with a newline. */
static int open_log(struct coordinator *co)
{
	time_t now = (time_t)(clock_wall_ms() / 1000);
	char name[LOG_NAME_SIZE], last;
	struct tm tm;
	int fd;

	gmtime_r(&now, &tm);
	strftime(name, sizeof(name), "%Y-%m.log", &tm);
	if (journal.fd >= 0 && strcmp(name, journal.name) == 0)
		return 0;
	fd = openat(co->sp.place_fd[SPOOL_EVENTS], name,
		    O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	if (journal.fd >= 0)
		close(journal.fd);
	journal.fd = fd;
	snprintf(journal.name, sizeof(journal.name), "%s", name);
	journal.end = lseek(fd, 0, SEEK_END);
	if (journal.end > 0 && pread(fd, &last, 1, journal.end - 1) == 1 && last != '\n' &&
	    write(fd, "\n", 1) == 1)
		journal.end++;
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)source;
	(void)usec;
	journal_flush(arg, true);
	return 0;
}

int journal_open(struct coordinator *co)
{
	_cleanup_free_ char *path = xasprintf("%s/index.db", co->state_dir);
	bool fresh;
	int r = index_open(path, &co->index, &fresh);

	if (r < 0)
		return r;
	if (fresh)
		log_info("the index is new: reading the log and the folders");
	r = replay_all(co);
	if (r == 0)
		r = open_log(co);
	if (r == 0)
		r = sd_event_add_time_relative(co->event, &journal.timer, CLOCK_BOOTTIME, 0, 100000,
					       on_timer, co);
	if (r >= 0)
		r = sd_event_source_set_enabled(journal.timer, SD_EVENT_OFF);
	return r < 0 ? r : 0;
}

/* -- while running ------------------------------------------------------------------------------- */

/* Takes over what has been written. */
static void fold_written(struct coordinator *co)
{
	int r;

	if (journal.behind) {
		r = replay_all(co);
	} else {
		(void)fold(co, journal.name, journal.unfolded, journal.unfolded_len,
			   journal.unfolded_start);
		r = index_commit(co->index);
	}
	journal.behind = r < 0;
	if (r < 0)
		log_trouble("index",
			    "the index cannot be written (%s): it reads the log again later",
			    strerror(-r));
	else
		log_mended("index");
	journal.unfolded_start += (int64_t)journal.unfolded_len;
	journal.unfolded_len = 0;
	sd_event_source_set_enabled(journal.timer, SD_EVENT_OFF);
}

/* After an error the descriptor may be dead (the server forgot the file), or the end of the file
 * not where we think: the next write opens the log again and finds it. */
void journal_reopen(void)
{
	if (journal.fd < 0)
		return;
	(void)!ftruncate(journal.fd, journal.end);
	close(journal.fd);
	journal.fd = -1;
}

static void write_buffer(struct coordinator *co)
{
	int r = 0;

	if (journal.fd < 0 && journal.unfolded_len > 0)
		fold_written(co);
	if (journal.unfolded_len == 0) {
		r = open_log(co); /* may be another month's */
		journal.unfolded_start = journal.end;
	}
	if (r == 0)
		r = safefs_write_all(journal.fd, journal.buffer, journal.buffered);
	if (r < 0) {
		log_trouble("events",
			    "spool/events cannot be written (%s): changes are kept in memory",
			    strerror(-r));
		journal_reopen();
		if (journal.buffered > BUFFER_MOST)
			journal.buffered = 0; /* the scan tells what is missing */
		return;
	}
	log_mended("events");
	journal.end += (int64_t)journal.buffered;
	append(&journal.unfolded, &journal.unfolded_len, journal.buffer, journal.buffered);
	journal.buffered = 0;
}

void journal_flush(struct coordinator *co, bool now)
{
	if (journal.buffered > 0)
		write_buffer(co);
	if (journal.unfolded_len == 0 && !now)
		return;
	if (now) {
		fold_written(co);
	} else {
		int on = SD_EVENT_OFF;

		sd_event_source_get_enabled(journal.timer, &on);
		if (on == SD_EVENT_OFF) {
			sd_event_source_set_time_relative(journal.timer, FOLD_EVERY_MS * 1000);
			sd_event_source_set_enabled(journal.timer, SD_EVENT_ONESHOT);
		}
	}
}

void journal_close(struct coordinator *co)
{
	if (!co->index)
		return;
	journal_flush(co, true);
	index_close(co->index);
	co->index = NULL;
	sd_event_source_unref(journal.timer);
	if (journal.fd >= 0)
		close(journal.fd);
	free(journal.buffer);
	free(journal.unfolded);
	journal.fd = -1;
}

int journal_dup_fd(void)
{
	return journal.fd < 0 ? -1 : fcntl(journal.fd, F_DUPFD_CLOEXEC, 3);
}

struct event journal_event(const struct job *job, const char *verb)
{
	struct event e = { .id = job->id, .attempt = job->attempt, .by = "spoold" };

	snprintf(e.verb, sizeof(e.verb), "%s", verb);
	e.folder = job->at;
	e.runner = job->runner ? job->runner->name : NULL;
	e.why = job->why;
	return e;
}

/* "12: offer queued -> active OFFERED on lab-07: first in line" */
static void log_event(const struct event *e)
{
	_cleanup_free_ char *why = escape_text(e->why ? e->why : "", ESCAPE_TEXT);

	log_info("%" PRIu64 ": %s%s%s%s%s%s%s%s%s%s%s", e->id, e->verb, e->from ? " " : "",
		 e->from ? e->from : "", e->to ? " -> " : "", e->to ? e->to : "",
		 e->state ? " " : "", e->state ? e->state : "", e->runner ? " on " : "",
		 e->runner ? e->runner : "", *why ? ": " : "", why);
}

void journal_tell(struct coordinator *co, struct event *e)
{
	_cleanup_free_ char *line = NULL;

	e->at = clock_wall_ms();
	line = event_format(e);
	append(&journal.buffer, &journal.buffered, line, strlen(line));
	log_event(e);
	co->changes++;
}

void journal_move(const struct job *job, enum state_move move, const char *state, const char *why)
{
	const struct state_row *row = state_row(move);
	struct event e = journal_event(job, row->verb);

	e.from = spool_place_name(row->from);
	e.to = spool_place_name(row->to);
	e.state = state ? state : row->leaves;
	if (why)
		e.why = why;
	journal_tell(job->co, &e);
}
