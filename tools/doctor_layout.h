/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor_layout - what the checks of folders, owners and people share.
 */
#ifndef SPOOL_DOCTOR_LAYOUT_H
#define SPOOL_DOCTOR_LAYOUT_H

#include "doctor.h"

#include <sys/stat.h>

enum writers {
	WRITERS_FEW,   /* not everybody: forged tickets, programs or records otherwise */
	WRITERS_BOX,   /* whoever hands in jobs, each his own: sticky */
	WRITERS_SHELF, /* not everybody, or each his own at least */
	WRITERS_QUIET, /* not everybody: confusion otherwise */
};

struct folder {
	const char *name;
	const char *topic;
	enum writers writers;
	const char *danger; /* what others could do */
	bool programs;	    /* apps/, and what is in it: not the daemons' business */
};

/* Paths that one command mends. */
struct owners {
	char *remedy, *names; /* heap, or NULL */
	size_t count;
};

struct look {
	struct doctor *d;
	struct stat top;  /* spool/; its owner is taken for the account of spoold */
	uid_t account;	  /* that account, or the one that should own spool/ in place of root */
	uid_t programmer; /* who owns apps/ */
	gid_t own_group;  /* the primary group of that account, or that of spool/ */
	bool own_group_shared; /* others are in it */
	gid_t people;	       /* the group that hands in jobs */
	bool has_people;       /* there is one, and it is not a group of the owner's own */
	size_t told;	       /* findings that are not fine */
	size_t missing;
	size_t programs;	/* in apps/ that have been looked at */
	struct owners barred;	/* spoold cannot use them */
	struct owners commands; /* who owns them orders programs to be run */
	struct owners foreign;	/* they belong to somebody else, which is untidy */
};

/* -- doctor_owners: of a folder, or in apps/ of a file; path below the share, NULL: the share ------ */

void owners_begin(struct look *l);
void owners_judge(struct look *l, const struct folder *f, const char *path, const struct stat *st);
void owners_tell(struct look *l);

/* Do others than the account write by way of the group? */
bool owners_group_is_foreign(const struct look *l, gid_t gid);

/* -- doctor_people: the boxes for drops and requests, and who may use them ------------------------ */

void people_judge_box(struct look *l, const struct folder *f, const char *path,
		      const struct stat *st);
void people_tell(struct look *l);

#endif
