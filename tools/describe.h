/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * describe - fills in what is known of listed jobs beyond their place: from the newest snapshot of
 * the index and, where that has not caught up, from job.result. Without any snapshot it still
 * works.
 */
#ifndef SPOOL_DESCRIBE_H
#define SPOOL_DESCRIBE_H

struct job;
struct jobs;
struct spool;

void describe_jobs(const struct spool *sp, struct jobs *jobs);
void describe_job(const struct spool *sp, struct job *job);

#endif
