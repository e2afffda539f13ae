/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control - requests about jobs.
 *
 * Writes all requests first (ask), then waits for the answers, so that a hundred jobs take no
 * longer than one. Whether a request is allowed is decided by the coordinator, by the owner of the
 * request's file. A spoolctl that is killed while it waits has lost only the answers.
 */
#include "control.h"

#include "ask.h"
#include "cleanup.h"
#include "escape.h"
#include "ids.h"
#include "share.h"
#include "spool.h"
#include "tell.h"
#include "xalloc.h"

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REASON_MAX 900 /* bytes; the coordinator reads no more than 1000 */

enum { KEY_REASON = 0x100 }; /* long only */

struct options {
	const char *reason;
	char **words;
	size_t count;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case KEY_REASON:
		if (strchr(arg, '\n') || strlen(arg) > REASON_MAX)
			argp_error(state, "--reason: expected one line of at most %d bytes",
				   REASON_MAX);
		o->reason = arg;
		return 0;
	case ARGP_KEY_ARGS:
		o->words = state->argv + state->next;
		o->count = (size_t)(state->argc - state->next);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which jobs? Give ids, as in %s 12", state->name);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option argp_options[] = {
	{ "reason", KEY_REASON, "TEXT", 0, "Why; it is kept in the job's record and in the log",
	  0 },
	{ 0 }
};
static const struct argp_child children[] = { { &share_argp, 0, NULL, 0 }, { 0 } };

/* Sends a request for each id. Returns how many were sent; the first failure is told. */
static size_t send_all(const struct spool *sp, const char *verb, const char *reason,
		       const struct ids *ids, struct ask *asks)
{
	size_t sent;

	for (sent = 0; sent < ids->count; sent++) {
		char target[24];
		int r;

		snprintf(target, sizeof(target), "%" PRIu64, ids->items[sent]);
		r = ask_send(sp, verb, target, reason, &asks[sent]);
		if (r < 0) {
			tell_errno("the request cannot be written into spool/requests", r);
			break;
		}
	}
	return sent;
}

static int print_answers(const struct spool *sp, const char *verb, const struct ids *ids,
			 struct ask *asks, size_t count)
{
	int waited = ask_wait(sp, asks, count);
	int result = TELL_DONE;

	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *text = asks[i].text ? escape_text(asks[i].text, ESCAPE_TEXT)
							 : NULL;

		if (asks[i].answered && asks[i].ok) {
			printf("%s %" PRIu64 ": %s\n", verb, ids->items[i], text);
			continue;
		}
		result = TELL_FAILED;
		if (asks[i].answered)
			tell_failed("%s %" PRIu64 ": %s", verb, ids->items[i], text);
		else
			tell_failed("%s %" PRIu64
				    ": %s; the request stays in spool/%s and is carried out %s",
				    verb, ids->items[i],
				    waited == ASK_NOBODY ? "no coordinator is running"
							 : "no answer within 10 s",
				    spool_place_name(SPOOL_REQUESTS),
				    waited == ASK_NOBODY ? "when spoold is started"
							 : "when it is its turn");
	}
	return result;
}

static int request_all(const struct spool *sp, const struct control *control,
		       const struct options *o, const struct ids *ids)
{
	struct ask *asks = xcalloc(ids->count, sizeof(*asks));
	size_t sent = send_all(sp, control->verb, o->reason, ids, asks);
	int r = print_answers(sp, control->verb, ids, asks, sent);

	for (size_t i = 0; i < sent; i++)
		ask_free(&asks[i]);
	free(asks);
	return sent < ids->count ? TELL_FAILED : r;
}

int control_run(const struct control *control, int argc, char **argv)
{
	struct argp argp = { argp_options, parse, "ID...", control->doc, children, NULL, NULL };
	struct options o = { 0 };
	struct spool sp;
	struct ids ids;
	int r;

	if (argp_parse(&argp, argc, argv, 0, NULL, &o))
		return TELL_USAGE;
	r = share_open(&sp);
	if (r != TELL_DONE)
		return r;
	r = ids_resolve(&sp, o.words, o.count, control->places, control->places, &ids);
	if (r == TELL_DONE) {
		if (ids.count)
			r = request_all(&sp, control, &o, &ids);
		else
			tell_note("%s", control->nothing);
		ids_free(&ids);
	}
	spool_close(&sp);
	return r;
}
