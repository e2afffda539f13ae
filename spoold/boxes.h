/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * boxes - the drop boxes.
 */
#ifndef SPOOLD_BOXES_H
#define SPOOLD_BOXES_H

#include "coordinator.h"

/* Opens incoming/ itself and every incoming/@<app>/ that is not open yet. 0 or negative errno. */
int boxes_open(struct coordinator *co);

/* The box of an application ("": incoming/ itself), or NULL. Borrowed. */
struct box *boxes_find(struct coordinator *co, const char *app);

/* A name that begins with @ has appeared in incoming/. */
void boxes_news(struct coordinator *co, const char *name);

void boxes_free(struct coordinator *co);

#endif
