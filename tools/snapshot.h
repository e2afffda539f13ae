/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshot - the newest copy of the index that the coordinator has published: status/spool.<k>.db.
 */
#ifndef SPOOL_SNAPSHOT_H
#define SPOOL_SNAPSHOT_H

#include <stdint.h>

struct index;
struct spool;

/* Opens the newest one. 0 with *ret_k (may be NULL) its number; -ENOENT if none has been published;
 * other negative errno. Close it with index_close. */
int snapshot_open(const struct spool *sp, struct index **ret, uint64_t *ret_k);

/* The path of snapshot k; heap. */
char *snapshot_path(const struct spool *sp, uint64_t k);

#endif
