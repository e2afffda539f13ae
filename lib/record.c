/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record - the frame of everything that programs tell one another in files: a first line, then
 * blocks, each closed by the checksum of all bytes above.
 *
 * Touches nothing but memory. Text comes from a share: it may be cut off anywhere, hold pages
 * of zeroes (a server's power cut), or be somebody's joke. So all is done by length, the hash
 * is carried on from block to block (one pass, however many blocks there are), and the first
 * sum line that does not fit ends the valid prefix: what stands behind it was not written by
 * one of us.
 */
#include "record.h"
#include "cleanup.h"
#include "digest.h"
#include "xalloc.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SUM_MARK "# sum "
#define SUM_MARK_LEN (sizeof(SUM_MARK) - 1)
#define SUM_LINE_LEN (SUM_MARK_LEN + DIGEST_HEX_SIZE) /* its newline counts, the zero does not */

/* The offset of the line behind the one at pos, or 0 if that has no end yet. */
static size_t next_line(const char *text, size_t len, size_t pos)
{
	const char *end = pos < len ? memchr(text + pos, '\n', len - pos) : NULL;

	return end ? (size_t)(end - text) + 1 : 0;
}

static bool is_sum_line(const char *text, size_t pos, size_t end)
{
	return end - pos == SUM_LINE_LEN && memcmp(text + pos, SUM_MARK, SUM_MARK_LEN) == 0;
}

/* Finds the next sum line from pos on. Returns the offset of its start, *ret_end the one behind
 * it; len if there is none. */
static size_t find_sum(const char *text, size_t len, size_t pos, size_t *ret_end)
{
	size_t end;

	for (; (end = next_line(text, len, pos)) != 0; pos = end) {
		if (is_sum_line(text, pos, end)) {
			*ret_end = end;
			return pos;
		}
	}
	*ret_end = len;
	return len;
}

/* Bytes of the longest prefix whose sum lines are all right; the first block starts at body. */
static size_t valid_prefix(const char *text, size_t len, size_t body)
{
	struct digest *d = digest_new();
	char hex[DIGEST_HEX_SIZE];
	size_t valid = 0, start = body, sum, end;

	digest_add(d, text, body);
	while ((sum = find_sum(text, len, start, &end)) < len) {
		digest_add(d, text + start, sum - start);
		digest_peek(d, hex);
		if (sum - start > RECORD_MAX_BLOCK ||
		    memcmp(text + sum + SUM_MARK_LEN, hex, DIGEST_HEX_SIZE - 1) != 0)
			break;
		digest_add(d, text + sum, end - sum);
		valid = start = end;
	}
	digest_finish(d, hex);
	return valid;
}

enum record_verdict record_check(const char *text, size_t len, const char *magic, size_t *ret_valid)
{
	size_t magic_len = strlen(magic);
	size_t looked = len < RECORD_MAX_BYTES ? len : RECORD_MAX_BYTES;

	*ret_valid = 0;
	if (len == 0 || text[0] == '\0')
		return RECORD_TORN;
	if (len <= magic_len)
		return memcmp(text, magic, len) == 0 ? RECORD_TORN : RECORD_FOREIGN;
	if (memcmp(text, magic, magic_len) != 0 || text[magic_len] != '\n')
		return RECORD_FOREIGN;
	*ret_valid = valid_prefix(text, looked, magic_len + 1);
	return *ret_valid == len ? RECORD_WHOLE : RECORD_TORN;
}

char *record_append(const char *prior, size_t prior_len, const char *magic, const char *block,
		    size_t *ret_len)
{
	_cleanup_free_ char *head = prior_len ? xstrdup("") : xasprintf("%s\n", magic);
	size_t block_len = strlen(block);
	struct digest *d;
	char hex[DIGEST_HEX_SIZE];

	assert(block_len == 0 || block[block_len - 1] == '\n');
	*ret_len = strlen(head) + block_len + SUM_LINE_LEN;
	if (block_len > RECORD_MAX_BLOCK || prior_len + *ret_len > RECORD_MAX_BYTES) {
		*ret_len = 0;
		return NULL;
	}
	d = digest_new();
	digest_add(d, prior, prior_len);
	digest_add(d, head, strlen(head));
	digest_add(d, block, block_len);
	digest_finish(d, hex);
	return xasprintf("%s%s" SUM_MARK "%s\n", head, block, hex);
}

const char *record_body(const char *text, size_t valid, size_t *ret_len)
{
	size_t body = next_line(text, valid, 0);

	*ret_len = valid - body;
	return text + body;
}

const char *record_block(const char *text, size_t valid, size_t *pos, size_t *ret_len)
{
	size_t start = *pos ? *pos : next_line(text, valid, 0);
	size_t end, sum;

	if (start >= valid)
		return NULL;
	sum = find_sum(text, valid, start, &end);
	*pos = end;
	*ret_len = sum - start;
	return text + start;
}
