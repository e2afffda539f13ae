/* SPDX-License-Identifier: GPL-2.0-or-later */
/* manifests - manifests made by hand, for tests. */
#ifndef SPOOL_MANIFESTS_H
#define SPOOL_MANIFESTS_H

#include "manifest.h"
#include "scratch.h"
#include "spool.h"

#define HASH "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static inline void manifests_entry(struct manifest *m, const struct tree_entry *e, const char *hash)
{
	size_t i = m->tree.count++;

	m->tree.entries = xrealloc(m->tree.entries, m->tree.count, sizeof(*e));
	m->tree.entries[i] = *e;
	m->tree.entries[i].path = xstrdup(e->path);
	m->hashes = xrealloc(m->hashes, m->tree.count, sizeof(char *));
	m->hashes[i] = hash ? xstrdup(hash) : NULL;
}

static inline struct manifest manifests_full(void)
{
	static char dir[] = "d", file[] = "d/sim.py", link[] = "link";
	struct manifest m = {
		.id = 12,
		.name = xstrdup("My Sim"),
		.user = xstrdup("eva"),
		.uid = 1000,
		.group = xstrdup("brick"),
		.box = xstrdup("octave"),
		.queued_at = INT64_C(1795168800123),
		.needs = { .cores = 2, .memory = 1 << 29, .ttl_ms = 3600000 },
	};

	m.needs.app = xstrdup("python3/1");
	m.needs.runner = xstrdup("lab-07");
	strlist_add(&m.needs.platforms, "linux-x86_64");
	strlist_add(&m.needs.platforms, "linux-aarch64");
	strlist_add(&m.needs.software, "octave-cli");
	manifests_entry(&m, &(struct tree_entry){ .path = dir, .type = 'd', .inode = 1 }, NULL);
	manifests_entry(&m,
			&(struct tree_entry){ .path = file,
					      .type = 'f',
					      .size = 120,
					      .mtime_ns = INT64_C(1763632800000000000),
					      .ctime_ns = INT64_C(1763632800000000001),
					      .inode = 4711 },
			HASH);
	manifests_entry(&m,
			&(struct tree_entry){ .path = link, .type = 'l', .size = 3, .inode = 5 },
			NULL);
	return m;
}

static inline void manifests_put(const struct scratch *s, const char *text, size_t len)
{
	unlinkat(s->fd, SPOOL_MANIFEST, 0);
	scratch_bytes(s, SPOOL_MANIFEST, text, len);
}

#endif
