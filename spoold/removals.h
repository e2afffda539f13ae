/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * removals - files and folders of ours that have had their time go, in a lane of their own.
 */
#ifndef SPOOLD_REMOVALS_H
#define SPOOLD_REMOVALS_H

#include "coordinator.h"

/* The file or tree name in the folder goes, soon. where: the folder's path below spool/
 * ("requests", "claims/lab-07"); a name that is on its way is not removed twice. What cannot be
 * removed is told and left to whoever asks again. */
void removals_add(struct coordinator *co, int dir_fd, const char *where, const char *name);

/* The same, and then the file last, if it is there: when name is durably gone, and not before. */
void removals_add_pair(struct coordinator *co, int dir_fd, const char *where, const char *name,
		       const char *last);

/* Is it on its way? Then it is as good as gone. */
bool removals_has(const char *where, const char *name);

#endif
