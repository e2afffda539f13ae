/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jobset - puts key=value of submit --set into the text of a job.conf, in place of what the text
 * says for the key.
 */
#ifndef SPOOL_JOBSET_H
#define SPOOL_JOBSET_H

#include "xalloc.h"

struct complaint;

/* Is it "key=value" with a key of letters, digits and _ and a value on one line? */
int jobset_valid(const char *assignment);

/*
 * The new text, heap: statements of text for the same keys are cut out, their lines stay; the new
 * ones stand at the end. A value is written as one string, or, if it stands in braces, as the list
 * that it is. NULL with c filled if the text is no job.conf.
 */
char *jobset_apply(const char *text, size_t len, const struct strlist *assignments,
		   struct complaint *c);

#endif
