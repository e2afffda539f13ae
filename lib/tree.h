/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree - one look at a dropped folder: every entry with its type, size, times and inode, within
 * bounds.
 *
 * Iterative, by descriptors, following no link. Entries are sorted by path, so that two looks
 * compare line by line.
 */
#ifndef SPOOL_TREE_H
#define SPOOL_TREE_H

#include "safefs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct complaint;

#define TREE_MAX_DEPTH 32
#define TREE_MAX_ENTRIES 100000
#define TREE_MAX_PATH 4095	    /* bytes; the kernel takes no longer one */
#define TREE_MAX_NAMES (32UL << 20) /* bytes of all paths together */

struct tree_entry {
	char *path; /* relative to the folder, raw bytes */
	char type;  /* 'f' file, 'd' folder, 'l' link, 'o' anything else */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	unsigned links;
	uint64_t size; /* 0 for folders */
	int64_t mtime_ns, ctime_ns;
	uint64_t inode;
};

struct tree {
	struct tree_entry *entries;
	size_t count;
	bool ready;   /* .ready is there */
	bool partial; /* a name looks like a copy in progress */
	uint64_t bytes;
	uid_t uid; /* owner of the folder itself */
};

/*
 * Looks at the folder behind dir_fd (all but files of ours and litter, decisions.md 10; the folder
 * itself gives no entry). Too deep, too many, too long: COMPLAINT with c filled. 0, or negative
 * errno (-ENOENT and -ESTALE mean that it is being changed: look again later). What other hosts
 * have changed in the last minute may be missing on a network mount.
 */
int tree_look(int dir_fd, struct tree *ret, struct complaint *c);

/* The same as the file server has it now: a round trip for each entry on a network mount. */
int tree_look_fresh(int dir_fd, struct tree *ret, struct complaint *c);

/* As tree_look_fresh up to these bounds and without what lies in folders that may not be read:
 * enough to see whether it still grows. 0 or negative errno. */
int tree_look_part(int dir_fd, struct tree *ret);

/* What must not be run or kept: symbolic links leading out of the folder (links inside that stay
 * inside are allowed: decisions are by text of the link), devices, fifos, sockets, setuid or setgid
 * files, files with several hard links. 0, or COMPLAINT naming the first one. */
int tree_check(int dir_fd, const struct tree *t, struct complaint *c);

/* The first entry that we may not read (or enter), or NULL. Of tree_look or tree_look_part;
 * borrowed. */
const struct tree_entry *tree_closed(int dir_fd, const struct tree *t);

/*
 * Is the file open for writing, or lent to a client that may write? An enum safefs_writers; a file
 * that may not be read, or is none, is UNKNOWN. Negative errno: it is gone, or cannot be asked now.
 */
int tree_file_writers(int dir_fd, const char *path);

/* The same of all files of the tree: WRITER if any has one, else UNKNOWN if nobody can say of any.
 * Opens each file once. */
int tree_writers(int dir_fd, const struct tree *t);

/* 64 hex digits over all entries: names, types, sizes, mtimes, ctimes, inodes. hex has
 * DIGEST_HEX_SIZE bytes. */
void tree_fingerprint(const struct tree *t, char *hex);

/* The same without ctimes, which change with mode and group, too. */
void tree_fingerprint_lasting(const struct tree *t, char *hex);

void tree_free(struct tree *t);

#endif
