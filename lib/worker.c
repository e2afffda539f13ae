/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * worker - one thread that does, in order, what would make the loop wait; the only user of
 * pthreads.
 *
 * Touches nothing itself: tasks do. Two lists behind one lock: `waiting` (the loop appends, the
 * thread takes from the front) and `finished` (the thread appends, the loop takes all). A task
 * belongs to exactly one of the three - loop, waiting to finished, loop again - so its argument
 * needs no lock of its own. A crash forgets the tasks; each must leave the share such that a
 * scan finds what was not done.
 *
 * One thread, not a pool: order is part of the promise (a sync covers what was submitted before
 * it), and a share that hangs would hang a pool just as well.
 */
#include "worker.h"
#include "log.h"
#include "xalloc.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

struct task {
	int (*run)(void *arg);
	void (*done)(void *arg, int result);
	void *arg;
	int result;
	struct task *next;
};

struct queue {
	struct task *first;
	struct task **end;
};

struct worker {
	pthread_t thread;
	char name[16]; /* as prctl(2) takes it */
	int event_fd;
	size_t pending;	      /* the loop's own count */
	pthread_mutex_t lock; /* over all below */
	pthread_cond_t work;  /* something waits, or the end has come */
	pthread_cond_t rest;  /* something has finished */
	struct queue waiting, finished;
	bool ending;
};

static void queue_clear(struct queue *q)
{
	q->first = NULL;
	q->end = &q->first;
}

static void queue_add(struct queue *q, struct task *t)
{
	t->next = NULL;
	*q->end = t;
	q->end = &t->next;
}

static struct task *queue_take(struct queue *q)
{
	struct task *t = q->first;

	if (!t)
		return NULL;
	q->first = t->next;
	if (!q->first)
		q->end = &q->first;
	return t;
}

static void tell_loop(struct worker *w)
{
	uint64_t one = 1;

	/* Fails only if the counter is full, and then the descriptor is readable anyway. */
	while (write(w->event_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		continue;
}

static void *thread_main(void *arg)
{
	struct worker *w = arg;
	struct task *t;

	prctl(PR_SET_NAME, w->name);
	pthread_mutex_lock(&w->lock);
	for (;;) {
		t = queue_take(&w->waiting);
		if (!t && w->ending)
			break;
		if (!t) {
			pthread_cond_wait(&w->work, &w->lock);
			continue;
		}
		pthread_mutex_unlock(&w->lock);
		t->result = t->run(t->arg);
		pthread_mutex_lock(&w->lock);
		queue_add(&w->finished, t);
		pthread_cond_signal(&w->rest);
		tell_loop(w);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* Starts the thread with every signal blocked: signals are the loop's. */
static void start_thread(struct worker *w)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&w->thread, NULL, thread_main, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		log_die("cannot start the thread \"%s\": %s", w->name, strerror(error));
}

struct worker *worker_new(const char *name)
{
	struct worker *w = xcalloc(1, sizeof(*w));

	snprintf(w->name, sizeof(w->name), "%s", name);
	queue_clear(&w->waiting);
	queue_clear(&w->finished);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, NULL);
	pthread_cond_init(&w->rest, NULL);
	w->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->event_fd < 0)
		log_die("cannot make an eventfd: %s", strerror(errno));
	start_thread(w);
	return w;
}

int worker_fd(const struct worker *w)
{
	return w->event_fd;
}

void worker_submit(struct worker *w, int (*run)(void *arg), void (*done)(void *arg, int result),
		   void *arg)
{
	struct task *t = xcalloc(1, sizeof(*t));

	t->run = run;
	t->done = done;
	t->arg = arg;
	w->pending++;
	pthread_mutex_lock(&w->lock);
	queue_add(&w->waiting, t);
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
}

size_t worker_collect(struct worker *w)
{
	struct task *t, *next;
	uint64_t count;
	size_t collected = 0;

	/* The counter first: what finishes after this makes the descriptor readable again. */
	while (read(w->event_fd, &count, sizeof(count)) < 0 && errno == EINTR)
		continue;
	pthread_mutex_lock(&w->lock);
	t = w->finished.first;
	queue_clear(&w->finished);
	pthread_mutex_unlock(&w->lock);
	for (; t; t = next) {
		next = t->next;
		w->pending--;
		collected++;
		if (t->done)
			t->done(t->arg, t->result);
		free(t);
	}
	return collected;
}

size_t worker_pending(const struct worker *w)
{
	return w->pending;
}

static atomic_bool ending;

void worker_end_soon(void)
{
	atomic_store(&ending, true);
}

bool worker_is_ending(void)
{
	return atomic_load(&ending);
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	while (w->pending > 0) {
		pthread_mutex_lock(&w->lock);
		while (!w->finished.first)
			pthread_cond_wait(&w->rest, &w->lock);
		pthread_mutex_unlock(&w->lock);
		worker_collect(w);
	}
	pthread_mutex_lock(&w->lock);
	w->ending = true;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->work);
	pthread_cond_destroy(&w->rest);
	pthread_mutex_destroy(&w->lock);
	close(w->event_fd);
	free(w);
}
