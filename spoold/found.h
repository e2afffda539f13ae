/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * found - what the scan finds that the journal has not been told: after a crash, a lost index, or a
 * hand in the share.
 */
#ifndef SPOOLD_FOUND_H
#define SPOOLD_FOUND_H

#include "coordinator.h"

/* A whole scan begins: no folder has been seen in it yet. */
void found_begin(void);

/* A folder in done/ or failed/: told as "found" if the index does not have it so. */
void found_ended(struct coordinator *co, enum spool_place place, const char *name);

/* The name of a wrapped file's job, from the file in its folder. */
void found_name_wrapped(struct job *job);

/* What an active job was admitted with: its owner, and the cores to be counted against its runner.
 */
void found_needs(struct job *job);

/* The folder of a job that rests (offered, claimed) has been deleted by its owner. */
void found_deleted(struct job *job);

/* Jobs in queued/ and active/ against the index, and rows of the index against the folders. */
void found_compare_index(struct coordinator *co);

#endif
