/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * worker - one thread that does, in order, what would make the loop wait: syncs, hashing, removals,
 * a share that may hang. The only user of pthreads.
 *
 * Life of a task: worker_submit (loop) -> run (worker's thread) -> worker_fd becomes readable ->
 * worker_collect (loop) calls done. run touches nothing but its argument. All worker_* calls belong
 * to the thread of the loop.
 */
#ifndef SPOOL_WORKER_H
#define SPOOL_WORKER_H

#include <stdbool.h>
#include <stddef.h>

struct worker;

/* A new idle thread, all signals blocked in it. Never NULL (a failing pthread_create ends the
 * program). name: its first 15 bytes are what ps and top show. */
struct worker *worker_new(const char *name);

/* An eventfd, readable while finished tasks wait to be collected. Owned by the worker. */
int worker_fd(const struct worker *w);

/* Queues a task. run returns any int, which done receives. done may be NULL. arg belongs to the
 * task. */
void worker_submit(struct worker *w, int (*run)(void *arg), void (*done)(void *arg, int result),
		   void *arg);

/* Calls done of every finished task, in order of submission; returns how many. Never blocks. */
size_t worker_collect(struct worker *w);

/* Tasks submitted and not yet collected. */
size_t worker_pending(const struct worker *w);

/* The program is about to end: tasks that read or copy much ask worker_is_ending() between two
 * pieces and give up with -ECANCELED, so that nobody waits for gigabytes. May be asked from any
 * thread. */
void worker_end_soon(void);
bool worker_is_ending(void);

/* Waits for all tasks, collects them, ends the thread. NULL is fine. */
void worker_free(struct worker *w);

#endif
