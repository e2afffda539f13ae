/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * alive - does a coordinator look after this share?
 *
 * Only movement proves life: a record of yesterday looks like one of now, and clocks of two hosts
 * are not compared. A process number helps on the coordinator's own host, but only to shorten the
 * wait, because containers on one host may number their processes each for itself. Reads one file,
 * changes nothing.
 */
#include "alive.h"

#include "cfgfile.h"
#include "cleanup.h"
#include "clock.h"
#include "complaint.h"
#include "human.h"
#include "record.h"
#include "spool.h"

#include <signal.h>
#include <string.h>

#define MAGIC "spool-coordinator 1"
#define PATIENCE 8000	    /* ms; a living coordinator moves its counter every 5000 */
#define SHORT_PATIENCE 1000 /* when its process is not to be seen on this host either */

struct beat_of {
	uint64_t counter;
	bool vanished;
};

/* True if the record says this host and a process that is not there. */
static bool process_gone(const struct cfgfile *block)
{
	const char *host = cfgfile_word(block, "host"), *pid = cfgfile_word(block, "pid");
	char own[256] = "";
	int64_t number;

	if (!host || !pid || gethostname(own, sizeof(own) - 1) < 0 || strcmp(own, host) != 0)
		return false;
	if (human_parse_int(pid, 1, INT32_MAX, &number) < 0)
		return false;
	return kill((pid_t)number, 0) < 0 && errno == ESRCH;
}

static int parse(const char *text, size_t len, struct beat_of *ret)
{
	static const struct cfgfile_key block_keys[] = { { "instance", CFGFILE_WORD, NULL },
							 { "machine", CFGFILE_WORD, NULL },
							 { "host", CFGFILE_WORD, NULL },
							 { "pid", CFGFILE_WORD, NULL },
							 { "counter", CFGFILE_WORD, NULL },
							 { "at", CFGFILE_WORD, NULL },
							 { 0 } };
	static const struct cfgfile_key keys[] = { { "coordinator", CFGFILE_SECTION, block_keys },
						   { 0 } };
	struct complaint c = { 0 };
	const struct cfgfile *block;
	struct cfgfile *tree;
	const char *word;
	int64_t counter;
	int r = -EBADMSG;

	tree = cfgfile_parse("spool/coordinator", text, len, keys, CFGFILE_RECORD, &c);
	complaint_free(&c);
	if (!tree)
		return r;
	block = cfgfile_section(tree, "coordinator", 0);
	word = block ? cfgfile_word(block, "counter") : NULL;
	if (word && human_parse_int(word, 0, INT64_MAX, &counter) == 0) {
		ret->counter = (uint64_t)counter;
		ret->vanished = process_gone(block);
		r = 0;
	}
	cfgfile_free(tree);
	return r;
}

static int read_beat(const struct spool *sp, struct beat_of *ret)
{
	/* Opened by way of the folder's path, so that NFS does not answer from its cache. */
	_cleanup_close_ int fd = safefs_open_dir(sp->root_fd, "spool");
	_cleanup_free_ char *text = NULL;
	const char *body;
	size_t len, valid;
	int r;

	if (fd < 0)
		return fd;
	r = safefs_read(fd, SPOOL_COORDINATOR, RECORD_MAX_BYTES, &text, &len, NULL);
	if (r < 0)
		return r;
	if (record_check(text, len, MAGIC, &valid) == RECORD_FOREIGN || valid == 0)
		return -EBADMSG;
	body = record_body(text, valid, &len);
	return parse(body, len, ret);
}

void alive_begin(const struct spool *sp, struct alive *a)
{
	struct beat_of now = { 0 };

	*a = (struct alive){ .since = clock_boot_ms() };
	a->there = read_beat(sp, &now) == 0;
	a->first = now.counter;
	a->vanished = now.vanished;
}

bool alive_is_gone(const struct spool *sp, struct alive *a)
{
	int64_t waited = clock_boot_ms() - a->since;
	struct beat_of now = { 0 };

	if (a->moved)
		return false;
	if (read_beat(sp, &now) == 0) {
		a->moved = !a->there || now.counter != a->first;
		a->vanished = now.vanished;
		a->there = true;
	}
	if (a->moved)
		return false;
	if (!a->there || a->vanished)
		return waited > SHORT_PATIENCE;
	return waited > PATIENCE;
}
