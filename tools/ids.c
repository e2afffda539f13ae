/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ids - from the words of a person to job numbers.
 *
 * Lists the places once, and only if a word asks for it: numbers alone touch nothing. A range picks
 * from the jobs that are there and is not counted through, so 1-999999999 costs no more than 1-2.
 */
#include "ids.h"

#include "cleanup.h"
#include "escape.h"
#include "human.h"
#include "jobs.h"
#include "tell.h"
#include "xalloc.h"

#include <stdlib.h>
#include <string.h>

struct resolving {
	const struct spool *sp;
	unsigned all_places, range_places;
	struct jobs jobs; /* every job of the share */
	bool listed;
	struct ids *ids;
};

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void add(struct ids *ids, uint64_t id)
{
	/* Room grows at powers of two; the count tells when. */
	if ((ids->count & (ids->count - 1)) == 0)
		ids->items = xrealloc(ids->items, ids->count ? 2 * ids->count : 1,
				      sizeof(*ids->items));
	ids->items[ids->count++] = id;
}

static int need_list(struct resolving *r)
{
	int result;

	if (r->listed)
		return TELL_DONE;
	result = jobs_list(r->sp, JOBS_ALL, &r->jobs);
	if (result < 0)
		return tell_errno("the jobs cannot be listed", result);
	r->listed = true;
	return TELL_DONE;
}

static int add_last(struct resolving *r)
{
	for (size_t i = r->jobs.count; i > 0; i--) {
		if (jobs_is_mine(r->sp, &r->jobs.items[i - 1])) {
			add(r->ids, r->jobs.items[i - 1].id);
			return TELL_DONE;
		}
	}
	if (jobs_hide_owners(r->sp, &r->jobs))
		return tell_failed("last: " JOBS_OWNERS_HIDDEN "; give its number");
	return tell_failed(
		"last: you have no job on this share; spoolctl queue --all lists those of others");
}

static int add_all(struct resolving *r)
{
	if (r->jobs.count && jobs_hide_owners(r->sp, &r->jobs))
		return tell_failed("all: " JOBS_OWNERS_HIDDEN "; give their numbers, as in 5-9");
	for (size_t i = 0; i < r->jobs.count; i++) {
		struct job *job = &r->jobs.items[i];

		if ((JOBS_IN(job->place) & r->all_places) && jobs_is_mine(r->sp, job))
			add(r->ids, job->id);
	}
	return TELL_DONE;
}

static int add_range(struct resolving *r, uint64_t from, uint64_t to, const char *word)
{
	size_t before = r->ids->count;

	for (size_t i = 0; i < r->jobs.count; i++) {
		const struct job *job = &r->jobs.items[i];

		if (job->id >= from && job->id <= to && (JOBS_IN(job->place) & r->range_places))
			add(r->ids, job->id);
	}
	if (r->ids->count == before)
		return tell_failed("%s: there is no job in this range for the command; "
				   "spoolctl queue --all lists all jobs",
				   word);
	return TELL_DONE;
}

/* "12" or "5-9". 0 if word is neither. */
static int parse_numbers(const char *word, uint64_t *ret_from, uint64_t *ret_to)
{
	_cleanup_free_ char *copy = xstrdup(word);
	char *dash = strchr(copy, '-');
	int64_t from, to;

	if (dash)
		*dash = '\0';
	if (human_parse_int(copy, 1, INT64_MAX, &from) < 0)
		return 0;
	to = from;
	if (dash && (human_parse_int(dash + 1, 1, INT64_MAX, &to) < 0 || to < from))
		return 0;
	*ret_from = (uint64_t)from;
	*ret_to = (uint64_t)to;
	return dash ? 2 : 1;
}

static int resolve_word(struct resolving *r, const char *word)
{
	_cleanup_free_ char *shown = escape_text(word, ESCAPE_TEXT);
	uint64_t from = 0, to = 0;
	bool last = strcmp(word, "last") == 0, all = strcmp(word, "all") == 0;
	int kind = last || all ? 2 : parse_numbers(word, &from, &to);

	if (kind == 0)
		return tell_usage(
			"%s: not a job's id; expected a number like 12, a range like 5-9, "
			"\"last\" or \"all\"",
			shown);
	if (kind == 1) {
		add(r->ids, from);
		return TELL_DONE;
	}
	if (need_list(r))
		return TELL_FAILED;
	if (last)
		return add_last(r);
	return all ? add_all(r) : add_range(r, from, to, shown);
}

static int resolve_list(struct resolving *r, const char *list)
{
	_cleanup_free_ char *copy = xstrdup(list);
	char *rest = copy, *word;
	int result = TELL_DONE;

	while (result == TELL_DONE && (word = strsep(&rest, ",")))
		result = resolve_word(r, word);
	return result;
}

/* Keeps the first of each, in order: a sorted copy tells which have been seen. */
static void drop_doubles(struct ids *ids)
{
	uint64_t *seen = xcalloc(ids->count + 1, sizeof(*seen));
	bool *taken = xcalloc(ids->count + 1, sizeof(*taken));
	size_t kept = 0, distinct = 0;

	if (ids->count)
		memcpy(seen, ids->items, ids->count * sizeof(*seen));
	qsort(seen, ids->count, sizeof(*seen), compare);
	for (size_t i = 0; i < ids->count; i++) {
		if (i == 0 || seen[i] != seen[distinct - 1])
			seen[distinct++] = seen[i];
	}
	for (size_t i = 0; i < ids->count; i++) {
		uint64_t *at = bsearch(&ids->items[i], seen, distinct, sizeof(*seen), compare);

		if (taken[at - seen])
			continue;
		taken[at - seen] = true;
		ids->items[kept++] = ids->items[i];
	}
	ids->count = kept;
	free(seen);
	free(taken);
}

int ids_resolve(const struct spool *sp, char *const *words, size_t count, unsigned all_places,
		unsigned range_places, struct ids *ret)
{
	struct resolving r = {
		.sp = sp, .all_places = all_places, .range_places = range_places, .ids = ret
	};
	int result = TELL_DONE;

	*ret = (struct ids){ 0 };
	for (size_t i = 0; result == TELL_DONE && i < count; i++)
		result = resolve_list(&r, words[i]);
	jobs_free(&r.jobs);
	if (result == TELL_DONE)
		drop_doubles(ret);
	else
		ids_free(ret);
	return result;
}

void ids_free(struct ids *ids)
{
	free(ids->items);
	*ids = (struct ids){ 0 };
}
