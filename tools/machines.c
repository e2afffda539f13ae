/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machines - the runners of a share.
 *
 * Reads runners/<name>.conf and .beat, opened by way of the folder's path; a beat that is just
 * being replaced is read at the next call. Changes nothing. To wait here for a counter to move
 * would take five seconds and more; the coordinator has waited already.
 */
#include "machines.h"

#include "cleanup.h"
#include "index.h"
#include "record.h"
#include "snapshot.h"
#include "spool.h"
#include "xalloc.h"

#include <string.h>

#define SUFFIX ".conf"

static int add_name(const char *name, unsigned char type, void *arg)
{
	struct machines *m = arg;
	size_t len = strlen(name);
	char *runner;

	(void)type;
	if (len <= strlen(SUFFIX) || strcmp(name + len - strlen(SUFFIX), SUFFIX) != 0)
		return 0;
	runner = xstrndup(name, len - strlen(SUFFIX));
	if (!spool_is_runner_name(runner)) {
		free(runner);
		return 0;
	}
	m->items = xrealloc(m->items, m->count + 1, sizeof(*m->items));
	m->items[m->count++] = (struct machine){ .name = runner };
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct machine *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void read_files(int dir, struct machine *m)
{
	_cleanup_free_ char *conf = xasprintf("%s.conf", m->name),
			    *beat = xasprintf("%s.beat", m->name);
	_cleanup_free_ char *text = NULL, *beat_text = NULL;
	size_t len;

	if (safefs_read(dir, conf, RECORD_MAX_BYTES, &text, &len, NULL) == 0)
		m->has_registration = registration_parse(text, len, &m->registration) ==
				      RECORD_WHOLE;
	if (safefs_read(dir, beat, RECORD_MAX_BYTES, &beat_text, &len, NULL) == 0)
		m->has_beat = beat_parse(beat_text, len, &m->beat) == RECORD_WHOLE;
}

static struct machine *find(const struct machines *m, const char *name)
{
	struct machine key = { .name = (char *)(uintptr_t)name };

	return m->count ? bsearch(&key, m->items, m->count, sizeof(key), compare) : NULL;
}

/* The coordinator's view: it knows who is absent; of the others the beat itself is newer. */
static int take_row(const struct index_runner *row, void *arg)
{
	struct machine *m = row->runner ? find(arg, row->runner) : NULL;

	if (!m || !row->state)
		return 0;
	free(m->state);
	m->state = xstrdup(strcmp(row->state, "ABSENT") != 0 && m->has_beat && m->beat.state
				   ? m->beat.state
				   : row->state);
	return 0;
}

int machines_read(const struct spool *sp, struct machines *ret)
{
	_cleanup_close_ int dir = -1;
	struct machines m = { 0 };
	struct index *ix;
	int r;

	r = spool_list(sp, SPOOL_RUNNERS, add_name, &m);
	dir = safefs_open_dir(sp->fd, spool_place_name(SPOOL_RUNNERS));
	if (r < 0 || dir < 0) {
		machines_free(&m);
		return r < 0 ? r : dir;
	}
	if (m.count > 1)
		qsort(m.items, m.count, sizeof(*m.items), compare);
	for (size_t i = 0; i < m.count; i++) {
		read_files(dir, &m.items[i]);
		m.items[i].state = xstrdup("?");
	}
	if (snapshot_open(sp, &ix, NULL) == 0) {
		index_runners(ix, take_row, &m);
		index_close(ix);
	}
	*ret = m;
	return 0;
}

bool machine_is_current(const struct machine *m)
{
	return strcmp(m->state, "ABSENT") != 0;
}

void machines_free(struct machines *m)
{
	for (size_t i = 0; i < m->count; i++) {
		struct machine *item = &m->items[i];

		if (item->has_registration)
			registration_free(&item->registration);
		if (item->has_beat)
			beat_free(&item->beat);
		free(item->name);
		free(item->state);
	}
	free(m->items);
	*m = (struct machines){ 0 };
}
