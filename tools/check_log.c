/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_log - is the index what the log says, and does the log say what the folders are?
 *
 * Folds spool/events anew into an index of its own in a temporary folder: first as far as the
 * published index had read, and compares the two table by table; then to the end, and compares its
 * jobs with the folders. So neither a snapshot of some seconds ago nor a coordinator that goes on
 * meanwhile makes a difference where there is none. A crash leaves the temporary folder, and the
 * request for a snapshot, which is answered and forgotten.
 */
#include "check.h"

#include "ask.h"
#include "cleanup.h"
#include "escape.h"
#include "event.h"
#include "index.h"
#include "snapshot.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PIECE (1 << 20)
#define DIFFERENCES_MOST 20 /* are worth telling: the remedy is the same for all */
#define REMEDY_REBUILD                                                                          \
	"stop spoold, remove index.db from its --state folder, start it: the index is rebuilt " \
	"from the log"
#define REMEDY_SCAN                                                                               \
	"spoold tells the log what it finds at its next scan (10 minutes) or start; check again " \
	"then"

/* -- folding the log ----------------------------------------------------------------------------- */

struct fold {
	struct index *ix;
	struct strlist logs;
	size_t at;	/* which log */
	int64_t offset; /* how far in it */
};

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

/* Folds the whole lines of text. Returns the bytes used. Lines that are none of ours (torn by a
 * crash) are passed over, as the coordinator does. */
static size_t fold_lines(struct fold *f, char *text, size_t len)
{
	size_t used = 0;
	char *newline;

	while (used < len && (newline = memchr(text + used, '\n', len - used))) {
		_cleanup_free_ char *store = NULL;
		size_t end = (size_t)(newline - text) + 1;
		struct event e;

		*newline = '\0';
		if (event_parse(text + used, &e, &store) == 0)
			index_event(f->ix, &e, f->logs.items[f->at], f->offset + (int64_t)end);
		used = end;
	}
	return used;
}

/* Folds the log that f stands in, up to limit (-1: its end). 0 or negative errno. */
static int fold_log(struct fold *f, int events_fd, int64_t limit)
{
	_cleanup_close_ int fd = safefs_open(events_fd, f->logs.items[f->at], O_RDONLY, 0);
	_cleanup_free_ char *piece = xcalloc(1, PIECE + 1);

	if (fd < 0)
		return fd;
	for (;;) {
		size_t most = limit >= 0 && limit - f->offset < PIECE ? (size_t)(limit - f->offset)
								      : PIECE;
		ssize_t n = pread(fd, piece, most, f->offset);
		size_t used;

		if (n < 0)
			return -errno;
		used = fold_lines(f, piece, (size_t)n);
		f->offset += (int64_t)used;
		if (used == 0)
			return 0;
	}
}

/* Folds on to (last, limit): that log's name and offset; last NULL: to the end of all logs. 0 or
 * negative errno. */
static int fold_to(struct fold *f, int events_fd, const char *last, int64_t limit)
{
	int r = 0;

	while (r == 0 && f->at < f->logs.count) {
		int order = last ? strcmp(f->logs.items[f->at], last) : -1;

		if (order > 0)
			break;
		r = fold_log(f, events_fd, order == 0 ? limit : -1);
		if (r < 0 || order == 0 || f->at + 1 == f->logs.count)
			break;
		f->at++;
		f->offset = 0;
	}
	return r < 0 ? r : index_commit(f->ix);
}

/* -- the published index ------------------------------------------------------------------------- */

/* Asks the coordinator for a snapshot of now. Its number, or 0. */
static uint64_t fresh_snapshot(const struct spool *sp)
{
	struct ask ask;
	uint64_t k = 0;

	if (ask_send(sp, "snapshot", "", NULL, &ask) < 0)
		return 0;
	if (ask_wait(sp, &ask, 1) == 0 && ask.ok)
		k = ask.number;
	if (!ask.answered)
		unlinkat(spool_place(sp, SPOOL_REQUESTS), ask.name, 0);
	ask_free(&ask);
	return k;
}

/* Opens the index to compare with. 0; -ENOENT there is none; other negative errno. */
static int open_published(struct check *c, const char *index_path, struct index **ret)
{
	uint64_t k;

	if (index_path)
		return index_open_read(index_path, false, ret);
	k = fresh_snapshot(c->sp);
	if (k) {
		_cleanup_free_ char *path = snapshot_path(c->sp, k);

		c->snapshot = k;
		if (index_open_read(path, true, ret) == 0)
			return 0;
	}
	return snapshot_open(c->sp, ret, &c->snapshot);
}

static int compare_with(struct check *c, struct fold *f, int events_fd, struct index *published)
{
	_cleanup_free_ char *text = NULL;
	char last[64], *rest, *line;
	unsigned told = 0;
	size_t size = 0;
	int64_t limit = index_position(published, last, sizeof(last)), found;
	FILE *out;
	int r = *last ? fold_to(f, events_fd, last, limit) : 0;

	if (r < 0)
		return r;
	out = open_memstream(&text, &size);
	if (!out)
		abort(); /* out of memory, as in xalloc */
	found = index_compare(f->ix, published, out);
	fclose(out);
	c->index = found == 0 ? CHECK_EQUAL : CHECK_DIFFERENT;
	if (found < 0)
		check_note(c, REMEDY_REBUILD, "index: it cannot be compared: %s",
			   strerror((int)-found));
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		if (*line && ++told <= DIFFERENCES_MOST)
			check_note(c, REMEDY_REBUILD,
				   "index (first: the log, second: the index): %s", line);
	}
	if (told > DIFFERENCES_MOST)
		check_note(c, REMEDY_REBUILD, "index: %u more differences",
			   told - DIFFERENCES_MOST);
	return 0;
}

/* -- the log against the folders ----------------------------------------------------------------- */

static struct check_folder *folder_of(struct check *c, uint64_t id)
{
	for (int place = SPOOL_QUEUED; place <= SPOOL_FAILED; place++) {
		size_t low = 0, high = c->count;

		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (c->folders[middle].id < id ||
			    (c->folders[middle].id == id && (int)c->folders[middle].place < place))
				low = middle + 1;
			else
				high = middle;
		}
		if (low < c->count && c->folders[low].id == id &&
		    (int)c->folders[low].place == place)
			return &c->folders[low];
	}
	return NULL;
}

static int look_at_row(const struct index_job *row, void *arg)
{
	_cleanup_free_ char *folder = escape_text(row->folder ? row->folder : "", ESCAPE_FIELD);
	const char *place = row->place ? row->place : "-";
	struct check *c = arg;
	struct check_folder *f = folder_of(c, row->id);

	if (!f) {
		check_note(c, REMEDY_SCAN,
			   "job %" PRIu64 ": the log has it in %s/%s, but it has no folder",
			   row->id, place, folder);
		return 0;
	}
	f->in_log = true;
	if (f->doubled)
		return 0;
	if (strcmp(place, spool_place_name(f->place)) != 0 || strcmp(folder, f->name) != 0)
		check_note(c, REMEDY_SCAN,
			   "job %" PRIu64 ": the log has it in %s/%s, but its folder is %s/%s",
			   row->id, place, folder, spool_place_name(f->place), f->name);
	else if (f->attempt && f->attempt != row->attempt)
		check_note(c, REMEDY_SCAN,
			   "job %" PRIu64 ": the log is at attempt %u, its folder is %s/%s",
			   row->id, row->attempt, spool_place_name(f->place), f->name);
	return 0;
}

static void compare_with_folders(struct check *c)
{
	index_jobs(c->log, 0, look_at_row, c);
	for (size_t i = 0; i < c->count; i++) {
		const struct check_folder *f = &c->folders[i];

		if (f->place != SPOOL_LOST && !f->in_log && !f->doubled)
			check_note(c, REMEDY_SCAN,
				   "job %" PRIu64 ": the log does not know of %s/%s", f->id,
				   spool_place_name(f->place), f->name);
	}
}

/* -- all of it ----------------------------------------------------------------------------------- */

static int fold_and_compare(struct check *c, struct fold *f, const char *index_path)
{
	_cleanup_close_ int events_fd = -1;
	struct index *published;
	int r = open_published(c, index_path, &published);

	if (r < 0 && index_path)
		return r;
	if (r < 0 && r != -ENOENT)
		check_note(c, "remove it; the next one is published within seconds of a change",
			   "spool/status: the newest snapshot cannot be read: %s", strerror(-r));
	/* The log is read after the index has been published, so it is not behind. */
	events_fd = safefs_open_dir(c->sp->fd, spool_place_name(SPOOL_EVENTS));
	if (r == 0) {
		r = events_fd < 0 ? events_fd : compare_with(c, f, events_fd, published);
		index_close(published);
		if (r < 0)
			return r;
	}
	return events_fd < 0 ? events_fd : fold_to(f, events_fd, NULL, 0);
}

int check_log(struct check *c, const char *index_path)
{
	const char *base = getenv("TMPDIR");
	char *scratch = xasprintf("%s/spoolctl-XXXXXX", base && *base == '/' ? base : "/tmp");
	_cleanup_free_ char *path = NULL;
	struct fold f = { 0 };
	bool fresh;
	int r;

	if (!mkdtemp(scratch)) {
		r = -errno;
		free(scratch);
		return r;
	}
	c->scratch = scratch;
	path = xasprintf("%s/index.db", scratch);
	r = index_open(path, &f.ix, &fresh);
	c->log = r == 0 ? f.ix : NULL;
	if (r == 0)
		r = spool_list(c->sp, SPOOL_EVENTS, add_log, &f.logs);
	if (f.logs.count > 1)
		qsort(f.logs.items, f.logs.count, sizeof(char *), by_name);
	if (r == 0)
		r = fold_and_compare(c, &f, index_path);
	if (r == 0)
		compare_with_folders(c);
	strlist_free(&f.logs);
	return r;
}
