/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table - listings by libsmartcols.
 *
 * Two encoders must not meet: libsmartcols escapes by itself in raw mode, so it gets the bytes as
 * they are there; for tables and JSON the text is escaped here and libsmartcols told to leave it
 * alone. Nothing is touched but memory and stdout.
 */
#include "table.h"

#include "cleanup.h"
#include "clock.h"
#include "escape.h"
#include "human.h"
#include "tell.h"
#include "xalloc.h"

#include <inttypes.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <wchar.h>

enum mode { PLAIN, RAW, JSON };
/* The share of the terminal's width down to which a long column is cut before others are. */
#define CUT_TO 0.25

enum { KEY_JSON = 0x100, KEY_RAW, KEY_NOHEADINGS }; /* long only */

struct table {
	struct libscols_table *smart;
	struct libscols_line *line;
	const struct table_column *columns;
	size_t count;
	size_t *slot; /* number of the column within smart + 1; 0: not printed */
	size_t slots;
	enum mode mode;
};

static const struct argp_option argp_options[] = {
	{ "json", KEY_JSON, NULL, 0, "Print JSON", 0 },
	{ "raw", KEY_RAW, NULL, 0, "Print words separated by single blanks", 0 },
	{ "noheadings", KEY_NOHEADINGS, NULL, 0, "Print no headings", 0 },
	{ "output", 'o', "COLUMNS", 0,
	  "Print these columns, separated by commas; +COLUMN adds to the usual ones", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct table_options *o = state->input;

	switch (key) {
	case KEY_JSON:
		o->json = true;
		return 0;
	case KEY_RAW:
		o->raw = true;
		return 0;
	case KEY_NOHEADINGS:
		o->noheadings = true;
		return 0;
	case 'o':
		free(o->columns);
		o->columns = xstrdup(arg);
		return 0;
	case ARGP_KEY_END:
		if (o->json && o->raw)
			argp_error(state, "--json and --raw exclude each other; choose one");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp table_argp = { argp_options, parse, NULL, NULL, NULL, NULL, NULL };

void table_options_free(struct table_options *o)
{
	free(o->columns);
	o->columns = NULL;
}

bool table_is_plain(const struct table_options *o)
{
	return !o->json && !o->raw;
}

char *table_columns_help(const struct table_column *columns, size_t count)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs("Columns for -o:\n", out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "  %-11s %s\n", columns[i].name, columns[i].help);
	fclose(out);
	return text;
}

static void add_column(struct table *t, size_t column)
{
	const struct table_column *c = &t->columns[column];
	const char *heading = t->mode != JSON && c->heading ? c->heading : c->name;
	struct libscols_column *smart;
	int flags = 0;

	if (t->slot[column])
		return;
	if (c->flags & TABLE_RIGHT)
		flags |= SCOLS_FL_RIGHT;
	if (c->flags & TABLE_CUT)
		flags |= SCOLS_FL_TRUNC;
	smart = scols_table_new_column(t->smart, heading, c->flags & TABLE_CUT ? CUT_TO : 0, flags);
	if (!smart)
		abort(); /* out of memory: as xalloc */
	if (c->type != TABLE_TEXT && c->type != TABLE_TIME)
		scols_column_set_json_type(smart, SCOLS_JSON_NUMBER);
	t->slot[column] = ++t->slots;
}

static void add_usual_columns(struct table *t)
{
	unsigned wanted = t->mode == JSON ? TABLE_JSON : TABLE_SHOWN;

	for (size_t i = 0; i < t->count; i++) {
		if (t->columns[i].flags & wanted)
			add_column(t, i);
	}
}

/* One name of -o. */
static int add_named_column(struct table *t, const char *name)
{
	_cleanup_free_ char *shown = escape_text(name, ESCAPE_TEXT), *all = NULL;
	size_t size = 0;
	FILE *out;

	for (size_t i = 0; i < t->count; i++) {
		if (strcasecmp(t->columns[i].name, name) == 0) {
			add_column(t, i);
			return 0;
		}
	}
	out = open_memstream(&all, &size);
	if (!out)
		abort();
	for (size_t i = 0; i < t->count; i++)
		fprintf(out, "%s%s", i ? "," : "", t->columns[i].name);
	fclose(out);
	tell_usage("-o: there is no column \"%s\"; choose from %s", shown, all);
	return -1;
}

static int add_chosen_columns(struct table *t, const char *list)
{
	_cleanup_free_ char *copy = NULL;
	char *rest, *name;

	if (*list == '+') {
		add_usual_columns(t);
		list++;
	}
	rest = copy = xstrdup(list);
	while ((name = strsep(&rest, ","))) {
		if (add_named_column(t, name) < 0)
			return -1;
	}
	return 0;
}

/* Colour only for eyes: a terminal that can, and nobody who objects (no-color.org). */
static bool colour_wanted(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

struct table *table_new(const char *name, const struct table_column *columns, size_t count,
			const struct table_options *o)
{
	struct table *t = xcalloc(1, sizeof(*t));

	t->columns = columns;
	t->count = count;
	t->slot = xcalloc(count, sizeof(*t->slot));
	t->mode = o->json ? JSON : o->raw ? RAW : PLAIN;
	t->smart = scols_new_table();
	if (!t->smart)
		abort();
	scols_table_set_name(t->smart, name);
	scols_table_enable_json(t->smart, t->mode == JSON);
	scols_table_enable_raw(t->smart, t->mode == RAW);
	scols_table_enable_noheadings(t->smart, o->noheadings);
	scols_table_enable_noencoding(t->smart, t->mode == PLAIN);
	scols_table_enable_colors(t->smart, t->mode == PLAIN && colour_wanted());
	if (!o->columns) {
		add_usual_columns(t);
	} else if (add_chosen_columns(t, o->columns) < 0) {
		table_free(t);
		return NULL;
	}
	return t;
}

bool table_wants(const struct table *t, size_t column)
{
	return t->slot[column] != 0;
}

/* Takes text; NULL stands for what is not known. */
static void put(struct table *t, size_t column, char *text)
{
	if (!t->slot[column]) {
		free(text);
		return;
	}
	if (!text && t->mode != JSON)
		text = xstrdup("-");
	if (text)
		scols_line_refer_data(t->line, t->slot[column] - 1, text);
}

void table_row(struct table *t)
{
	t->line = scols_table_new_line(t->smart, NULL);
	if (!t->line)
		abort();
	/* Raw words and tables have a dash where nothing is known; JSON has null where no cell was
	 * set. */
	for (size_t i = 0; t->mode != JSON && i < t->count; i++)
		put(t, i, NULL);
}

/*
 * What this terminal can show; takes text, which has been escaped. libsmartcols never ends with
 * some characters that have no width in the locale (seen with 2.38 in the C locale), so these
 * become \xNN too.
 */
static char *printable(char *text)
{
	mbstate_t state = { 0 };
	char *shown = NULL;
	size_t size = 0, len;
	FILE *out = open_memstream(&shown, &size);
	wchar_t wide;

	if (!out)
		abort();
	for (const char *p = text; *p; p += len) {
		len = mbrtowc(&wide, p, strlen(p), &state);
		if (len != (size_t)-1 && len != (size_t)-2 && wcwidth(wide) >= 0) {
			fwrite(p, 1, len, out);
			continue;
		}
		state = (mbstate_t){ 0 };
		len = 1;
		fprintf(out, "\\x%02x", (unsigned char)*p);
	}
	fclose(out);
	free(text);
	return shown;
}

static char *encode(const struct table *t, const char *text)
{
	if (t->mode == RAW)
		return xstrdup(text);
	return t->mode == JSON ? escape_text(text, ESCAPE_TEXT)
			       : printable(escape_text(text, ESCAPE_TEXT));
}

void table_text(struct table *t, size_t column, const char *text)
{
	if (!table_wants(t, column))
		return;
	if (!text || !*text)
		put(t, column, NULL);
	else
		put(t, column, encode(t, text));
}

void table_number(struct table *t, size_t column, uint64_t value)
{
	put(t, column, xasprintf("%" PRIu64, value));
}

void table_real(struct table *t, size_t column, double value)
{
	put(t, column, xasprintf("%.2f", value));
}

void table_size(struct table *t, size_t column, uint64_t bytes)
{
	char buf[HUMAN_SIZE];

	put(t, column,
	    t->mode == PLAIN ? xstrdup(human_size(bytes, buf)) : xasprintf("%" PRIu64, bytes));
}

void table_duration(struct table *t, size_t column, int64_t ms)
{
	char buf[HUMAN_SIZE];

	if (ms < 0)
		put(t, column, NULL);
	else if (t->mode == PLAIN)
		put(t, column, xstrdup(human_time(ms, buf)));
	else
		put(t, column, xasprintf("%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000)));
}

void table_time(struct table *t, size_t column, int64_t wall_ms)
{
	char buf[CLOCK_STAMP_SIZE];

	if (wall_ms == 0) {
		put(t, column, NULL);
		return;
	}
	clock_stamp(wall_ms, buf);
	/* People need no milliseconds. */
	if (t->mode == PLAIN && strchr(buf, '.'))
		memcpy(strchr(buf, '.'), "Z", 2);
	put(t, column, xstrdup(buf));
}

void table_colour(struct table *t, size_t column, const char *colour)
{
	struct libscols_cell *cell;

	if (!colour || !table_wants(t, column))
		return;
	cell = scols_line_get_cell(t->line, t->slot[column] - 1);
	if (cell)
		scols_cell_set_color(cell, colour);
}

void table_print(struct table *t)
{
	scols_print_table(t->smart);
	table_free(t);
}

void table_free(struct table *t)
{
	if (!t)
		return;
	scols_unref_table(t->smart);
	free(t->slot);
	free(t);
}
