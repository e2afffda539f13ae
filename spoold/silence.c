/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * silence - how long a runner has given no sign of life, and what follows from it.
 *
 * Counted by a clock of our own that runs only while our loop does and the share can be read: while
 * we stood still (a server that did not answer, a laptop asleep) beats came that nobody has read.
 * No stamp of another host is used. Everybody's silence begins anew with the first beat after our
 * start, and with the first after a time in which nobody at all has beaten: the network was down,
 * and the others are on their way. Memory only; a crash forgets how long the silence was, which
 * costs a lease.
 */
#include "silence.h"

#include "clock.h"
#include "log.h"
#include "runners.h"
#include "xalloc.h"

#include <errno.h>

#define KILL_MARGIN_MS 5000 /* from the decision to freeze until nothing runs any more */
#define NOBODY "signs of life"

static struct {
	int64_t last; /* boot ms of the last look at the clock */
	int64_t ms;   /* of all such looks, without what is missing between them */
	int64_t from; /* ms: nobody's silence began earlier; by the first beat after nobody's */
	bool blind;   /* beats cannot be read */
	bool nobody;  /* beats */
	sd_event_source *timer;
} silence = { .ms = 1, .nobody = true };

static int64_t tick_ms(const struct coordinator *co)
{
	return co->opt.lease / 8;
}

/* Time in which the loop ran and could see, in ms: a tick shows that it does. */
static int64_t awake_ms(const struct coordinator *co)
{
	int64_t now = clock_boot_ms(), gap = now - silence.last;

	if (!silence.blind)
		silence.ms += gap < 2 * tick_ms(co) ? gap : 2 * tick_ms(co);
	silence.last = now;
	return silence.ms;
}

static int on_tick(sd_event_source *source, uint64_t usec, void *arg)
{
	const struct coordinator *co = arg;

	(void)usec;
	(void)awake_ms(co);
	sd_event_source_set_time_relative(source, (uint64_t)tick_ms(co) * 1000);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int silence_start(struct coordinator *co)
{
	int r = sd_event_add_time_relative(co->event, &silence.timer, CLOCK_BOOTTIME,
					   (uint64_t)tick_ms(co) * 1000,
					   (uint64_t)tick_ms(co) * 100, on_tick, co);

	(void)awake_ms(co);
	return r < 0 ? r : 0;
}

void silence_end(void)
{
	sd_event_source_unref(silence.timer);
}

void silence_sight(struct coordinator *co, bool clear)
{
	(void)awake_ms(co);
	silence.blind = !clear;
}

void silence_broken(struct coordinator *co, struct runner *r)
{
	r->beat_seen = awake_ms(co);
	if (silence.nobody)
		silence.from = r->beat_seen;
	silence.nobody = false;
	log_mended(NOBODY);
	log_mended(r->name);
}

/* Half a lease: when all fall silent together, the first of them must not be taken for lost because
 * the others are not overdue yet. */
void silence_listen(struct coordinator *co)
{
	silence.nobody = true;
	for (struct runner *r = co->runners; r; r = r->hh.next)
		if (r->beat_seen && awake_ms(co) - r->beat_seen < co->opt.lease / 2)
			silence.nobody = false;
}

bool silence_is_present(const struct coordinator *co, const struct runner *r)
{
	return r->beat_seen && awake_ms(co) - r->beat_seen < co->opt.lease;
}

static int64_t silent_ms(const struct coordinator *co, const struct runner *r)
{
	return awake_ms(co) - (r->beat_seen > silence.from ? r->beat_seen : silence.from);
}

/* -- its jobs ------------------------------------------------------------------------------------ */

static int64_t margin_ms(const struct coordinator *co)
{
	return KILL_MARGIN_MS < co->opt.lease / 4 ? KILL_MARGIN_MS : co->opt.lease / 4;
}

bool silence_fits_lease(const struct coordinator *co, const struct runner *r)
{
	return r->reg.freeze_ms < co->opt.lease - margin_ms(co);
}

char *silence_misfit(const struct coordinator *co, const struct runner *r)
{
	return xasprintf("it freezes its jobs %.1f s after its last sign of life and may need "
			 "%.1f s to end them, but the lease is %.1f s: make freeze in its "
			 "runner.conf shorter, or lease in spoold.conf longer",
			 (double)r->reg.freeze_ms / 1000, (double)margin_ms(co) / 1000,
			 (double)co->opt.lease / 1000);
}

bool silence_is_loss(struct coordinator *co, struct runner *r)
{
	if (silent_ms(co, r) < co->opt.lease)
		return false;
	if (r->reg.freeze_ms <= 0 || !silence_fits_lease(co, r)) {
		log_trouble(r->name,
			    "runner %s is silent and does not freeze its jobs in time, so they may "
			    "still run: they stay its own. Start it again; or, if that machine "
			    "will not come back, see spoold(8)",
			    r->name);
		return false;
	}
	if (silence.nobody) {
		log_trouble(NOBODY, "no runner beats: the network may be down; nothing is taken "
				    "from anybody");
		return false;
	}
	return runners_look_again(co, r) == 0 && silent_ms(co, r) >= co->opt.lease;
}

char *silence_words(const struct coordinator *co, const struct runner *r)
{
	char from[CLOCK_STAMP_SIZE], to[CLOCK_STAMP_SIZE];
	int64_t now = clock_wall_ms();

	return xasprintf("no sign of life from runner %s from %s to %s", r->name,
			 clock_stamp(now - silent_ms(co, r), from), clock_stamp(now, to));
}
