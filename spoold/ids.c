/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ids - numbers of jobs.
 *
 * Numbers are given from a block whose end is in spool/next, durably. The next block is fetched in
 * a lane of its own when half of the last one is spent, because a client that has read the file can
 * make its replacement wait (NFS delegations). A crash spends what is left; a number is never given
 * twice, also when the index and every job folder have been deleted meanwhile. Only where
 * spool/next itself is missing or damaged the highest number decides that has left a trace: in a
 * folder's name, in an inbox, in the log. A file that cannot be read is neither.
 */
#include "ids.h"

#include "cleanup.h"
#include "drops.h"
#include "guard.h"
#include "human.h"
#include "index.h"
#include "log.h"
#include "worker.h"
#include "xalloc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 100
#define MOST (INT64_MAX / 2)

static struct {
	bool fetching;
	int error; /* of the last attempt */
} ids;

/* Durable: nothing may be given before. */
static int write_next(struct coordinator *co, uint64_t end)
{
	_cleanup_free_ char *text = xasprintf("%" PRIu64 "\n", end);

	return safefs_replace(co->sp.fd, SPOOL_NEXT, text, strlen(text), 0644, true);
}

static int fetch(void *arg)
{
	struct coordinator *co = arg;

	return write_next(co, co->block_end + BLOCK);
}

static void fetched(void *arg, int result)
{
	struct coordinator *co = arg;

	ids.fetching = false;
	ids.error = result;
	if (result == 0)
		co->block_end += BLOCK;
	drops_numbers_came(co);
}

/* block_end changes only when this is over. */
static void fetch_soon(struct coordinator *co)
{
	if (ids.fetching)
		return;
	ids.fetching = true;
	worker_submit(co->number_lane, fetch, fetched, co);
}

/* -- counting on --------------------------------------------------------------------------------- */

struct search {
	struct coordinator *co;
	uint64_t highest;
	int error; /* of the first inbox that could not be read */
};

static void note(struct search *s, uint64_t id)
{
	if (id > s->highest && id <= MOST)
		s->highest = id;
}

/* "12-sim", "12.3-sim"; ".tmp-12", ".tmp-12@octave", ".tmp-12.3", ".tmp-rm-12": whatever has a
 * number was made for that job. */
static int note_folder(const char *name, unsigned char type, void *arg)
{
	char *end;
	uint64_t id;

	(void)type;
	if (spool_is_tmp(name))
		name += strlen(SPOOL_TMP);
	if (strncmp(name, "rm-", 3) == 0)
		name += 3;
	if (*name < '1' || *name > '9')
		return 0;
	id = strtoull(name, &end, 10);
	if (strchr("-.@", *end)) /* or its end */
		note(arg, id);
	return 0;
}

static int note_ticket(const char *name, unsigned char type, void *arg)
{
	struct spool_ticket_name tn;

	(void)type;
	if (spool_parse_ticket_name(name, &tn) == 0)
		note(arg, tn.id);
	return 0;
}

static int note_inbox(const char *name, unsigned char type, void *arg)
{
	struct search *s = arg;
	_cleanup_close_ int fd = -1;
	int r;

	(void)type;
	if (!spool_is_runner_name(name))
		return 0;
	fd = spool_open_inbox(&s->co->sp, name, false);
	r = fd < 0 ? fd : safefs_list_fd(fd, note_ticket, s);
	if (r < 0 && r != -ENOENT && r != -ENOTDIR && r != -ELOOP)
		s->error = r;
	return s->error < 0;
}

/* A number may have left its trace anywhere: the folder may have been deleted, the log too. */
static int search_highest(struct coordinator *co, uint64_t *ret)
{
	struct search s = { .co = co };
	int64_t told = index_highest(co->index);
	int r = told < 0 ? (int)told : 0;

	if (told > 0)
		note(&s, (uint64_t)told);
	for (enum spool_place place = SPOOL_QUEUED; r == 0 && place <= SPOOL_LOST; place++)
		r = spool_list(&co->sp, place, note_folder, &s);
	if (r == 0)
		r = spool_list(&co->sp, SPOOL_CLAIMS, note_inbox, &s);
	*ret = s.highest;
	return s.error < 0 ? s.error : r;
}

static int count_on(struct coordinator *co, const char *found, int64_t *ret)
{
	uint64_t highest;
	int r = search_highest(co, &highest);

	if (r < 0) {
		log_error("spool/next is %s, and what has been numbered cannot be read (%s): mend "
			  "that, then start spoold again",
			  found, strerror(-r));
		return r;
	}
	if (highest > 0)
		log_warn("spool/next is %s: counting on from %" PRIu64
			 ", the highest number that can be found",
			 found, highest);
	*ret = (int64_t)highest + 1;
	return 0;
}

int ids_open(struct coordinator *co)
{
	_cleanup_free_ char *text = NULL;
	int64_t value = 1;
	size_t len;
	int r = safefs_read(co->sp.fd, SPOOL_NEXT, 64, &text, &len, NULL);

	if (r == 0)
		text[strcspn(text, "\n")] = '\0';
	if (r == -ENOENT)
		r = count_on(co, "missing", &value);
	else if (r == -EFBIG || (r == 0 && human_parse_int(text, 1, MOST, &value) < 0))
		r = count_on(co, "damaged", &value);
	else if (r < 0)
		log_error("spool/next cannot be read (%s): without it numbers could be given "
			  "twice; see to it that spoold can read the file, then start it again",
			  strerror(-r));
	if (r < 0)
		return r;
	co->next_id = co->block_end = (uint64_t)value;
	return 0;
}

int ids_take(struct coordinator *co, uint64_t *ret)
{
	if (co->block_end - co->next_id <= BLOCK / 2)
		fetch_soon(co);
	if (co->next_id == co->block_end)
		return ids.error < 0 ? ids.error : IDS_LATER;
	*ret = co->next_id++;
	return 0;
}

void ids_close(struct coordinator *co)
{
	int r = 0;

	/* Once another coordinator may give numbers, the file is his. */
	if (co->next_id != co->block_end && co->exit_code == 0 && guard_holds(co))
		r = write_next(co, co->next_id);
	if (r < 0)
		log_warn("spool/next cannot be written (%s): some numbers will be left out",
			 strerror(-r));
	co->block_end = co->next_id;
}
