/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event - one line of the audit log per change of state: spool/events/<yyyy-mm>.log, appended
 * by the coordinator alone.
 *
 *     2026-11-20T10:00:00.123Z offer id=12 attempt=1 from=queued to=active user=eva
 *         runner=lab-07 by=spoold why=first\x20in\x20line             (all on one line)
 *
 * The index is this log folded, so whatever a table shows stands here. Values are escaped
 * (ESCAPE_FIELD); unknown keys are ignored.
 */
#ifndef SPOOL_EVENT_H
#define SPOOL_EVENT_H

#include <stdint.h>

struct event {
	int64_t at;	       /* wall ms */
	char verb[16];	       /* [a-z]: admit reject return offer withdraw claim finish
				* file requeue cancel remove found gone ... (lib/state) */
	uint64_t id;	       /* 0: none */
	unsigned attempt;      /* 0: none */
	const char *from, *to; /* places: "incoming" "queued" ...; NULL: none */
	const char *state;     /* the job's after it: "QUEUED" "OFFERED" "RUNNING" ... */
	const char *folder;    /* the folder's name after it */
	const char *name, *user, *app, *group, *runner, *by, *why;
	int64_t ttl_ms; /* 0: not told, as for all numbers here but exit_code */
	unsigned cores;
	uint64_t memory;
	int has_exit, exit_code, term_signal; /* 0 to 255 */
	int64_t started_at, finished_at, queued_at, wall_ms, cpu_ms;
	uint64_t peak_memory;
};

/* The line with its newline; heap. */
char *event_format(const struct event *e);

/* Parses one line (without or with newline). Strings point into *ret_store (heap, the caller
 * frees it after use). 0, or -EINVAL. */
int event_parse(const char *line, struct event *ret, char **ret_store);

#endif
