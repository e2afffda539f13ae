/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor_pulse - is the content of a file that another host keeps replacing seen when it changes?
 *
 * Only arithmetic: who looks, and how, is doctor_signs' business. Stamps of different hosts are not
 * compared with any clock, only with one another for being equal.
 */
#include "doctor_pulse.h"

#include "xalloc.h"

#include <stdlib.h>
#include <string.h>

#define NOT_WAITING (-1)
#define LATE_MS 2000 /* half a second between looks, one of kept attributes, and some */

void pulse_begin(struct pulse *p, int64_t beat, int64_t now, const char *content, int64_t stamp)
{
	*p = (struct pulse){ .beat = beat,
			     .content = xstrdup(content),
			     .stamp = stamp,
			     .changed_at = now,
			     .waiting_since = NOT_WAITING };
}

static void see_content(struct pulse *p, int64_t now, const char *content)
{
	if (now - p->changed_at > p->longest_gap)
		p->longest_gap = now - p->changed_at;
	if (p->waiting_since != NOT_WAITING && now - p->waiting_since > p->longest_lag)
		p->longest_lag = now - p->waiting_since;
	p->ahead = p->waiting_since == NOT_WAITING;
	p->waiting_since = NOT_WAITING;
	p->changed_at = now;
	p->changes++;
	free(p->content);
	p->content = xstrdup(content);
}

void pulse_see(struct pulse *p, int64_t now, const char *content, int64_t stamp)
{
	bool moved = stamp != p->stamp;

	if (strcmp(content, p->content) != 0)
		see_content(p, now, content);
	if (!moved)
		return;
	p->stamp = stamp;
	if (p->ahead)
		p->ahead = false;
	else if (p->waiting_since == NOT_WAITING && now != p->changed_at)
		p->waiting_since = now;
}

static bool is_stale(const struct pulse *p, int64_t now)
{
	int64_t lag = p->waiting_since == NOT_WAITING ? 0 : now - p->waiting_since;

	return (lag > p->longest_lag ? lag : p->longest_lag) * 2 >= p->beat * 5;
}

enum pulse_verdict pulse_judge(const struct pulse *p, int64_t now)
{
	if (is_stale(p, now))
		return PULSE_STALE;
	if (!p->changes && p->waiting_since == NOT_WAITING)
		return PULSE_SILENT;
	return p->longest_lag > LATE_MS || p->waiting_since != NOT_WAITING ? PULSE_LATE
									   : PULSE_FRESH;
}

bool pulse_is_clear(const struct pulse *p, int64_t now)
{
	return is_stale(p, now) || (p->changes >= 2 && p->waiting_since == NOT_WAITING);
}

void pulse_free(struct pulse *p)
{
	free(p->content);
	*p = (struct pulse){ .content = NULL };
}
