/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source - what a person hands to submit: a folder, a file, or a submission file with the files
 * that it names.
 */
#ifndef SPOOL_SOURCE_H
#define SPOOL_SOURCE_H

#include "tree.h"
#include "xalloc.h"

enum source_kind {
	SOURCE_FOLDER,
	SOURCE_FILE,	  /* becomes a folder that holds it */
	SOURCE_SUBMISSION /* becomes job.conf of a folder that holds the files that it names */
};

struct source {
	enum source_kind kind;
	char *shown;	      /* as given, escaped */
	char *name;	      /* of the drop, raw: the last component, or what --name said */
	int dir_fd;	      /* the folder, or the folder that the file is in */
	struct tree tree;     /* of a folder */
	struct strlist files; /* to copy, relative to dir_fd: the file, or those that the submission
				 file names */
	char *job_text;	      /* of a submission file */
	size_t job_len;
	uint64_t bytes; /* to copy, for the progress */
};

/* Looks at path. name: --name or NULL. TELL_DONE with *ret filled (source_close), else told on
 * stderr and the exit code. */
int source_open(const char *path, const char *name, struct source *ret);
void source_close(struct source *src);

#endif
