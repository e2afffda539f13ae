/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * alive - does a coordinator look after this share?
 *
 * Only movement proves life: a record of yesterday looks like one of now, and clocks of two hosts
 * are not compared. The movement is that of the file's mtime, asked of the server
 * (safefs_look), and the file is not opened for it: an NFS 4 client that has read a file may be
 * lent it, and if that client then goes away, the coordinator's next replacement waits 90 s for it;
 * an SMB client that reads it often may read the same old one for ever. The process number in it
 * helps on the coordinator's own host, but only to shorten the wait, because containers on one host
 * may number their processes each for itself; so it is read on a local disk at once, on a network
 * when nothing has moved for long, and on SMB never. Changes nothing.
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
#include <stdlib.h>
#include <string.h>

#define MAGIC "spool-coordinator 1"
#define LOOK_EVERY 1100	    /* ms; an SMB client trusts what it has seen for 1000 */
#define PATIENCE 8000	    /* ms; a living coordinator replaces the file every 5000 */
#define NET_PATIENCE 9500   /* and a client may see it 1500 later */
#define SHORT_PATIENCE 1000 /* when its process is not to be seen on this host either */
#define STILL 6000	    /* ms without movement after which it may be read on a network */
#define OLD 300		    /* s; so old by our own clock, which may be wrong */

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

/* What the record says of its writer's process; false too if there is no record that can be read.
 */
static bool says_gone(const char *text, size_t len)
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
	bool gone;

	tree = cfgfile_parse("spool/coordinator", text, len, keys, CFGFILE_RECORD, &c);
	complaint_free(&c);
	if (!tree)
		return false;
	block = cfgfile_section(tree, "coordinator", 0);
	gone = block && process_gone(block);
	cfgfile_free(tree);
	return gone;
}

static bool has_vanished(int spool_fd)
{
	_cleanup_free_ char *text = NULL;
	const char *body;
	size_t len, valid;

	if (safefs_read(spool_fd, SPOOL_COORDINATOR, RECORD_MAX_BYTES, &text, &len, NULL) < 0 ||
	    record_check(text, len, MAGIC, &valid) == RECORD_FOREIGN || valid == 0)
		return false;
	body = record_body(text, valid, &len);
	return says_gone(body, len);
}

/* May the file be read, too? mtime: when it was replaced last. */
static bool may_read(const struct spool *sp, const struct alive *a, const struct timespec *mtime)
{
	switch (sp->kind) {
	case SAFEFS_LOCAL:
		return true;
	case SAFEFS_SMB:
		return false;
	default:
		return clock_boot_ms() - a->since > STILL ||
		       llabs(clock_wall_ms() / 1000 - (int64_t)mtime->tv_sec) > OLD;
	}
}

static void see(struct alive *a, const struct timespec *mtime)
{
	if (!a->known) {
		a->moved = !a->there; /* it has appeared */
		a->first = *mtime;
		a->known = true;
	} else if (mtime->tv_sec != a->first.tv_sec || mtime->tv_nsec != a->first.tv_nsec) {
		a->moved = true;
	}
}

/* 0 if the file is there; -ENOENT; other negative errno: who knows. */
static int look(const struct spool *sp, struct alive *a)
{
	/* Opened by way of the share's root, so that NFS does not answer from its cache. */
	_cleanup_close_ int fd = safefs_open_dir(sp->root_fd, "spool");
	struct stat st;
	int r = fd < 0 ? fd : safefs_look(fd, SPOOL_COORDINATOR, &st);

	a->looked = clock_boot_ms();
	if (r < 0)
		return r;
	see(a, &st.st_mtim);
	if (!a->moved && may_read(sp, a, &st.st_mtim))
		a->vanished = has_vanished(fd);
	return 0;
}

void alive_begin(const struct spool *sp, struct alive *a)
{
	*a = (struct alive){ .since = clock_boot_ms(), .there = true };
	a->there = look(sp, a) != -ENOENT;
}

bool alive_is_gone(const struct spool *sp, struct alive *a)
{
	int64_t patience = sp->kind == SAFEFS_LOCAL ? PATIENCE : NET_PATIENCE;
	int r;

	if (a->moved || clock_boot_ms() - a->looked < LOOK_EVERY)
		return false;
	r = look(sp, a);
	/* While the share does not answer, a coordinator beside its disk may be well. */
	if (r < 0 && r != -ENOENT)
		a->since = a->looked;
	if (!a->there || a->vanished)
		patience = SHORT_PATIENCE;
	return !a->moved && a->looked - a->since > patience;
}
