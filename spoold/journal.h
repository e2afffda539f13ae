/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal - every change of state, told once: a line in our log, a line in spool/events/, a row in
 * the index.
 */
#ifndef SPOOLD_JOURNAL_H
#define SPOOLD_JOURNAL_H

#include "coordinator.h"
#include "event.h"

/* Opens the month's log and the index in the state folder, and folds in what the index has missed.
 * 0 or negative errno. */
int journal_open(struct coordinator *co);

/* Fills in what the job itself tells: id, attempt, folder, runner, by. The strings are borrowed
 * from the job. */
struct event journal_event(const struct job *job, const char *verb);

/* Tells the event (at is set here). Written out by journal_flush, once a turn. */
void journal_tell(struct coordinator *co, struct event *e);

/* journal_event and journal_tell for a move of the table: from, to and state come from it (state
 * may be overridden; NULL: the table's). */
void journal_move(const struct job *job, enum state_move move, const char *state, const char *why);

/* Writes buffered lines to the log and folds them into the index; commits the index when it is due
 * (now: at once). */
void journal_flush(struct coordinator *co, bool now);
void journal_close(struct coordinator *co);

/* The log's descriptor may be dead: what is told next goes into the file that has its name then. */
void journal_reopen(void);

/* A duplicate of the log's descriptor, for a sync of what has been written so far; -1: none. */
int journal_dup_fd(void);

#endif
