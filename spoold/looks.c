/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * looks - one look at a drop, for drops.c.
 *
 * Reads names and attributes of all that is in it; opens files to ask who writes. That is a round
 * trip for each where the share is mounted from a server, which may be seconds or minutes for a
 * large drop: so a look is made of copies, for a thread of its own. Nothing is changed.
 */
#include "looks.h"

#include "cleanup.h"
#include "clock.h"
#include "digest.h"
#include "tree.h"
#include "xalloc.h"

#include <string.h>

struct look *looks_new(struct coordinator *co, struct drop *drop)
{
	struct look *look = xcalloc(1, sizeof(*look));

	look->co = co;
	look->drop = drop;
	look->box_fd = drop->box->fd;
	look->name = xstrdup(drop->name);
	look->local = co->sp.kind == SAFEFS_LOCAL;
	look->ready_needed = co->opt.ready_needed;
	look->whole = drop->whole;
	look->settle_polled = co->opt.settle_polled;
	look->still_since = drop->still_since;
	memcpy(look->before, drop->fingerprint, sizeof(look->before));
	memcpy(look->lacking, drop->lacking, sizeof(look->lacking));
	return look;
}

void looks_free(struct look *look)
{
	free(look->name);
	free(look);
}

static void tell(struct look *look, const char *lacks)
{
	look->tells = true;
	look->lacks = lacks;
}

/* Of what is not, or cannot be, opened. */
static void fingerprint_name(const struct stat *st, char *fingerprint)
{
	char text[128];

	snprintf(text, sizeof(text), "%lld %lld.%ld %lld.%ld %llu", (long long)st->st_size,
		 (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec, (long long)st->st_ctim.tv_sec,
		 st->st_ctim.tv_nsec, (unsigned long long)st->st_ino);
	digest_buffer(text, strlen(text), fingerprint);
}

static bool is_equal(const struct look *look)
{
	return strcmp(look->fingerprint, look->before) == 0;
}

/* It has stood still for a settle time: is it complete, as far as anybody can tell? */
static enum verdict judge_writers(struct look *look, int writers, const char *open,
				  enum verdict complete)
{
	if (writers < 0)
		return CHANGING;
	if (writers == SAFEFS_WRITER) {
		tell(look, open);
		return INCOMPLETE;
	}
	if (writers == SAFEFS_WRITER_UNKNOWN && !look->local &&
	    clock_boot_ms() - look->still_since < look->settle_polled)
		return STILL;
	return complete;
}

/* Whatever ADMIT will complain about has to stand still too, lest a copy be rejected in its middle.
 */
static enum verdict judge_folder(struct look *look, int fd, const struct tree *tree)
{
	const char *lacks = tree->count == 0 ? "it is empty"
			    : tree->partial  ? "a name in it is that of a copy in progress"
					     : NULL;

	look->empty = tree->count == 0;
	if (*look->lacking && strcmp(look->fingerprint, look->lacking) == 0)
		return INCOMPLETE;
	/* What is put into an empty one later does not come by one rename. */
	if (tree->ready || (look->whole && !look->empty))
		return COMPLETE_FOLDER;
	if (!lacks && look->ready_needed)
		lacks = "it has no file .ready";
	if (lacks || !*look->lacking)
		tell(look, lacks);
	if (!is_equal(look) || lacks)
		return INCOMPLETE;
	return judge_writers(look, tree_writers(fd, tree), "a file in it is open for writing",
			     COMPLETE_FOLDER);
}

static enum verdict look_at_folder(struct look *look, const struct stat *st)
{
	_cleanup_close_ int fd = safefs_open_dir(look->box_fd, look->name);
	struct tree tree = { 0 };
	enum verdict verdict;

	if (fd == -EACCES) {
		fingerprint_name(st, look->fingerprint);
		return is_equal(look) ? COMPLETE_FOLDER : INCOMPLETE;
	}
	if (fd < 0)
		return fd == -ENOENT ? GONE : CHANGING;
	if (tree_look_part(fd, &tree) < 0)
		return CHANGING;
	tree_fingerprint(&tree, look->fingerprint);
	verdict = judge_folder(look, fd, &tree);
	tree_free(&tree);
	return verdict;
}

static enum verdict look_at_file(struct look *look, const struct stat *st)
{
	fingerprint_name(st, look->fingerprint);
	if (look->whole)
		return COMPLETE_FILE;
	tell(look, spool_is_partial(look->name) ? "its name is that of a copy in progress"
		   : look->ready_needed		? "it has not come by one rename"
						: NULL);
	if (!is_equal(look) || look->lacks)
		return INCOMPLETE;
	return judge_writers(look, tree_file_writers(look->box_fd, look->name),
			     "it is open for writing", COMPLETE_FILE);
}

void looks_run(struct look *look)
{
	struct stat st;
	int r = safefs_look(look->box_fd, look->name, &st);

	if (r < 0) {
		/* Not seen: the look before it is the one to compare with. */
		memcpy(look->fingerprint, look->before, sizeof(look->fingerprint));
		look->verdict = r == -ENOENT ? GONE : CHANGING;
	} else if (S_ISDIR(st.st_mode)) {
		look->verdict = look_at_folder(look, &st);
	} else if (S_ISREG(st.st_mode)) {
		look->verdict = look_at_file(look, &st);
	} else {
		look->verdict =
			COMPLETE_FILE; /* a link, a fifo: never a job, and complete at once */
	}
}
