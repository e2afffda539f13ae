/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tidy - what is done to a complete and sound drop before it is recorded: files of ours that it
 * brings along go aside, and the group of its box gets its rights.
 *
 * Both change files that a client may have read, for which the kernel waits for that client (NFS
 * delegations, up to 90 s), so it is done in a slow lane, between two examinations by ADMIT. What
 * the user changes meanwhile is noticed: but for the times of attributes, which we have changed
 * ourselves, the tree must be what it was. A crash leaves it half done; the next admission begins
 * anew.
 */
#include "tidy.h"

#include "aside.h"
#include "boxes.h"
#include "cleanup.h"
#include "digest.h"
#include "jobs.h"
#include "rights.h"
#include "xalloc.h"

#include <stdlib.h>
#include <string.h>

struct tidy {
	bool grouped; /* the box is one of a group */
	gid_t group;
	char *drop;		      /* its name, for a complaint */
	char before[DIGEST_HEX_SIZE]; /* what it was, in all but the times of attributes */
	char after[DIGEST_HEX_SIZE];  /* its fingerprint when all was done */
};

static const struct box *box_of(const struct job *job)
{
	const char *mark = job->wrapped ? strchr(job->at, '@') : NULL;

	return job->drop ? job->drop->box : boxes_find(job->co, mark ? mark + 1 : "");
}

bool tidy_wanted(struct job *job, int fd, const struct tree *tree)
{
	const struct box *box = box_of(job);
	struct tidy tidy = { 0 };

	tidy.grouped = box && rights_of_box(box->fd, &tidy.group) &&
		       rights_lack(fd, tree, tidy.group);
	if (!tidy.grouped && !aside_wanted(fd))
		return false;
	tree_fingerprint_lasting(tree, tidy.before);
	tidy.drop = xstrdup(job->drop ? job->drop->name : job->name);
	job->errand = xcalloc(1, sizeof(tidy));
	*(struct tidy *)job->errand = tidy;
	return true;
}

/* Looks at it, and whether it is what was examined. 0 or negative errno. */
static int look(const struct job *job, int fd, struct tree *ret)
{
	const struct tidy *tidy = job->errand;
	char lasting[DIGEST_HEX_SIZE];
	struct complaint c = { 0 };
	int r = tree_look_fresh(fd, ret, &c);

	complaint_free(&c);
	if (r != 0)
		return r == COMPLAINT || r == -ENOENT ? -EAGAIN : r;
	tree_fingerprint_lasting(ret, lasting);
	return strcmp(lasting, tidy->before) == 0 ? 0 : -EAGAIN;
}

static int give_rights(struct job *job, int fd)
{
	struct tidy *tidy = job->errand;
	struct tree tree = { 0 };
	uid_t owner;
	int r = look(job, fd, &tree);

	if (r == 0) {
		owner = job->wrapped && tree.count > 0 ? tree.entries[0].uid : tree.uid;
		r = rights_give(fd, &tree, tidy->group, owner, tidy->drop, &job->complaint);
	}
	tree_free(&tree);
	if (r == 0)
		r = look(job, fd, &tree);
	if (r == 0)
		tree_fingerprint(&tree, tidy->after);
	tree_free(&tree);
	return r;
}

int tidy_run(void *arg)
{
	struct job *job = arg;
	const struct tidy *tidy = job->errand;
	_cleanup_close_ int fd = jobs_open_folder(job);
	int r = fd < 0 ? fd : 0;

	if (r == 0 && tidy->grouped)
		r = give_rights(job, fd);
	if (r != 0)
		return r;
	r = aside_move(fd);
	/* Whoever cannot move them now cannot later. */
	if (r == -EACCES || r == -EPERM)
		r = complain(
			&job->complaint, "the folder", 0,
			xstrdup("results of an earlier run that may not be moved: " SPOOL_STDOUT
				", " SPOOL_RESULT ", " SPOOL_ATTEMPTS " or the like"),
			xstrdup("files and folders that their owner may write"),
			xstrdup("remove them, or type chmod -R u+w for the folder, and drop it "
				"again"));
	return r;
}

void tidy_end(struct job *job, int result)
{
	struct tidy *tidy = job->errand;

	if (result == 0 && tidy->grouped && job->drop && *job->drop->fingerprint)
		memcpy(job->drop->fingerprint, tidy->after, sizeof(tidy->after));
	/* The old mode is put back without taking the group its rights again. */
	if (tidy->grouped && job->put_back_mode)
		job->put_back_mode |= 02070;
	free(tidy->drop);
	free(tidy);
	job->errand = NULL;
	job->tidied = result == 0;
}
