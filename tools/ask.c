/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ask - requests to the coordinator and its answers.
 *
 * Writes requests/<name> as a temporary that is renamed, so that the coordinator never reads half a
 * reason. The nonce makes the answer ours: replies/<same name>. A spoolctl that dies in between
 * leaves a request that is carried out all the same; its answer is swept by the coordinator after
 * an hour. Answers appear by a rename, so what is there is whole.
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
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REPLY_MAX 65536
#define FIRST_PAUSE 5 /* ms between looks, doubled up to the last one */
#define LAST_PAUSE 200
#define NET_LAST_PAUSE 500

int ask_send(const struct spool *sp, const char *verb, const char *target, const char *reason,
	     struct ask *ret)
{
	_cleanup_free_ char *name = NULL, *text = NULL;
	int fd = spool_place(sp, SPOOL_REQUESTS), r;
	char nonce[ASK_NONCE_HEX + 1];

	if (fd < 0)
		return fd;

	digest_nonce(nonce, ASK_NONCE_HEX);
	name = request_name(verb, target, nonce);
	text = xasprintf("%s%s", reason ? reason : "", reason ? "\n" : "");
	r = safefs_replace(fd, name, text, strlen(text), 0644, true);
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

/* The asks that are not answered yet, sorted by name; those whose answer was listed. */
struct awaited {
	struct ask **items;
	bool *there;
	size_t count;
};

static int compare(const void *a, const void *b)
{
	const struct ask *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int mark(const char *name, unsigned char type, void *arg)
{
	struct awaited *w = arg;
	size_t low = 0, high = w->count;

	(void)type;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(w->items[middle]->name, name);

		if (order == 0)
			w->there[middle] = true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

static void read_reply(int replies_fd, struct ask *a)
{
	_cleanup_free_ char *text = NULL;
	size_t len;

	if (safefs_read(replies_fd, a->name, REPLY_MAX, &text, &len, NULL) < 0 || !len)
		return;
	a->answered = true;
	parse_reply(a, text);
}

/* On a network a name that is asked for too early is taken for missing for up to 30 s; so only what
 * a list shows is opened. */
static void look_at_all(const struct spool *sp, struct awaited *w)
{
	_cleanup_close_ int fd = safefs_open_dir(sp->fd, spool_place_name(SPOOL_REPLIES));
	bool list = sp->kind != SAFEFS_LOCAL;

	if (fd < 0)
		return;
	qsort(w->items, w->count, sizeof(*w->items), compare);
	if (list)
		safefs_list(fd, ".", mark, w);
	for (size_t i = 0; i < w->count; i++) {
		if (!list || w->there[i])
			read_reply(fd, w->items[i]);
	}
}

size_t ask_look(const struct spool *sp, struct ask *asks, size_t count)
{
	struct awaited w = {
		.items = xcalloc(count + 1, sizeof(struct ask *)),
		.there = xcalloc(count + 1, sizeof(bool)),
	};
	size_t open = 0;

	for (size_t i = 0; i < count; i++) {
		if (!asks[i].answered)
			w.items[w.count++] = &asks[i];
	}
	if (w.count)
		look_at_all(sp, &w);
	for (size_t i = 0; i < w.count; i++)
		open += !w.items[i]->answered;
	free(w.items);
	free(w.there);
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
	int64_t longest = sp->kind == SAFEFS_LOCAL ? LAST_PAUSE : NET_LAST_PAUSE;
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
		pause = pause * 2 < longest ? pause * 2 : longest;
	}
}

void ask_free(struct ask *a)
{
	free(a->name);
	free(a->text);
	*a = (struct ask){ 0 };
}
