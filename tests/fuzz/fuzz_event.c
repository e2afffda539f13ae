/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_event - any bytes as a line of the log; what is read is written again and must read the
 * same. Touches nothing.
 */
#include "event.h"
#include "xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = xstrndup((const char *)data, size), *store, *text, *again, *again_store;
	struct event e, back;

	if (event_parse(line, &e, &store) == 0) {
		text = event_format(&e);
		assert(event_parse(text, &back, &again_store) == 0);
		again = event_format(&back);
		assert(strcmp(text, again) == 0);
		assert(strchr(text, '\n') == text + strlen(text) - 1);
		free(again);
		free(again_store);
		free(text);
		free(store);
	}
	free(line);
	return 0;
}
