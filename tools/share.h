/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * share - which share spoolctl works on: the option --share, then $SPOOL_SHARE, then the
 * configuration.
 */
#ifndef SPOOL_SHARE_H
#define SPOOL_SHARE_H

#include <argp.h>
#include <stdio.h>

struct spool;

/* --share DIR, as a child of every command's argp; it needs no input. */
extern const struct argp share_argp;

/* Finds and opens the share. TELL_DONE with *ret filled (close it with spool_close), else it has
 * been told why and the exit code is returned. */
int share_open(struct spool *ret);

/* As share_open, but only the place: a heap string, or NULL with nothing told if no share is named
 * anywhere. */
char *share_path(void);

/* spoolctl --config-check: prints which file was read and what is in force. Returns an exit code.
 */
int share_config_check(FILE *out);

#endif
