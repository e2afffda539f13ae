/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * answer - job.result and REJECTED.txt, written as temporaries and renamed into the job's folder.
 *
 * The folder is a user's and may hold anything under these names, a link included: the rename
 * replaces the name and follows nothing. The files decide nothing; where the folder is decides (a
 * job can write a job.result itself).
 */
#include "answer.h"

#include "cleanup.h"
#include "clock.h"
#include "digest.h"
#include "rmtree.h"
#include "syncer.h"
#include "ticket.h"
#include "xalloc.h"

#include <string.h>

int answer_put(struct coordinator *co, int dir, const char *name, const char *text, size_t len)
{
	_cleanup_free_ char *tmp = xasprintf(SPOOL_TMP "%s", name), *aside = NULL;
	_cleanup_close_ int fd = -1;
	char nonce[9];
	int r;

	r = rmtree(dir, tmp); /* .tmp-* is ours, whoever made it */
	if (r < 0)
		return r;
	r = safefs_create(dir, tmp, text, len, 0644, &fd);
	if (r < 0)
		return r;
	syncer_touch(co->syncer, fd);
	syncer_touch(co->syncer, dir);
	if (renameat(dir, tmp, dir, name) == 0)
		return 0;
	digest_nonce(nonce, 8);
	aside = xasprintf("%s.old-%s", name, nonce);
	if (renameat(dir, name, dir, aside) < 0 || renameat(dir, tmp, dir, name) < 0)
		return -errno;
	return 0;
}

char *answer_text(const struct coordinator *co, const char *state, const char *reason,
		  size_t *ret_len)
{
	struct ticket t = { .exit_code = -1 };
	_cleanup_free_ char *outcome = NULL, *filed = NULL;
	size_t outcome_len, filed_len;

	t.state = (char *)state;
	t.reason = (char *)reason;
	t.finished_at = t.filed_at = clock_wall_ms();
	t.filed_by = (char *)co->instance;
	outcome = ticket_append_outcome("", 0, &t, &outcome_len);
	filed = ticket_append_filed(outcome, outcome_len, &t, &filed_len);
	*ret_len = outcome_len + filed_len;
	return xasprintf("%.*s%.*s", (int)outcome_len, outcome, (int)filed_len, filed);
}
