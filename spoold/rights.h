/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rights - where one group shares the drop boxes, a dropped folder is opened to that group.
 */
#ifndef SPOOLD_RIGHTS_H
#define SPOOLD_RIGHTS_H

#include "tree.h"

#include <stdbool.h>
#include <sys/types.h>

struct complaint;

/* Is the box, an open folder, one of a group (its set-group-id bit is set, and the group may
 * write)? Which? */
bool rights_of_box(int box_fd, gid_t *ret_group);

/* Lacks the group anything that a runner in it needs of the folder behind dir_fd: to change the
 * folders, to read the files, and to run those that their owner may run? */
bool rights_lack(int dir_fd, const struct tree *t, gid_t group);

/* Gives it, in the folder itself and to what in it belongs to owner. May wait for a client that
 * reads a file (NFS): for a worker. 0; COMPLAINT: that is not allowed, c names the first that would
 * need it, and drop in what to type; -EAGAIN: it has changed; other negative errno. */
int rights_give(int dir_fd, const struct tree *t, gid_t group, uid_t owner, const char *drop,
		struct complaint *c);

#endif
