/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * descriptors - how many files a daemon may have open.
 */
#ifndef SPOOL_DESCRIPTORS_H
#define SPOOL_DESCRIPTORS_H

/* As many as the hard limit allows, at the start of a daemon. What cannot be had is no error. */
void descriptors_raise(void);

/* In a child, before it becomes another program: the soft limit that descriptors_raise has met. */
void descriptors_restore(void);

#endif
