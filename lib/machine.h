/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine - which host this is.
 */
#ifndef SPOOL_MACHINE_H
#define SPOOL_MACHINE_H

#include <stdbool.h>

#define MACHINE_ID_SIZE 33

/* The id that the system gave this machine, 32 hex digits: from /etc/machine-id, or D-Bus's where
 * there is none. root is put before both: "" but in tests. False if the machine has none. */
bool machine_read_id(const char *root, char ret[MACHINE_ID_SIZE]);

/* The same, or 32 hex digits made from the host's name where the machine has none. Static storage.
 */
const char *machine_id(void);

/* The host's name without its domain, for people; "host" where there is none. Static storage. */
const char *machine_name(void);

#endif
