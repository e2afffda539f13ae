/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control - what people ask for by files in spool/requests/, and the answers in spool/replies/.
 */
#ifndef SPOOLD_CONTROL_H
#define SPOOLD_CONTROL_H

#include "coordinator.h"

/* spool/requests/<name> is there. */
void control_news(struct coordinator *co, const char *name);
int control_scan(struct coordinator *co); /* all of them; 0 or negative errno */

/* Once the admission is durable: if the drop carried a nonce of spoolctl submit,
 * replies/admit.<nonce> says the id, or why not (why NULL: admitted). Told once. */
void control_reply_admission(struct job *job, const char *why);

/* A crash may have come between the admission and its reply: if the manifest names a nonce and
 * there is no reply yet, the job has that nonce again. */
void control_recall_nonce(struct job *job, const struct manifest *m);

/* Writes replies/<name>: "ok <number> <text>" or "failed <number> <text>". What cannot be written
 * now is tried again with each scan. */
void control_reply(struct coordinator *co, const char *name, bool ok, uint64_t number,
		   const char *text);

/* The job has ended: requests that waited for its end are done. */
void control_job_ended(struct job *job, const char *how);

/* Its owner has removed the job's folder: told once, in the journal. */
void control_folder_gone(struct job *job);

/* The job is claimed and to be ended: the order for its runner. */
void control_order_cancel(struct job *job);

void control_free(void);

#endif
