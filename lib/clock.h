/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clock - the two clocks of the system.
 *
 * Deadlines and ages use CLOCK_BOOTTIME of the own host, in milliseconds; it never jumps and counts
 * suspend. Stamps that people read are wall time, UTC, milliseconds since 1970, written as
 * 2026-11-20T10:00:00.123Z; they are never compared to decide anything.
 */
#ifndef SPOOL_CLOCK_H
#define SPOOL_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define CLOCK_STAMP_SIZE 32

int64_t clock_boot_ms(void);
int64_t clock_wall_ms(void);

/* Writes the stamp of wall time ms into buf (CLOCK_STAMP_SIZE bytes) and returns buf; 0, negative
 * times and times after the year 9999 give "-". */
char *clock_stamp(int64_t wall_ms, char *buf);

/* Reads a stamp (with or without the milliseconds; "-" is 0; years from 1970). 0, or -EINVAL with
 * *ret_ms untouched. */
int clock_parse_stamp(const char *text, int64_t *ret_ms);

/* The boot id of this kernel, 32 hex digits, in static storage. "0..0" where /proc does not tell.
 * The first call belongs to the time before there are threads. */
const char *clock_boot_id(void);

#endif
