/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * human - times, sizes, numbers and words as people write them.
 */
#ifndef SPOOL_HUMAN_H
#define SPOOL_HUMAN_H

#include <stddef.h>
#include <stdint.h>

/* 90, 90s, 500ms, 15m, 2h, 1d, MM:SS, HH:MM:SS, D-HH:MM:SS -> milliseconds. 0, -EINVAL (not a time)
 * or -ERANGE (over 100 years). */
int human_parse_time(const char *text, int64_t *ret_ms);

/* 512, 512K, 512M, 2G, 1T (also with B or iB behind, any case), powers of 1024 -> bytes. 0,
 * -EINVAL, -ERANGE (over 2^63-1). */
int human_parse_size(const char *text, uint64_t *ret_bytes);

/* A whole decimal number within [min, max]; surrounding blanks are not accepted. 0, -EINVAL,
 * -ERANGE. */
int human_parse_int(const char *text, int64_t min, int64_t max, int64_t *ret);

#define HUMAN_SIZE 32
/* Short forms for tables, into buf of HUMAN_SIZE bytes, returning buf: "350ms" "12.3s" "4:05"
 * "1:02:03" "2-03:04:05"; "17.2M". */
char *human_time(int64_t ms, char *buf);
char *human_size(uint64_t bytes, char *buf);

/* The word of the list nearest to word by edit distance (Damerau, insert/delete/replace/swap of
 * neighbours), case ignored; NULL when none is near (distance over 2, or over half of the shorter
 * word's length). list ends with NULL. Borrowed. */
const char *human_nearest(const char *word, const char *const *list);

#endif
