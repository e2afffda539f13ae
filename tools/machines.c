/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machines - the runners of a share.
 *
 * Reads runners/<name>.conf, and on a local disk <name>.beat, opened by way of the folder's path; a
 * beat that is just being replaced is read at the next call. On a network the beat is put together
 * from what can be known without opening it (machines.h). Changes nothing. To wait here for a
 * counter to move would take five seconds and more; the coordinator has waited already.
 */
#include "machines.h"

#include "cleanup.h"
#include "inboxes.h"
#include "index.h"
#include "record.h"
#include "snapshot.h"
#include "spool.h"
#include "xalloc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX ".conf"
#define FRESH_MS 60000 /* what the snapshot says of load and memory is shown if it is no older */

static struct machine *add(struct machines *m, const char *name)
{
	m->items = xrealloc(m->items, m->count + 1, sizeof(*m->items));
	m->items[m->count] = (struct machine){ .name = xstrdup(name), .state = xstrdup("?") };
	return &m->items[m->count++];
}

static int add_name(const char *name, unsigned char type, void *arg)
{
	size_t len = strlen(name);
	char *runner;

	(void)type;
	if (len <= strlen(SUFFIX) || strcmp(name + len - strlen(SUFFIX), SUFFIX) != 0)
		return 0;
	runner = xstrndup(name, len - strlen(SUFFIX));
	if (spool_is_runner_name(runner))
		add(arg, runner);
	free(runner);
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct machine *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void read_registration(int dir, struct machine *m)
{
	_cleanup_free_ char *file = xasprintf("%s.conf", m->name), *text = NULL;
	size_t len;

	if (safefs_read(dir, file, RECORD_MAX_BYTES, &text, &len, NULL) == 0)
		m->has_registration = registration_parse(text, len, &m->registration) ==
				      RECORD_WHOLE;
}

static void read_beat(int dir, struct machine *m)
{
	_cleanup_free_ char *file = xasprintf("%s.beat", m->name), *text = NULL;
	size_t len;

	if (safefs_read(dir, file, RECORD_MAX_BYTES, &text, &len, NULL) == 0)
		m->has_beat = m->fresh = beat_parse(text, len, &m->beat) == RECORD_WHOLE;
}

/* When the beat was written, without opening it; 0: not known. */
static int64_t beat_time(int dir, const struct machine *m)
{
	_cleanup_free_ char *file = xasprintf("%s.beat", m->name);
	struct stat st;

	if (dir < 0 || safefs_stat(dir, file, &st) < 0)
		return 0;
	return (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}

static struct machine *find(const struct machines *m, const char *name)
{
	struct machine key = { .name = (char *)(uintptr_t)name };

	return m->count ? bsearch(&key, m->items, m->count, sizeof(key), compare) : NULL;
}

/* -- what the snapshot tells --------------------------------------------------------------------- */

static void split(struct strlist *list, const char *text, const char *separators)
{
	_cleanup_free_ char *copy = xstrdup(text ? text : "");
	char *rest = copy, *word;

	while ((word = strsep(&rest, separators))) {
		word += strspn(word, " ");
		if (*word)
			strlist_add(list, word);
	}
}

static char *text_of(const char *text)
{
	return xstrdup(text ? text : "");
}

/* For one whose registration may not be read. */
static void take_registration(struct machine *m, const struct index_runner *row)
{
	struct registration *r = &m->registration;

	*r = (struct registration){
		.runner = xstrdup(m->name),
		.instance = xstrdup(""),
		.machine = xstrdup(""),
		.host = text_of(row->host),
		.platform = text_of(row->platform),
		.kernel = text_of(row->kernel),
		.cpu = text_of(row->cpu),
		.cores = row->cores,
		.slots = row->slots,
		.memory = row->memory,
		.version = xstrdup(""),
	};
	split(&r->software, row->software, ",");
	m->has_registration = true;
}

/* A beat as far as the coordinator has published it. */
static void take_beat(struct machine *m, const struct index_runner *row, int64_t at)
{
	if (m->has_beat)
		beat_free(&m->beat);
	m->beat = (struct beat){
		.instance = xstrdup(""),
		.at = at ? at : row->seen_at,
		.load = row->load,
		.free_memory = row->free_memory,
		.free_slots = row->free_slots,
		.state = xstrdup(row->state),
	};
	split(&m->beat.running, row->running, " ");
	m->has_beat = true;
	m->fresh = llabs(m->beat.at - row->seen_at) < FRESH_MS;
}

/* While m is filled. */
struct reading {
	struct machines *m;
	int dir; /* runners/; -1: closed to the caller */
	bool network;
};

/* The coordinator's view: it knows who is absent; of the others the beat itself is newer. */
static int take_row(const struct index_runner *row, void *arg)
{
	struct reading *g = arg;
	struct machine *m = row->runner ? find(g->m, row->runner) : NULL;

	if (!m || !row->state)
		return 0;
	if (!m->has_registration && g->dir < 0)
		take_registration(m, row);
	if (g->network || g->dir < 0)
		take_beat(m, row, beat_time(g->dir, m));
	free(m->state);
	m->state = xstrdup(strcmp(row->state, "ABSENT") != 0 && strcmp(row->state, "ERROR") != 0 &&
					   m->has_beat && m->beat.state
				   ? m->beat.state
				   : row->state);
	return 0;
}

static int take_name(const struct index_runner *row, void *arg)
{
	if (row->runner && spool_is_runner_name(row->runner))
		add(arg, row->runner);
	return 0;
}

static void sort(struct machines *m)
{
	if (m->count > 1)
		qsort(m->items, m->count, sizeof(*m->items), compare);
}

static int take_snapshot(const struct spool *sp, struct machines *m, int dir)
{
	struct reading g = { .m = m, .dir = dir, .network = sp->kind != SAFEFS_LOCAL };
	struct index *ix;
	int r = snapshot_open(sp, &ix, NULL);

	if (r < 0)
		return r;
	if (dir < 0) {
		index_runners(ix, take_name, m);
		sort(m);
	}
	index_runners(ix, take_row, &g);
	index_close(ix);
	return 0;
}

/* -- what claims tell ---------------------------------------------------------------------------- */

static bool is_at_work(const struct machine *m)
{
	return strcmp(m->state, "IDLE") == 0 || strcmp(m->state, "MIXED") == 0 ||
	       strcmp(m->state, "BUSY") == 0;
}

/* What a snapshot says of the jobs of a runner is as old as it is; the names of claims are true. */
static void take_claims_of(const struct inboxes *in, struct machine *m)
{
	size_t running = 0;

	strlist_free(&m->beat.running);
	for (size_t i = 0; i < in->count; i++) {
		const struct inboxes_ticket *t = &in->tickets[i];
		_cleanup_free_ char *name = NULL;

		if (t->kind != SPOOL_TICKET_CLAIM || strcmp(t->runner, m->name) != 0)
			continue;
		name = xasprintf("%" PRIu64 ".%u", t->id, t->attempt);
		strlist_add(&m->beat.running, name);
		running++;
	}
	if (!is_at_work(m))
		return;
	free(m->state);
	if (running == 0)
		m->state = xstrdup("IDLE");
	else
		m->state = xstrdup(running < m->registration.slots ? "MIXED" : "BUSY");
}

static void take_claims(const struct spool *sp, struct machines *m)
{
	struct inboxes in;

	if (inboxes_read(sp, &in) < 0)
		return;
	for (size_t i = 0; i < m->count; i++) {
		if (m->items[i].has_beat && inboxes_knows(&in, m->items[i].name))
			take_claims_of(&in, &m->items[i]);
	}
	inboxes_free(&in);
}

int machines_read(const struct spool *sp, struct machines *ret)
{
	_cleanup_close_ int dir = safefs_open_dir(sp->fd, spool_place_name(SPOOL_RUNNERS));
	bool network = sp->kind != SAFEFS_LOCAL;
	struct machines m = { 0 };
	int r = dir < 0 ? dir : safefs_list(dir, ".", add_name, &m);

	sort(&m);
	for (size_t i = 0; i < m.count; i++) {
		read_registration(dir, &m.items[i]);
		if (!network)
			read_beat(dir, &m.items[i]);
	}
	if (take_snapshot(sp, &m, r < 0 ? -1 : dir) == 0)
		r = r == -EACCES ? 0 : r;
	if (r < 0) {
		machines_free(&m);
		return r;
	}
	for (size_t i = 0; i < m.count; i++) {
		if (network && !m.items[i].has_beat && dir >= 0)
			read_beat(dir, &m.items[i]);
	}
	if (network)
		take_claims(sp, &m);
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
