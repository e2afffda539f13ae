/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SPOOL_RMTREE_H
#define SPOOL_RMTREE_H

/* Removes the tree (or file) name beneath the folder, iteratively, never leaving it by a link. 0 or
 * negative errno; -ENOENT is 0; -ENOTEMPTY: on a network file system somebody still holds a file of
 * it open. */
int rmtree(int dirfd, const char *name);

#endif
