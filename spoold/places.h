/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * places - descriptors of folders that are kept for long follow the folders' names.
 */
#ifndef SPOOLD_PLACES_H
#define SPOOLD_PLACES_H

#include "coordinator.h"

/* fd is the folder as its name leads to it now, kept the descriptor that is held: if that is
 * another folder, or dead, it becomes a duplicate of fd, under its old number. Did it? */
bool places_follow(int kept, int fd);

/* On a network mount: are the permanent folders still those that the server knows? If not, the
 * share is opened anew. 0, or negative errno (told): nothing can be done now. */
int places_check(struct coordinator *co);

#endif
