/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_cfgfile - any bytes as a record, which programs write and others may have touched; what is
 * read is written again and must read the same. Touches nothing.
 */
#include "cfgfile.h"
#include "complaint.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct cfgfile_key inner[] = {
	{ "word", CFGFILE_WORD, NULL },
	{ "list", CFGFILE_LIST, NULL },
	{ NULL, CFGFILE_WORD, NULL },
};

static const struct cfgfile_key keys[] = {
	{ "word", CFGFILE_WORD, NULL },	       { "list", CFGFILE_LIST, NULL },
	{ "section", CFGFILE_SECTION, inner }, { "titled", CFGFILE_TITLED, inner },
	{ NULL, CFGFILE_WORD, NULL },
};

/* The values of one level, written by our own writers. */
static char *written(const struct cfgfile *f, size_t *ret_len)
{
	char *text = NULL, **items = calloc(cfgfile_count(f, "list") + 1, sizeof(*items));
	FILE *out = open_memstream(&text, ret_len);

	assert(out && items);
	for (size_t i = 0; i < cfgfile_count(f, "list"); i++)
		items[i] = strdup(cfgfile_item(f, "list", i));
	if (cfgfile_has(f, "word"))
		cfgfile_write_word(out, "", "word", cfgfile_word(f, "word"));
	if (cfgfile_has(f, "list"))
		cfgfile_write_list(out, "  ", "list", items, cfgfile_count(f, "list"));
	fclose(out);
	for (size_t i = 0; items[i]; i++)
		free(items[i]);
	free(items);
	return text;
}

static void check_level(const struct cfgfile *f)
{
	struct complaint c = { 0 };
	size_t len, again_len;
	char *text = written(f, &len), *again;
	struct cfgfile *g;

	/* Longer: escapes may have made a word longer than is allowed. */
	if (len <= CFGFILE_MAX_BYTES) {
		g = cfgfile_parse("again", text, len, keys, CFGFILE_RECORD, &c);
		assert(g);
		again = written(g, &again_len);
		assert(len == again_len && !memcmp(text, again, len));
		cfgfile_free(g);
		free(again);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct complaint c = { 0 };
	struct cfgfile *f = cfgfile_parse("record", (const char *)data, size, keys, CFGFILE_RECORD,
					  &c);

	assert(!f == complaint_any(&c));
	assert(f || strncmp(c.found, "something that cannot be read", 29));
	if (f)
		check_level(f);
	for (size_t i = 0; f && i < cfgfile_sections(f, "section"); i++)
		check_level(cfgfile_section(f, "section", i));
	for (size_t i = 0; f && i < cfgfile_sections(f, "titled"); i++)
		check_level(cfgfile_section(f, "titled", i));
	cfgfile_free(f);
	complaint_free(&c);
	return 0;
}
