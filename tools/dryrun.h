/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dryrun - submit --dry-run: says what would become of a drop, without dropping it.
 */
#ifndef SPOOL_DRYRUN_H
#define SPOOL_DRYRUN_H

struct source;
struct spool;
struct strlist;

/* Prints what would happen. TELL_DONE if it would be accepted, else told and TELL_FAILED. */
int dryrun_print(const struct spool *sp, const struct source *src,
		 const struct strlist *assignments);

#endif
