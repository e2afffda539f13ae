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

enum command_kind {
	COMMAND_HOST,  /* program is found on the runner: a bare name by its PATH, or an absolute
			  path */
	COMMAND_SHARE, /* program is relative to the share's root:
			  "apps/damper/1/linux-x86_64/damper" */
	COMMAND_JOB    /* program is relative to the job's folder: "sim" */
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
 * Decides how a job folder is run (decisions.md 21). dir_fd is the job's folder; job what its
 * job.conf says (jobfile_init for none); box_app the application of the drop box incoming/@app it
 * was dropped in, or NULL. The rules, in order: app given -> that application; its input is
 * job->input, else executable, else the folder's only file with one of its extensions; box_app ->
 * the same with that application; executable of the job -> by extension through an application;
 * else by its #! line (interpreter run from the host: "#!/usr/bin/env x" and
 *     "#!/path/x arg"); else a binary with the x bit (complaint otherwise);
 *   executable absolute -> COMMAND_HOST;
 *   nothing given -> exactly one file of the folder whose extension an application claims; none or
 * several: complaint. Fills *ret_needs (ttl capped complaint if over the application's max_ttl;
 * defaults from app, then site) and *ret_app_spec ("python3/1" or NULL, heap). Files named by
 * input, data, executable and inputs must exist in the folder as regular files (complaint at their
 * line, with "did you mean"). 0 or COMPLAINT; nothing is filled then.
 */
int command_settle(int root_fd, const struct catalogue *cat, int dir_fd, const struct jobfile *job,
		   const char *box_app, const struct command_defaults *site,
		   struct needs *ret_needs, char **ret_app_spec, struct complaint *c);

/*
 * The words for one runner of the given platform, from the pinned application (NULL: a plain
 * executable). Same inputs as above. 0; COMPLAINT if the application has no program for the
 * platform or something vanished since admission.
 */
int command_build(int dir_fd, const struct jobfile *job, const struct appfile *app,
		  const char *platform, struct command *ret, struct complaint *c);

void command_free(struct command *cmd);

#endif
