/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * drops - what lies in incoming/ and is no job yet: when is it complete (protocol 3.1)?
 */
#ifndef SPOOLD_DROPS_H
#define SPOOLD_DROPS_H

#include "coordinator.h"

/* name appeared or changed in the box of app ("": incoming/); whole: by one rename, so it is
 * complete. */
void drops_news(struct coordinator *co, const char *app, const char *name, bool whole);

/* Lists all boxes; what is not known yet starts its settle time. 0 or negative errno. */
int drops_scan(struct coordinator *co);

/* The drop was looked at by a step and is not complete after all: it waits another settle time. */
void drops_wait_on(struct coordinator *co, struct drop *drop);

/* The same, until the drop changes: it lacks inputs. lacks says which, for the log. */
void drops_wait_for_inputs(struct coordinator *co, struct drop *drop, const char *lacks);

/* We are about to put name into the box: its coming by one rename means nothing. Nobody looks at
 * the drop, which is borrowed, until drops_returned. */
struct drop *drops_expect_return(struct coordinator *co, struct box *box, const char *name);

/* It is there, or it is not. */
void drops_returned(struct coordinator *co, struct drop *drop);

/* ids_take may be asked again. */
void drops_numbers_came(struct coordinator *co);

/* It has become a job (or is gone): forgotten here. */
void drops_forget(struct coordinator *co, struct drop *drop);
void drops_free(struct coordinator *co);

#endif
