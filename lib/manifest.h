/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * manifest - .spool-manifest in a job's folder: what was admitted, by whom, as what, and every
 * input with its size, times and hash.
 *
 *     spool-manifest 1
 *     id 12
 *     name sim            (the drop's own name, escaped)
 *     user eva 1000
 *     submit 0fc3ad07     (only if "spoolctl submit" has dropped it: the nonce of the reply)
 *     queued 2026-11-20T10:00:00.000Z
 *     app python3/1       ("-": a plain executable)
 *     cores 1 / memory BYTES / ttl MS / platforms ... / software ... / runner ...
 *     spoiled 2           (only in a fresh copy: so many runs were spoiled by trouble)
 *     on_lost fail / lost 2                    (only if it says so; only if any was)
 *     f 120 1763632800000000000 1763632800000000000 4711 9f86... sim.py     (type, size, mtime,
 * ctime, inode, hash, path) end 3 sum <sha-256 of all above>
 *
 * The last line's hash is the manifest's digest, which every ticket carries.
 */
#ifndef SPOOL_MANIFEST_H
#define SPOOL_MANIFEST_H

#include "digest.h"
#include "needs.h"
#include "tree.h"

#include <stdbool.h>
#include <stdint.h>

struct manifest {
	uint64_t id;
	char *name; /* the drop's own name, raw */
	char *user;
	uid_t uid;
	char *group;	    /* label or NULL */
	char *box;	    /* the application whose drop box it came from, or NULL */
	char *nonce;	    /* of the spoolctl submit that waits for a reply, or NULL */
	int64_t queued_at;  /* wall ms */
	unsigned spoiled;   /* runs so far that trouble spoiled; 0 in what was admitted */
	struct needs needs; /* app included */
	bool fail_if_lost;  /* on_lost = fail */
	unsigned lost;	    /* so many attempts have been revoked */
	struct tree tree;   /* the inputs */
	char **hashes; /* one for each entry of tree: 64 hex, or NULL; of a link: of its text */
	char digest[DIGEST_HEX_SIZE]; /* of the whole text */
};

/* Hashes the regular files of m->tree below dir_fd of at most `most` bytes, and where links point
 * to; the others keep "-". 0, or negative errno (-EAGAIN: changed meanwhile). Reads all their
 * bytes: for large trees call it in a worker. */
int manifest_hash(int dir_fd, struct manifest *m, uint64_t most);

/* The text; sets m->digest. Heap. */
char *manifest_write(struct manifest *m, size_t *ret_len);

/* Reads .spool-manifest of the folder behind dir_fd. head_only: the lines before the entries
 * suffice (no checksum test then: the file is ours and was renamed into place whole). 0; -ENOENT;
 * -EBADMSG damaged; other negative errno. */
int manifest_read(int dir_fd, bool head_only, struct manifest *ret);

/* Is the tree now what the manifest says (sizes, times, inodes, names)? same_inodes false: a copy,
 * compare names, types, sizes and hashes only. 0 equal; COMPLAINT with the first difference in c.
 */
int manifest_compare(const struct manifest *m, int dir_fd, const struct tree *now, bool same_inodes,
		     struct complaint *c);

/* Another tree takes the place of m's, whose hashes go; tree is left empty. */
void manifest_take_tree(struct manifest *m, struct tree *tree);

/* The tree of m becomes the caller's, who has none yet; m's hashes go. */
void manifest_give_tree(struct manifest *m, struct tree *ret);

void manifest_free(struct manifest *m);

#endif
