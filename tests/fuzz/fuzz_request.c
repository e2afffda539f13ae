/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_request - any bytes as the name of a file in requests/; what is understood is written as a
 * name again and must mean the same. Touches nothing.
 */
#include "request.h"
#include "xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *name = xstrndup((const char *)data, size), *again;
	struct request r, back;

	if (request_parse(name, &r) == 0) {
		if (r.verb == REQUEST_CANCEL || r.verb == REQUEST_RM) {
			assert(r.id > 0);
			again = request_name(request_verb_name(r.verb), r.target,
					     *r.nonce ? r.nonce : NULL);
			assert(request_parse(again, &back) == 0);
			assert(back.id == r.id && back.verb == r.verb);
			assert(strcmp(back.nonce, r.nonce) == 0);
			request_free(&back);
			free(again);
		}
		request_free(&r);
	}
	free(name);
	return 0;
}
