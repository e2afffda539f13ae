/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ids - numbers of jobs, each given once, ever. spool/next holds the end of the block in use, on
 * the disk before any of it is given.
 */
#ifndef SPOOLD_IDS_H
#define SPOOLD_IDS_H

#include "coordinator.h"

/* Reads spool/next; where it is missing or damaged, the highest id of which the share or the index,
 * which is open, shows a trace decides. 0; negative errno (it has said why): nothing may be
 * numbered. */
int ids_open(struct coordinator *co);

enum { IDS_LATER = 1 };
/* The next id. 0; IDS_LATER: some are being fetched, drops_numbers_came tells when; negative errno
 * (spool/next could not be written: nothing may be admitted), and it is tried again. */
int ids_take(struct coordinator *co, uint64_t *ret);

/* At an orderly stop: what was not given is given back. */
void ids_close(struct coordinator *co);

#endif
