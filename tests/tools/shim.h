/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shim - what shim.c, far.c and nth.c know of one another.
 */
#ifndef SPOOL_SHIM_H
#define SPOOL_SHIM_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define PLACE_SIZE (4 * PATH_MAX)

/* The next definition of a function, glibc's. */
#define NEXT(name) ((__typeof__(name) *)shim_next(#name))
uintptr_t shim_next(const char *name);

bool shim_is_owner(void); /* is this the process that loaded the shim? */

/* What the descriptor, or the path relative to it, refers to; PLACE_SIZE bytes. */
void shim_place_of_fd(int fd, char *place);
void shim_place_of(int dirfd, const char *path, char *place);

/* Waits if a silent client has the file at the place. */
void far_wait(const char *place);
void far_wait_at(int dirfd, const char *path);

/* Does the sync of this file fail (errno says how)? */
bool far_cannot_sync(int fd);

/* Waits while it shall be late. */
void far_wait_to_sync(int fd);

/* Shall it not be opened, or made (errno says why)? */
bool far_fails(int dirfd, const char *path);

/* Is this the call that shall fail (errno says why)? path may be NULL: the descriptor itself. */
bool nth_fails(const char *call, int dirfd, const char *path);

#endif
