/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control - what cancel and rm have in common: one request per job, the answers printed.
 */
#ifndef SPOOL_CONTROL_H
#define SPOOL_CONTROL_H

struct control {
	const char *verb; /* of the request: "cancel" */
	const char *doc;  /* for --help */
	unsigned places;  /* the own jobs that "all" means, and those that a range picks (JOBS_*) */
	const char *nothing; /* what to say when "all" means none */
};

/* A whole command: parses argv, sends, waits for the answers, prints them. Returns its exit code.
 */
int control_run(const struct control *control, int argc, char **argv);

#endif
