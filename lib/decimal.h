/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decimal - numbers in records and logs: whole ones, and thousandths as "12.345".
 *
 * By hand, because strtoll accepts blanks, signs and overflow in silence, and because printf and
 * strtod write and want a comma in some locales.
 */
#ifndef SPOOL_DECIMAL_H
#define SPOOL_DECIMAL_H

#include <stdint.h>

#define DECIMAL_SIZE 32

/* A whole number within [min, max]: digits, perhaps a "-" before them. 0 or -EINVAL. */
int decimal_parse(const char *text, int64_t min, int64_t max, int64_t *ret);

/* "12.345" or "12": digits, perhaps a point and one to three digits. 0 or -EINVAL. */
int decimal_parse_thousandths(const char *text, int64_t *ret);

/* "12.345", or "12" if nothing is behind the point, into buf of DECIMAL_SIZE bytes, which is
 * returned. What is negative is written as 0. */
char *decimal_thousandths(int64_t thousandths, char *buf);

#endif
