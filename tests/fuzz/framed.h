/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * framed - gives a fuzzer's bytes the checksums that it cannot guess: what stands between lines of
 * "---" become the blocks of a record.
 */
#ifndef SPOOL_FUZZ_FRAMED_H
#define SPOOL_FUZZ_FRAMED_H

#include "record.h"
#include "xalloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The record of at most 8 blocks; heap, *ret_len its length. */
static inline char *framed_record(const uint8_t *data, size_t size, const char *magic,
				  size_t *ret_len)
{
	char *copy = xstrndup((const char *)data, size), *block = copy, *text = xstrdup("");
	size_t len = 0, more_len;

	for (int i = 0; block && i < 8; i++) {
		char *end = strstr(block, "---\n");
		char *whole, *more;

		if (end)
			*end = '\0';
		whole = xasprintf("%s\n", block);
		more = record_append(text, len, magic, whole, &more_len);
		if (more) {
			text = xrealloc(text, len + more_len + 1, 1);
			memcpy(text + len, more, more_len + 1);
			len += more_len;
		}
		free(more);
		free(whole);
		block = end ? end + 4 : NULL;
	}
	free(copy);
	*ret_len = len;
	return text;
}

#endif
