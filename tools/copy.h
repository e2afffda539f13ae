/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * copy - copies of files and folders onto the share, with progress for a person who waits.
 */
#ifndef SPOOL_COPY_H
#define SPOOL_COPY_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct tree;

#define COPY_MODEL_BYTES 65536

/* One copying. Start from { .what = ... }. */
struct copy {
	const char *what; /* for the progress line, escaped */
	uint64_t total;	  /* bytes expected, for the progress line */
	uint64_t done;	  /* bytes copied */
	bool model;	  /* only the first COPY_MODEL_BYTES of each file, the rest a hole (submit
			     --dry-run) */
	bool durable;	  /* fsync what was written: copy_settle does it for many */
	int64_t began, shown; /* boot ms; internal */
	char *failed;	      /* heap: which entry an error is about, escaped */
};

/* Set by a signal handler: copying stops with -EINTR. */
extern volatile sig_atomic_t copy_stop;

/*
 * Copies one regular file; to must not exist. Its times are kept and of its mode the read, write
 * and execute bits, as far as the file system keeps such things (safefs_dress), but its new owner
 * can always read and write it. 0 or negative errno with
 * c->failed set (-EINVAL: not a regular file); half a copy may be left behind.
 */
int copy_file(struct copy *c, int from_dir, const char *from, int to_dir, const char *to);

/* Copies what tree lists of the folder from_dir into the empty folder to_dir: files, folders, links
 * as they are. Anything else is -EINVAL with c->failed set. */
int copy_tree(struct copy *c, int from_dir, const struct tree *tree, int to_dir);

/* Makes what was copied below dir durable. 0 or negative errno. */
int copy_settle(struct copy *c, int dir);

/* Removes the progress line, if there is one, and frees the contents. */
void copy_end(struct copy *c);

#endif
