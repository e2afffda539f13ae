/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * answer - job.result and REJECTED.txt, written as temporaries and renamed into the job's folder.
 *
 * The folder is a user's and may hold anything under these names, a link included: the rename
 * replaces the name and follows nothing. The files decide nothing; where the folder is decides (a
 * job can write a job.result itself). To replace a file that a client has read may take as long as
 * that client is silent (NFS delegations), so then it is done in a slow lane. A crash leaves some
 * of the files, or a temporary: the step is made again.
 */
#include "answer.h"

#include "aside.h"
#include "cleanup.h"
#include "clock.h"
#include "digest.h"
#include "jobs.h"
#include "rmtree.h"
#include "syncer.h"
#include "ticket.h"
#include "xalloc.h"

#include <string.h>

void answers_add(struct answers *a, const char *name, char *text, size_t len)
{
	a->items[a->count++] = (struct answer){ .name = name, .text = text, .len = len };
}

void answers_free(struct answers *a)
{
	for (size_t i = 0; a && i < a->count; i++)
		free(a->items[i].text);
	free(a);
}

/* *ret_fd: the file, open. */
static int put(int dir, const char *name, const char *text, size_t len, int *ret_fd)
{
	_cleanup_free_ char *tmp = xasprintf(SPOOL_TMP "%s", name), *aside = NULL;
	char nonce[9];
	int r;

	r = rmtree(dir, tmp); /* .tmp-* is ours, whoever made it */
	if (r < 0)
		return r;
	r = safefs_create(dir, tmp, text, len, 0644, ret_fd);
	if (r < 0 || renameat(dir, tmp, dir, name) == 0)
		return r;
	digest_nonce(nonce, 8);
	aside = xasprintf("%s.old-%s", name, nonce);
	if (renameat(dir, name, dir, aside) < 0 || renameat(dir, tmp, dir, name) < 0)
		return -errno;
	return 0;
}

int answer_put(struct coordinator *co, int dir, const char *name, const char *text, size_t len)
{
	_cleanup_close_ int fd = -1;
	int r = put(dir, name, text, len, &fd);

	if (fd >= 0)
		syncer_touch(co->syncer, fd);
	syncer_touch(co->syncer, dir);
	return r;
}

/* -- of a job ------------------------------------------------------------------------------------ */

static bool is_there(int dir, const char *name)
{
	struct stat st;

	return safefs_stat(dir, name, &st) != -ENOENT;
}

static bool is_in_the_way(int dir, const struct answers *a)
{
	if (a->aside && aside_wanted(dir))
		return true;
	for (size_t i = 0; i < a->count; i++) {
		_cleanup_free_ char *tmp = xasprintf(SPOOL_TMP "%s", a->items[i].name);

		if (is_there(dir, a->items[i].name) || is_there(dir, tmp))
			return true;
	}
	return false;
}

static int put_one(int dir, const struct answer *answer)
{
	_cleanup_close_ int fd = -1;
	int r = put(dir, answer->name, answer->text, answer->len, &fd);

	return r == 0 && fsync(fd) < 0 ? -errno : r;
}

struct putting {
	struct answers *answers;
	void (*done)(struct job *job, int result);
};

static int put_in_lane(void *arg)
{
	struct job *job = arg;
	const struct putting *putting = job->errand;
	const struct answers *a = putting->answers;
	_cleanup_close_ int dir = jobs_open_folder(job);
	int r = dir < 0 ? dir : 0;

	if (r == 0 && a->aside)
		r = aside_move(dir);
	for (size_t i = 0; r == 0 && i < a->count; i++)
		r = put_one(dir, &a->items[i]);
	return r == 0 && fsync(dir) < 0 && errno != EINVAL ? -errno : r;
}

static void put_done(struct job *job, int result)
{
	struct putting *putting = job->errand;
	void (*done)(struct job * job, int result) = putting->done;

	answers_free(putting->answers);
	free(putting);
	job->errand = NULL;
	done(job, result);
}

void answers_put(struct job *job, int dir, struct answers *a,
		 void (*done)(struct job *job, int result))
{
	struct putting *putting;
	int r = 0;

	if (is_in_the_way(dir, a)) {
		putting = xcalloc(1, sizeof(*putting));
		*putting = (struct putting){ .answers = a, .done = done };
		job->errand = putting;
		jobs_in_lane(job, jobs_slow_lane(job->co), put_in_lane, put_done);
		return;
	}
	for (size_t i = 0; r == 0 && i < a->count; i++)
		r = answer_put(job->co, dir, a->items[i].name, a->items[i].text, a->items[i].len);
	answers_free(a);
	done(job, r);
}

char *answer_close(const struct coordinator *co, const char *prior, size_t prior_len,
		   const char *state, const char *reason, size_t *ret_len)
{
	struct ticket t = { .exit_code = -1 };
	_cleanup_free_ char *outcome = NULL, *ended = NULL, *filed = NULL;
	size_t outcome_len, ended_len, filed_len;

	t.state = (char *)state;
	t.reason = (char *)reason;
	t.finished_at = t.filed_at = clock_wall_ms();
	t.filed_by = (char *)co->instance;
	outcome = ticket_append_outcome(prior, prior_len, &t, &outcome_len);
	if (!outcome && prior_len > 0) /* filled to the brim: the outcome alone is the record */
		return answer_text(co, state, reason, ret_len);
	ended_len = prior_len + outcome_len;
	ended = xasprintf("%.*s%.*s", (int)prior_len, prior, (int)outcome_len, outcome);
	filed = ticket_append_filed(ended, ended_len, &t, &filed_len);
	*ret_len = ended_len + filed_len;
	return xasprintf("%s%.*s", ended, (int)filed_len, filed ? filed : "");
}

char *answer_text(const struct coordinator *co, const char *state, const char *reason,
		  size_t *ret_len)
{
	return answer_close(co, "", 0, state, reason, ret_len);
}
