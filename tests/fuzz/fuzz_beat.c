/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_beat - any bytes as a heartbeat and as a registration, and as the block of one whose
 * checksum is right; what is read is written again and must read the same. Touches nothing.
 */
#include "beat.h"
#include "framed.h"

#include <assert.h>
#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_beat(const char *text, size_t len)
{
	struct beat b, back;
	size_t again_len;
	char *again;
	int verdict;

	if (beat_parse(text, len, &b) != RECORD_WHOLE)
		return;
	again = beat_write(&b, &again_len);
	verdict = again ? beat_parse(again, again_len, &back) : -EBADMSG;
	/* Escapes may make a word or the block longer than it may be. */
	assert(verdict == RECORD_WHOLE || (verdict == -EBADMSG && again_len > 4096));
	if (verdict == RECORD_WHOLE) {
		assert(back.counter == b.counter && back.running.count == b.running.count);
		beat_free(&back);
	}
	free(again);
	beat_free(&b);
}

static void check_registration(const char *text, size_t len)
{
	struct registration r, back;
	size_t again_len;
	char *again;
	int verdict;

	if (registration_parse(text, len, &r) != RECORD_WHOLE)
		return;
	again = registration_write(&r, &again_len);
	verdict = again ? registration_parse(again, again_len, &back) : -EBADMSG;
	assert(verdict == RECORD_WHOLE || (verdict == -EBADMSG && again_len > 4096));
	if (verdict == RECORD_WHOLE) {
		assert(back.memory == r.memory && strcmp(back.cpu, r.cpu) == 0);
		registration_free(&back);
	}
	registration_has(&r, "python3");
	free(again);
	registration_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len;
	char *text;

	check_beat((const char *)data, size);
	check_registration((const char *)data, size);
	text = framed_record(data, size, BEAT_MAGIC, &len);
	check_beat(text, len);
	free(text);
	text = framed_record(data, size, REGISTRATION_MAGIC, &len);
	check_registration(text, len);
	free(text);
	return 0;
}
