/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check - findings of a look, and finding a folder among those that it saw. Touches memory and the
 * look's own temporary folder.
 */
#include "check.h"

#include "cleanup.h"
#include "index.h"
#include "rmtree.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void check_begin(struct check *c, const struct spool *sp)
{
	*c = (struct check){ .sp = sp, .index = CHECK_NO_INDEX };
}

void check_free(struct check *c)
{
	for (size_t i = 0; i < c->count; i++)
		free(c->folders[i].name);
	free(c->folders);
	if (c->log)
		index_close(c->log);
	if (c->scratch)
		rmtree(AT_FDCWD, c->scratch);
	free(c->scratch);
	strlist_free(&c->findings);
	strlist_free(&c->remedies);
	*c = (struct check){ 0 };
}

void check_note(struct check *c, const char *remedy, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, format);
	text = xvasprintf(format, ap);
	va_end(ap);
	strlist_add(&c->findings, text);
	strlist_add(&c->remedies, remedy);
}

const struct check_folder *check_find(const struct check *c, uint64_t id, unsigned attempt,
				      enum spool_place place)
{
	size_t low = 0, high = c->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c->folders[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < c->count && c->folders[low].id == id; low++) {
		if (c->folders[low].place == place && c->folders[low].attempt == attempt)
			return &c->folders[low];
	}
	return NULL;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void check_keep_common(struct check *now, const struct check *before)
{
	struct strlist findings = { 0 }, remedies = { 0 };
	char **sorted = xcalloc(before->findings.count + 1, sizeof(*sorted));

	for (size_t i = 0; i < before->findings.count; i++)
		sorted[i] = before->findings.items[i];
	qsort(sorted, before->findings.count, sizeof(*sorted), compare_texts);
	for (size_t i = 0; i < now->findings.count; i++) {
		if (!bsearch(&now->findings.items[i], sorted, before->findings.count,
			     sizeof(*sorted), compare_texts))
			continue;
		strlist_add(&findings, now->findings.items[i]);
		strlist_add(&remedies, now->remedies.items[i]);
	}
	free(sorted);
	strlist_free(&now->findings);
	strlist_free(&now->remedies);
	now->findings = findings;
	now->remedies = remedies;
}
