/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_ticket - any bytes as a ticket, and as the blocks of one whose checksums are right; what is
 * read is written again and must read the same. Touches nothing.
 */
#include "framed.h"
#include "ticket.h"

#include <assert.h>
#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes the blocks that t has. Heap, or NULL if one is too large (a short escape grew). */
static char *rewrite_ticket(const struct ticket *t, size_t *ret_len)
{
	char *text = xstrdup(""), *more;
	size_t len = 0, more_len;

	for (unsigned block = TICKET_OFFER; block <= TICKET_FILED; block *= 2) {
		if (!(t->blocks & block))
			continue;
		if (block == TICKET_OFFER)
			more = ticket_write_offer(t, &more_len);
		else if (block == TICKET_CLAIM)
			more = ticket_append_claim(text, len, t, &more_len);
		else if (block == TICKET_OUTCOME)
			more = ticket_append_outcome(text, len, t, &more_len);
		else
			more = ticket_append_filed(text, len, t, &more_len);
		if (!more) {
			free(text);
			return NULL;
		}
		text = xrealloc(text, len + more_len + 1, 1);
		memcpy(text + len, more, more_len + 1);
		len += more_len;
		free(more);
	}
	*ret_len = len;
	return text;
}

static void check_ticket(const struct ticket *t)
{
	struct ticket back;
	size_t len, again_len;
	char *text = rewrite_ticket(t, &len), *again;
	int verdict;

	if (!text)
		return;
	verdict = ticket_parse(text, len, &back, NULL);
	/* Escapes may make a word longer than a word may be: then it is refused, not misread. */
	assert(verdict == RECORD_WHOLE || (verdict == -EBADMSG && len > 4096));
	if (verdict == RECORD_WHOLE) {
		assert(back.blocks == t->blocks && back.id == t->id);
		again = rewrite_ticket(&back, &again_len);
		assert(again && again_len == len && memcmp(again, text, len) == 0);
		free(again);
		ticket_free(&back);
	}
	free(text);
}

static void read_ticket(const char *text, size_t len)
{
	struct ticket t;
	size_t valid;
	int verdict = ticket_parse(text, len, &t, &valid);

	assert(valid <= len);
	if (verdict == RECORD_WHOLE || verdict == RECORD_TORN) {
		check_ticket(&t);
		ticket_free(&t);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len;
	char *text = framed_record(data, size, TICKET_MAGIC, &len);

	read_ticket((const char *)data, size);
	read_ticket(text, len);
	free(text);
	return 0;
}
