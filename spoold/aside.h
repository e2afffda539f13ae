/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aside - files of ours that a dropped folder brings along: results of an earlier life.
 */
#ifndef SPOOLD_ASIDE_H
#define SPOOLD_ASIDE_H

#include <stdbool.h>

/* Are there any, in the folder behind dir_fd? */
bool aside_wanted(int dir_fd);

/* Moves them to attempts/0/ of the folder behind dir_fd (decisions.md 11), all but .ready. 0, also
 * if there are none, or negative errno. May wait for a client that reads one of them (NFS): for a
 * worker, unless aside_wanted says no. */
int aside_move(int dir_fd);

#endif
