/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record - the frame of everything that programs tell one another in files: a first line with
 * magic and version, then blocks in libconfuse syntax, each closed by "# sum <64 hex>", the
 * SHA-256 of all bytes above that line.
 *
 *     spool-ticket 1
 *     offer {
 *       ...
 *     }
 *     # sum 9f86d081...
 *
 * A torn or half-visible file is recognised, and the longest valid prefix still counts; a block
 * is appended with one write, so an earlier block is never at risk. A record is at most 256
 * KiB, a block at most 64 KiB.
 */
#ifndef SPOOL_RECORD_H
#define SPOOL_RECORD_H

#include <stddef.h>

#define RECORD_MAX_BYTES (256 * 1024)
#define RECORD_MAX_BLOCK (64 * 1024)

enum record_verdict {
	RECORD_WHOLE = 0,  /* every byte is covered by a checksum */
	RECORD_TORN = 1,   /* valid up to *ret_valid (maybe 0), then rubbish or half a block:
			    * read again later; empty and all-zero files are torn too */
	RECORD_FOREIGN = 2 /* another magic or another version: leave it alone */
};

/* Checks text against magic ("spool-ticket 1"). *ret_valid: bytes up to and with the last valid
 * sum line (0 unless the first line fits). Looks at no more than RECORD_MAX_BYTES. */
enum record_verdict record_check(const char *text, size_t len, const char *magic,
				 size_t *ret_valid);

/* The bytes to append to prior (a whole record, or "" for a new one, which then starts with the
 * magic line) for one more block: block text (which ends with a newline) and its sum line. Heap,
 * *ret_len its length. NULL (and 0) if the block is larger than RECORD_MAX_BLOCK or the record
 * would become larger than RECORD_MAX_BYTES. */
char *record_append(const char *prior, size_t prior_len, const char *magic, const char *block,
		    size_t *ret_len);

/* Where the blocks start in a checked record (behind the magic line). Borrowed. */
const char *record_body(const char *text, size_t valid, size_t *ret_len);

/* The blocks of a checked record, one by one and without their sum lines. *pos is 0 before the
 * first call. Borrowed; NULL when there are no more. */
const char *record_block(const char *text, size_t valid, size_t *pos, size_t *ret_len);

#endif
