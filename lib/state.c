/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * state - the states of a job, the table of allowed moves, and the two functions that make them.
 *
 * A job is where its folder is; its ticket says how far the current attempt has come. Both are
 * changed by a rename in one step each, here and nowhere else. Before a move the thing has the one
 * name, after it the other; a crash leaves one of the two, and the scan (spoold/scan.c) knows what
 * is due for every combination. Making a move that was made before is answered like making it
 * (safefs_rename), so every step may be repeated.
 */
#include "state.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* clang-format off */
static const struct state_row moves[STATE_MOVES] = {
	/*		     verb	 from		 to		 the job is then */
	[MOVE_ADMIT] =	   { "admit",	 SPOOL_INCOMING, SPOOL_QUEUED,	 "QUEUED" },
	[MOVE_REJECT] =	   { "reject",	 SPOOL_INCOMING, SPOOL_FAILED,	 "REJECTED" },
	[MOVE_RETURN] =	   { "return",	 SPOOL_QUEUED,	 SPOOL_INCOMING, NULL },
	[MOVE_REFUSE] =	   { "refuse",	 SPOOL_QUEUED,	 SPOOL_FAILED,	 "REJECTED" },
	[MOVE_CANCEL] =	   { "cancel",	 SPOOL_QUEUED,	 SPOOL_FAILED,	 "CANCELLED" },
	[MOVE_OFFER] =	   { "offer",	 SPOOL_QUEUED,	 SPOOL_ACTIVE,	 "OFFERED" },
	[MOVE_WITHDRAW] =  { "withdraw", SPOOL_ACTIVE,	 SPOOL_QUEUED,	 "QUEUED" },
	[MOVE_DONE] =	   { "file",	 SPOOL_ACTIVE,	 SPOOL_DONE,	 "DONE" },
	[MOVE_FAIL] =	   { "file",	 SPOOL_ACTIVE,	 SPOOL_FAILED,	 NULL },
	[MOVE_LOSE] =	   { "lose",	 SPOOL_ACTIVE,	 SPOOL_LOST,	 NULL },
	[MOVE_REVIVE] =	   { "requeue",	 SPOOL_QUEUED,	 SPOOL_QUEUED,	 "QUEUED" },
	[MOVE_ABANDON] =   { "abandon",	 SPOOL_QUEUED,	 SPOOL_FAILED,	 "LOST" },
};
/* clang-format on */

const struct state_row *state_row(enum state_move move)
{
	assert(move < STATE_MOVES);
	return &moves[move];
}

int state_move_from(const struct spool *sp, int box_fd, enum state_move move, const char *from_name,
		    const char *to_name)
{
	const struct state_row *row = state_row(move);

	assert(row->from == SPOOL_INCOMING || box_fd == sp->place_fd[row->from]);
	if (strchr(from_name, '/') || strchr(to_name, '/'))
		return -EINVAL; /* no move leads out of its place */
	return safefs_rename(box_fd, from_name, sp->place_fd[row->to], to_name);
}

int state_move(const struct spool *sp, enum state_move move, const char *from_name,
	       const char *to_name)
{
	return state_move_from(sp, sp->place_fd[state_row(move)->from], move, from_name, to_name);
}

static const struct {
	const char *verb;
	enum spool_ticket_kind from, to;
} ticket_moves[TICKET_MOVES] = {
	[TICKET_MOVE_OPEN] = { "open", SPOOL_TICKET_TMP, SPOOL_TICKET_OFFER },
	[TICKET_MOVE_WITHDRAW] = { "withdraw", SPOOL_TICKET_OFFER, SPOOL_TICKET_VOID },
	[TICKET_MOVE_CLAIM] = { "claim", SPOOL_TICKET_OFFER, SPOOL_TICKET_CLAIM },
	[TICKET_MOVE_DONE] = { "done", SPOOL_TICKET_CLAIM, SPOOL_TICKET_DONE },
	[TICKET_MOVE_BACK] = { "back", SPOOL_TICKET_CLAIM, SPOOL_TICKET_BACK },
};

const char *state_ticket_verb(enum ticket_move move)
{
	assert(move < TICKET_MOVES);
	return ticket_moves[move].verb;
}

int state_move_ticket(int inbox_fd, enum ticket_move move, uint64_t id, unsigned attempt,
		      const char *rid)
{
	char from[SPOOL_TICKET_SIZE], to[SPOOL_TICKET_SIZE];

	assert(move < TICKET_MOVES);
	spool_ticket_name(from, id, attempt, ticket_moves[move].from, rid);
	spool_ticket_name(to, id, attempt, ticket_moves[move].to, rid);
	/* With a rid in it the name is ours alone. */
	return rid && ticket_moves[move].to >= SPOOL_TICKET_CLAIM
		       ? safefs_rename_own(inbox_fd, from, inbox_fd, to)
		       : safefs_rename(inbox_fd, from, inbox_fd, to);
}

bool state_is_end(const char *state)
{
	static const char *const ends[] = {
		"DONE", "FAILED", "TIMEOUT", "OUT_OF_MEMORY", "CANCELLED", "LOST", "REJECTED",
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strcmp(state, ends[i]) == 0)
			return true;
	return false;
}
