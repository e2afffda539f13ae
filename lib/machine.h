/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine - which host this is.
 */
#ifndef SPOOL_MACHINE_H
#define SPOOL_MACHINE_H

/* 32 hex digits from /etc/machine-id; where there is none, made from the host's name. Static
 * storage. */
const char *machine_id(void);

/* The host's name without its domain, for people; "host" where there is none. Static storage. */
const char *machine_name(void);

#endif
