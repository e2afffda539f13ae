/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * state - the states of a job and the table of allowed moves; every move is one rename made by one
 * function here.
 *
 *   a job's folder:   incoming -admit-> queued -offer-> active -file-> done | failed        and
 * sideways as the table says a job's ticket:   .tmp -open-> .offer -claim-> .claim.<rid> -done->
 * .done.<rid>          (-withdraw-> .void, -back-> .back.<rid>)
 */
#ifndef SPOOL_STATE_H
#define SPOOL_STATE_H

#include "spool.h"

enum state_move {
	MOVE_ADMIT,  /* incoming -> queued/<id>-<name>         coordinator */
	MOVE_REJECT, /* incoming -> failed/<id>-<name>         coordinator: REJECTED.txt */
	MOVE_RETURN, /* queued -> incoming                     coordinator: it changed after
			admission */
	MOVE_REFUSE, /* queued -> failed                       coordinator: found unfit after
			admission */
	MOVE_CANCEL, /* queued -> failed                       coordinator: its owner asked */
	MOVE_OFFER, /* queued -> active/<id>.<n>-<name>       coordinator: n is used up from here on
		     */
	MOVE_WITHDRAW, /* active -> queued/<id>.<n>-<name>       coordinator, after the ticket
			  became .void */
	MOVE_DONE,     /* active -> done/<id>-<name>             coordinator, from .done */
	MOVE_FAIL,     /* active -> failed/<id>-<name>           coordinator, from .done */
	MOVE_LOSE,     /* active -> lost/<id>.<n>-<name>         coordinator, .back or revoked */
	MOVE_REVIVE,   /* queued/.tmp-<id>.<n> -> queued/<id>.<n>-<name>   coordinator: the fresh
			  copy, once lost/ has its n */
	MOVE_ABANDON,  /* queued/.tmp-<id>.<n> -> failed/<id>-<name>       coordinator: the same,
			  when it must not run again */
	STATE_MOVES
};

/* The table's row. */
struct state_row {
	const char *verb; /* "admit", as in the log and in events */
	enum spool_place from, to;
	const char *leaves; /* what state the job is in afterwards: "QUEUED" */
};
const struct state_row *state_row(enum state_move move);

/* The one function that moves a job's folder. Names are single components. 0 done (looked at);
 * SAFEFS_LOST: the folder was not there any more (moved or deleted by somebody); -EEXIST the target
 * name is taken; other negative errno. Syncing is the caller's. */
int state_move(const struct spool *sp, enum state_move move, const char *from_name,
	       const char *to_name);

/* From a drop box below incoming (box_fd) instead of incoming itself: MOVE_ADMIT and MOVE_REJECT.
 */
int state_move_from(const struct spool *sp, int box_fd, enum state_move move, const char *from_name,
		    const char *to_name);

enum ticket_move {
	TICKET_MOVE_OPEN,     /* .tmp -> .offer           coordinator */
	TICKET_MOVE_WITHDRAW, /* .offer -> .void          coordinator; loses against a claim */
	TICKET_MOVE_CLAIM,    /* .offer -> .claim.<rid>   runner; loses against a withdrawal */
	TICKET_MOVE_DONE,     /* .claim.<rid> -> .done.<rid>  runner */
	TICKET_MOVE_BACK,     /* .claim.<rid> -> .back.<rid>  runner */
	TICKET_MOVES
};

/* The one function that moves a ticket within an inbox. rid: the claimer's instance for CLAIM, DONE
 * and BACK, else NULL. As state_move. */
int state_move_ticket(int inbox_fd, enum ticket_move move, uint64_t id, unsigned attempt,
		      const char *rid);
const char *state_ticket_verb(enum ticket_move move);

/* States that people see (interface.md 2). */
bool state_is_end(
	const char *state); /* DONE FAILED TIMEOUT OUT_OF_MEMORY CANCELLED LOST REJECTED */

#endif
