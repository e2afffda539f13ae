/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * users - names of user ids, remembered, so that a job costs no look-up.
 */
#ifndef SPOOLD_USERS_H
#define SPOOLD_USERS_H

#include <sys/types.h>

const char *users_name(uid_t uid); /* "eva", or "#1007" where nobody knows; static storage */
void users_free(void);

#endif
