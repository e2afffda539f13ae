/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * publish - numbered snapshots for readers on other hosts: status/status.<k>.json and
 * status/spool.<k>.db.
 */
#ifndef SPOOLD_PUBLISH_H
#define SPOOLD_PUBLISH_H

#include "coordinator.h"

/* Finds the last number in use. 0 or negative errno. */
int publish_open(struct coordinator *co);

/* Called every turn: a snapshot follows if something has changed, not sooner than "publish" after
 * the last one. */
void publish_changes(struct coordinator *co);

/* One as soon as possible; replies/<request> says its number when it is there. */
void publish_on_request(struct coordinator *co, const char *request);

/* The last one, at an orderly stop; waits for it. */
void publish_close(struct coordinator *co);

#endif
