/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * endings - the launcher's memory of jobs that have ended. Memory only: a launcher that is killed
 * forgets them, and their claims are given back.
 */
#include "endings.h"

#include "xalloc.h"

#include <string.h>

void endings_add(struct endings *e, const struct message_report *report)
{
	e->list = xrealloc(e->list, e->count + 1, sizeof(*e->list));
	e->list[e->count++] = (struct ending){ .report = *report };
}

void endings_forget(struct endings *e, uint64_t tag)
{
	for (size_t i = 0; i < e->count; i++)
		if (e->list[i].report.tag == tag) {
			e->count--;
			memmove(&e->list[i], &e->list[i + 1], (e->count - i) * sizeof(e->list[0]));
			return;
		}
}

void endings_forget_all(struct endings *e)
{
	e->count = 0;
}

void endings_tell_again(struct endings *e)
{
	for (size_t i = 0; i < e->count; i++)
		e->list[i].told = false;
}

void endings_tell(struct endings *e, bool (*tell)(void *arg, const void *packet, size_t len),
		  void *arg)
{
	for (size_t i = 0; i < e->count; i++) {
		struct ending *one = &e->list[i];

		if (one->told)
			continue;
		one->told = tell(arg, &one->report, sizeof(one->report));
		if (!one->told)
			return;
	}
}
