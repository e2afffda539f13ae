/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ask - requests to the coordinator and its answers.
 *
 * Writes requests/<name> as a temporary that is renamed, so that the coordinator never reads half a
 * reason. The nonce makes the answer ours: replies/<same name>. A spoolctl that dies in between
 * leaves a request that is carried out all the same; its answer is swept by the coordinator after
 * an hour.
 */
#include "ask.h"

#include "alive.h"
#include "cleanup.h"
#include "clock.h"
#include "digest.h"
#include "request.h"
#include "spool.h"
#include "xalloc.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define REPLY_MAX 65536
#define FIRST_PAUSE 5 /* ms between looks, doubled up to the last one */
#define LAST_PAUSE 200

int ask_send(const struct spool *sp, const char *verb, const char *target, const char *reason,
	     struct ask *ret)
{
	_cleanup_free_ char *name = NULL, *text = NULL;
	char nonce[ASK_NONCE_HEX + 1];
	int r;

	digest_nonce(nonce, ASK_NONCE_HEX);
	name = request_name(verb, target, nonce);
	text = xasprintf("%s%s", reason ? reason : "", reason ? "\n" : "");
	r = safefs_replace(sp->place_fd[SPOOL_REQUESTS], name, text, strlen(text), 0644, true);
	if (r == 0)
		ask_expect(ret, name);
	return r;
}

void ask_expect(struct ask *ret, const char *name)
{
	*ret = (struct ask){ .name = xstrdup(name) };
}

/* "ok 12 text" or "failed 0 text" */
static void parse_reply(struct ask *a, char *text)
{
	char *end;

	text[strcspn(text, "\n")] = '\0';
	a->ok = strncmp(text, "ok ", 3) == 0;
	if (!a->ok && strncmp(text, "failed ", 7) != 0) {
		a->text = xstrdup(text);
		return;
	}
	text = strchr(text, ' ') + 1;
	a->number = strtoull(text, &end, 10);
	a->text = xstrdup(*end == ' ' ? end + 1 : end);
}

size_t ask_look(const struct spool *sp, struct ask *asks, size_t count)
{
	_cleanup_close_ int fd = safefs_open_dir(sp->fd, spool_place_name(SPOOL_REPLIES));
	size_t open = 0;

	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *text = NULL;
		size_t len;

		if (asks[i].answered)
			continue;
		if (fd >= 0 && safefs_read(fd, asks[i].name, REPLY_MAX, &text, &len, NULL) == 0 &&
		    len) {
			asks[i].answered = true;
			parse_reply(&asks[i], text);
		} else {
			open++;
		}
	}
	return open;
}

static void pause_ms(int64_t ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

int ask_wait(const struct spool *sp, struct ask *asks, size_t count)
{
	int64_t pause = FIRST_PAUSE, last_answer = clock_boot_ms();
	size_t open = count, before = count;
	struct alive alive;

	alive_begin(sp, &alive);
	for (;;) {
		open = ask_look(sp, asks, count);
		if (open == 0)
			return 0;
		if (open < before) {
			last_answer = clock_boot_ms();
			pause = FIRST_PAUSE;
			alive.moved = true;
		}
		before = open;
		if (clock_boot_ms() - last_answer > ASK_PATIENCE)
			return ASK_UNANSWERED;
		if (alive_is_gone(sp, &alive))
			return ASK_NOBODY;
		pause_ms(pause);
		pause = pause * 2 < LAST_PAUSE ? pause * 2 : LAST_PAUSE;
	}
}

void ask_free(struct ask *a)
{
	free(a->name);
	free(a->text);
	*a = (struct ask){ 0 };
}
