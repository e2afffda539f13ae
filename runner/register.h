/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * register - a runner's name on the share belongs to one machine.
 */
#ifndef RUNNER_REGISTER_H
#define RUNNER_REGISTER_H

struct registration;
struct spool;

/* May this machine use the name? 0: it is free or ours; -EEXIST: another machine's; other negative
 * errno; *ret_why is then a heap sentence that says what to do. */
int register_check(const struct spool *sp, const char *name, const char *machine, char **ret_why);

/* Makes the inbox and writes runners/<name>.conf, durable. 0, or negative errno with *ret_why. */
int register_enter(const struct spool *sp, const struct registration *reg, char **ret_why);

#endif
