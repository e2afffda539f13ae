/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * refused - drops that we may neither read nor move: they stay in incoming/ and are answered once
 * (decisions.md 12).
 */
#ifndef SPOOLD_REFUSED_H
#define SPOOLD_REFUSED_H

#include "coordinator.h"

/* Remembers inode and ctime of the drop in spool/refused. */
void refused_remember(struct coordinator *co, const struct drop *drop);

/* True if the drop, as it is now, has been answered. */
bool refused_before(struct coordinator *co, const struct box *box, const char *name);

#endif
