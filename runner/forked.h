/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * forked - how the launcher becomes a process of its own.
 */
#ifndef RUNNER_FORKED_H
#define RUNNER_FORKED_H

#include <stdbool.h>

/* Makes it one, or ends it with status 1. sock becomes FD_SOCK. */
void forked_prepare(int sock, bool keeps_stderr);

#endif
