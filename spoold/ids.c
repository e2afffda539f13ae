/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ids - numbers of jobs.
 *
 * Numbers are given from a block whose end is in spool/next, durably. The next block is fetched in
 * a lane of its own when half of the last one is spent, because a client that has read the file can
 * make its replacement wait (NFS delegations). A crash spends what is left; a number is never given
 * twice, also when the index and every job folder have been deleted meanwhile.
 */
#include "ids.h"

#include "cleanup.h"
#include "drops.h"
#include "human.h"
#include "log.h"
#include "worker.h"
#include "xalloc.h"

#include <inttypes.h>
#include <string.h>

#define BLOCK 100

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

static int note_highest(const char *name, unsigned char type, void *arg)
{
	uint64_t *highest = arg;
	struct spool_job_name job;

	(void)type;
	if (spool_parse_job_folder(name, &job) == 0 && job.id > *highest)
		*highest = job.id;
	return 0;
}

static int search_highest(struct coordinator *co, uint64_t *ret)
{
	*ret = 0;
	for (enum spool_place place = SPOOL_QUEUED; place <= SPOOL_LOST; place++) {
		int r = spool_list(&co->sp, place, note_highest, ret);

		if (r < 0)
			return r;
	}
	return 0;
}

int ids_open(struct coordinator *co)
{
	_cleanup_free_ char *text = NULL;
	uint64_t highest = 0;
	int64_t value = 1;
	size_t len;
	int r = safefs_read(co->sp.fd, SPOOL_NEXT, 64, &text, &len, NULL);

	if (r == 0) {
		text[strcspn(text, "\n")] = '\0';
		r = human_parse_int(text, 1, INT64_MAX / 2, &value);
	}
	if (r < 0) {
		if (r != -ENOENT)
			log_warn("spool/next cannot be used (%s): counting on from the highest job "
				 "found",
				 strerror(-r));
		r = search_highest(co, &highest);
		if (r < 0)
			return r;
		value = (int64_t)highest + 1;
	}
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
	int r = co->next_id == co->block_end ? 0 : write_next(co, co->next_id);

	if (r < 0)
		log_warn("spool/next cannot be written (%s): some numbers will be left out",
			 strerror(-r));
	co->block_end = co->next_id;
}
