/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * command - from what a person asked (job.conf) and what an application offers (app.conf) to the
 * words that are executed.
 */
#ifndef SPOOL_COMMAND_H
#define SPOOL_COMMAND_H

#include "xalloc.h"

#include <stdint.h>

struct appfile;
struct catalogue;
struct complaint;
struct jobfile;
struct needs;

/* Where the program is. */
enum command_kind {
	COMMAND_HOST,  /* on the runner: a bare name, by its PATH, or an absolute path */
	COMMAND_SHARE, /* relative to the share's root: "apps/damper/1/linux-x86_64/damper" */
	COMMAND_JOB    /* relative to the job's folder: "sim" */
};

struct command {
	enum command_kind kind;
	char *program;
	struct strlist arguments; /* argv[1...]; argv[0] is the program */
};

/* Site defaults used where neither job nor application says anything. */
struct command_defaults {
	int64_t ttl_ms;
	uint64_t memory;
};

/*
 * Decides how a job folder is run (decisions.md 21). dir_fd is the job's folder; job is what its
 * job.conf says (jobfile_init for none); box_app is the application of the drop box incoming/@app
 * that it was dropped in, or NULL. The rules, in order:
 *
 * - app given: that application. Its input is input, else the folder's only file with one of its
 *   endings, else the folder's only file.
 *
 * - box_app: the same with that application; executable, if given, is the input.
 *
 * - executable of the job: by its ending through an application, with executable as the input; else
 *   by its #! line, whose interpreter is run from the host; else a compiled program with the x bit.
 *
 * - executable absolute: COMMAND_HOST.
 *
 * - nothing given: the only file at the folder's top whose ending an application claims.
 *
 * The arguments are arguments, else data, else input where it is not the application's input. Files
 * named by input, data, executable and inputs must be regular files of the folder. *ret_needs gets
 * what the job says, else the application, else the site; a ttl over the application's max_ttl is
 * refused. *ret_app_spec is "python3/1" (heap) or NULL.
 *
 * 0; COMPLAINT with c filled; negative errno: the share did not answer, look again later. Nothing
 * else is filled unless 0.
 */
int command_settle(int root_fd, const struct catalogue *cat, int dir_fd, const struct jobfile *job,
		   const char *box_app, const struct command_defaults *site,
		   struct needs *ret_needs, char **ret_app_spec, struct complaint *c);

/*
 * The words for one runner of the given platform, from the pinned application (NULL: a plain
 * executable). COMPLAINT if the application has no program for the platform or something vanished
 * since admission. A word that is a file's name and begins with a dash gets "./" in front. All
 * words together fit into a ticket's block. As above.
 */
int command_build(int dir_fd, const struct jobfile *job, const struct appfile *app,
		  const char *platform, struct command *ret, struct complaint *c);

void command_free(struct command *cmd);

#endif
