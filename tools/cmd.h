/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd - the commands of spoolctl, one per file cmd_<name>.c, listed in the table of spoolctl.c.
 *
 * Each gets its own argc and argv, argv[0] being "spoolctl <name>", parses them with argp and
 * returns spoolctl's exit code (enum tell_exit, or a job's own code where the command promises
 * that).
 */
#ifndef SPOOL_CMD_H
#define SPOOL_CMD_H

int cmd_init(int argc, char **argv);
int cmd_submit(int argc, char **argv);
int cmd_queue(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_cancel(int argc, char **argv);
int cmd_rm(int argc, char **argv);
int cmd_tail(int argc, char **argv);
int cmd_wait(int argc, char **argv);
int cmd_nodes(int argc, char **argv);
int cmd_apps(int argc, char **argv);
int cmd_app(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

#endif
