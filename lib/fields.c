/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fields - one table says how a struct becomes a block of a record and how the block becomes the
 * struct again.
 *
 * Touches nothing but memory. Reading believes nothing: whatever is missing, twice there or out
 * of its range makes the whole block bad. Writing uses no printf of floating point: the
 * programs may run in a locale that writes a comma.
 */
#include "fields.h"
#include "cfgfile.h"
#include "cleanup.h"
#include "clock.h"
#include "complaint.h"
#include "decimal.h"
#include "xalloc.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define INDENT "  "

static void *member(void *record, const struct field *f)
{
	return (char *)record + f->offset;
}

static const void *const_member(const void *record, const struct field *f)
{
	return (const char *)record + f->offset;
}

bool fields_state_word(const char *text)
{
	size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");

	return len > 0 && len <= 20 && text[len] == '\0';
}

/* -- writing ------------------------------------------------------------------------------- */

static void write_decimal(FILE *out, const char *name, int64_t thousandths)
{
	char text[DECIMAL_SIZE];

	cfgfile_write_word(out, INDENT, name, decimal_thousandths(thousandths, text));
}

static void write_number(FILE *out, const struct field *f, int64_t value)
{
	char text[32];

	if (f->optional && value == f->none)
		return;
	snprintf(text, sizeof(text), "%" PRId64, value);
	cfgfile_write_word(out, INDENT, f->name, text);
}

static void write_real(FILE *out, const struct field *f, double value)
{
	/* Also false for what is not a number. */
	bool sane = value >= 0 && value < 1e9;

	write_decimal(out, f->name, sane ? (int64_t)(value * 1000 + 0.5) : 0);
}

static void write_stamp(FILE *out, const struct field *f, int64_t value)
{
	char stamp[CLOCK_STAMP_SIZE];

	if (value != 0 || !f->optional)
		cfgfile_write_word(out, INDENT, f->name, clock_stamp(value, stamp));
}

static void write_field(FILE *out, const struct field *f, const void *record)
{
	const void *at = const_member(record, f);
	const struct strlist *list = at;

	switch (f->kind) {
	case FIELD_TEXT:
		if (*(char *const *)at)
			cfgfile_write_word(out, INDENT, f->name, *(char *const *)at);
		break;
	case FIELD_LIST:
		if (list->count > 0)
			cfgfile_write_list(out, INDENT, f->name, list->items, list->count);
		break;
	case FIELD_INT:
		write_number(out, f, *(const int *)at);
		break;
	case FIELD_UNSIGNED:
		write_number(out, f, *(const unsigned *)at);
		break;
	case FIELD_COUNT:
		write_number(out, f, (int64_t) * (const uint64_t *)at);
		break;
	case FIELD_STAMP:
		write_stamp(out, f, *(const int64_t *)at);
		break;
	case FIELD_SECONDS:
		write_decimal(out, f->name, *(const int64_t *)at);
		break;
	case FIELD_REAL:
		write_real(out, f, *(const double *)at);
		break;
	case FIELD_OWN:
		f->write(out, record);
		break;
	}
}

char *fields_write(const struct fields_section *section, const void *record)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort(); /* no memory, as in xalloc */
	fprintf(out, "%s {\n", section->name);
	for (const struct field *f = section->fields; f->name; f++)
		write_field(out, f, record);
	fputs("}\n", out);
	if (fclose(out) != 0)
		abort();
	return text;
}

/* -- reading ------------------------------------------------------------------------------- */

static int read_number(const struct field *f, const char *word, void *at)
{
	int64_t most = f->kind == FIELD_COUNT	   ? INT64_MAX
		       : f->kind == FIELD_UNSIGNED ? (int64_t)UINT32_MAX
						   : INT32_MAX;
	int64_t max = f->min == 0 && f->max == 0 ? most : f->max;
	int64_t value = f->none;

	if (word && decimal_parse(word, f->min, max, &value) < 0)
		return -EBADMSG;
	if (f->kind == FIELD_COUNT)
		*(uint64_t *)at = (uint64_t)value;
	else if (f->kind == FIELD_UNSIGNED)
		*(unsigned *)at = (unsigned)value;
	else
		*(int *)at = (int)value;
	return 0;
}

static int read_real(const char *word, void *at)
{
	int64_t thousandths = 0;

	if (word && decimal_parse_thousandths(word, &thousandths) < 0)
		return -EBADMSG;
	*(double *)at = (double)thousandths / 1000;
	return 0;
}

static int read_text(const struct field *f, const char *word, char **at)
{
	if (word && f->check && !f->check(word))
		return -EBADMSG;
	free(*at);
	*at = word ? xstrdup(word) : NULL;
	return 0;
}

static int read_list(const struct cfgfile *section, const struct field *f, struct strlist *at)
{
	size_t count = cfgfile_count(section, f->name);

	strlist_free(at);
	for (size_t i = 0; i < count; i++)
		strlist_add(at, cfgfile_item(section, f->name, i));
	return 0;
}

static int read_field(const struct cfgfile *section, const struct field *f, void *record)
{
	void *at = member(record, f);
	const char *word;

	if (f->kind == FIELD_OWN)
		return f->read(section, record);
	if (!cfgfile_has(section, f->name) && !f->optional)
		return -EBADMSG;
	if (f->kind == FIELD_LIST)
		return read_list(section, f, at);
	word = cfgfile_word(section, f->name);
	switch (f->kind) {
	case FIELD_TEXT:
		return read_text(f, word, at);
	case FIELD_STAMP:
		return word ? clock_parse_stamp(word, at) : 0;
	case FIELD_SECONDS:
		return word ? decimal_parse_thousandths(word, at) : 0;
	case FIELD_REAL:
		return read_real(word, at);
	default:
		return read_number(f, word, at);
	}
}

static int read_section(const struct cfgfile *section, const struct field *fields, void *record)
{
	for (const struct field *f = fields; f->name; f++) {
		if (read_field(section, f, record) < 0)
			return -EBADMSG;
	}
	return 0;
}

/* The one section that the block holds. Its index, -ENOENT or -EBADMSG (two of them). */
static int find_section(const struct cfgfile *file, const struct fields_section *sections)
{
	int found = -ENOENT;

	for (int i = 0; sections[i].name; i++) {
		size_t count = cfgfile_sections(file, sections[i].name);

		if (count > 1 || (count == 1 && found >= 0))
			return -EBADMSG;
		if (count == 1)
			found = i;
	}
	return found;
}

/* The same tables as cfgfile wants them. */
struct key_tables {
	struct cfgfile_key top[FIELDS_SECTIONS + 1];
	struct cfgfile_key keys[FIELDS_SECTIONS][FIELDS_MOST + 1];
};

/* What is OWN may be a word or a list: LIST takes a lone word too. */
static void make_tables(const struct fields_section *sections, struct key_tables *t)
{
	memset(t, 0, sizeof(*t));
	for (size_t i = 0; sections[i].name; i++) {
		const struct field *f = sections[i].fields;

		assert(i < FIELDS_SECTIONS);
		t->top[i] = (struct cfgfile_key){ sections[i].name, CFGFILE_SECTION, t->keys[i] };
		for (size_t k = 0; f[k].name; k++) {
			bool list = f[k].kind == FIELD_LIST || f[k].kind == FIELD_OWN;

			assert(k < FIELDS_MOST);
			t->keys[i][k].name = f[k].name;
			t->keys[i][k].kind = list ? CFGFILE_LIST : CFGFILE_WORD;
		}
	}
}

int fields_read(const char *text, size_t len, const struct fields_section *sections, void *record)
{
	struct complaint c = { 0 };
	struct key_tables tables;
	struct cfgfile *file;
	int found;

	make_tables(sections, &tables);
	file = cfgfile_parse("record", text, len, tables.top, CFGFILE_RECORD, &c);
	complaint_free(&c);
	if (!file)
		return -EBADMSG;
	found = find_section(file, sections);
	if (found >= 0 && read_section(cfgfile_section(file, sections[found].name, 0),
				       sections[found].fields, record) < 0)
		found = -EBADMSG;
	cfgfile_free(file);
	return found;
}

void fields_free(const struct field *fields, void *record)
{
	for (const struct field *f = fields; f->name; f++) {
		if (f->kind == FIELD_LIST)
			strlist_free(member(record, f));
		if (f->kind != FIELD_TEXT)
			continue;
		free(*(char **)member(record, f));
		*(char **)member(record, f) = NULL;
	}
}
