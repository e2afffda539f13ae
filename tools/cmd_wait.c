/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_wait - spoolctl wait: waits until jobs have ended; its exit code is theirs (waiting).
 */
#include "cmd.h"

#include "human.h"
#include "ids.h"
#include "jobs.h"
#include "share.h"
#include "tell.h"
#include "waiting.h"

#include <argp.h>

enum { KEY_TIMEOUT = 0x100 }; /* long only */

struct options {
	int64_t timeout_ms;
	char **words;
	size_t count;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case KEY_TIMEOUT:
		if (human_parse_time(arg, &o->timeout_ms) < 0 || o->timeout_ms <= 0)
			argp_error(state,
				   "--timeout: \"%s\" is no time; expected one like 90, 15m or 2h",
				   arg);
		return 0;
	case ARGP_KEY_ARGS:
		o->words = state->argv + state->next;
		o->count = (size_t)(state->argc - state->next);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which jobs? Give ids, as in spoolctl wait 12");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option argp_options[] = {
	{ "timeout", KEY_TIMEOUT, "TIME", 0, "Wait no longer than this, and fail then", 0 }, { 0 }
};
static const struct argp_child children[] = { { &share_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	argp_options,
	parse,
	"ID...",
	"Wait until jobs have ended. The exit code is that of the first job, in the order given, "
	"whose code is not 0; "
	"124: ended by its time limit; 137: cancelled or killed.\v" IDS_HELP,
	children,
	NULL,
	NULL
};

int cmd_wait(int argc, char **argv)
{
	struct options o = { 0 };
	struct spool sp;
	struct ids ids;
	int r;

	if (argp_parse(&argp, argc, argv, 0, NULL, &o))
		return TELL_USAGE;
	r = share_open(&sp);
	if (r != TELL_DONE)
		return r;
	r = ids_resolve(&sp, o.words, o.count, JOBS_WAITING | JOBS_ACTIVE, JOBS_ALL, &ids);
	if (r == TELL_DONE) {
		r = waiting_run(&sp, ids.items, ids.count, o.timeout_ms);
		ids_free(&ids);
	}
	spool_close(&sp);
	return r;
}
