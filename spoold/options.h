/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options - spoold's command line and configuration: one table.
 */
#ifndef SPOOLD_OPTIONS_H
#define SPOOLD_OPTIONS_H

#include "coordinator.h"

/* Reads command line and configuration into opt. Ends the program for --help, --version,
 * --config-check, --config-sample and for errors (exit 2). *ret_foreground: stay on the terminal.
 */
void options_read(int argc, char **argv, struct options *opt, bool *ret_foreground);
void options_free(void);

#endif
