/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf - a program's options out of one table: configuration file, command line, sample file.
 *
 * Reads one file. Each value is checked before its variable is touched, so a variable always holds
 * something valid: its default, or what the file or the command line says. After a complaint the
 * options before the faulty one have their new values; programs end then, so nobody sees it.
 */
#include "conf.h"

#include "cfgfile.h"
#include "cleanup.h"
#include "complaint.h"
#include "escape.h"
#include "human.h"
#include "xalloc.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define TEXT_SIZE 64 /* of a number written out */
#define BLANKS " \t"

/* What a person may write for each type. */
static const char *const type_forms[] = {
	[CONF_STRING] = "a text",
	[CONF_INT] = "a whole number",
	[CONF_TIME] = "a time (500ms, 90s, 15m, 2h, 1d, HH:MM:SS)",
	[CONF_SIZE] = "a size (512K, 512M, 2G)",
	[CONF_BOOL] = "yes or no",
	[CONF_LIST] = "a list, as {\"one\", \"two\"}",
};

/* -- values as text ---------------------------------------------------------------------------- */

/* The largest unit that divides the value: what is printed reads back as the same number. */
static char *exact_time(int64_t ms, char *buf)
{
	static const struct {
		int64_t ms;
		const char *name;
	} units[] = {
		{ 86400000, "d" }, { 3600000, "h" }, { 60000, "m" }, { 1000, "s" }, { 1, "ms" },
	};
	size_t i = 0;

	while (ms % units[i].ms)
		i++;
	if (ms == 0)
		i = 3;
	snprintf(buf, TEXT_SIZE, "%" PRId64 "%s", ms / units[i].ms, units[i].name);
	return buf;
}

static char *exact_size(int64_t bytes, char *buf)
{
	static const char letters[] = "KMGT";
	int unit = -1;

	for (; bytes && bytes % 1024 == 0 && unit < 3; unit++)
		bytes /= 1024;
	if (unit < 0)
		snprintf(buf, TEXT_SIZE, "%" PRId64, bytes);
	else
		snprintf(buf, TEXT_SIZE, "%" PRId64 "%c", bytes, letters[unit]);
	return buf;
}

static char *number_text(enum conf_type type, int64_t number, char *buf)
{
	if (type == CONF_TIME)
		return exact_time(number, buf);
	if (type == CONF_SIZE)
		return exact_size(number, buf);
	snprintf(buf, TEXT_SIZE, "%" PRId64, number);
	return buf;
}

static bool is_number(enum conf_type type)
{
	return type == CONF_INT || type == CONF_TIME || type == CONF_SIZE;
}

static bool has_range(const struct conf_option *o)
{
	return is_number(o->type) && (o->min || o->max);
}

/* "a time (...) from 1s to 1h" */
static char *expectation(const struct conf_option *o)
{
	char low[TEXT_SIZE], high[TEXT_SIZE];

	if (!has_range(o))
		return xstrdup(type_forms[o->type]);
	return xasprintf("%s from %s to %s", type_forms[o->type], number_text(o->type, o->min, low),
			 number_text(o->type, o->max, high));
}

/* -- one value --------------------------------------------------------------------------------- */

static int parse_bool(const char *text, bool *ret)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcasecmp(text, words[i])) {
			*ret = i & 1;
			return 0;
		}
	return -EINVAL;
}

static int parse_number(const struct conf_option *o, const char *text, int64_t *ret)
{
	int64_t value = 0;
	uint64_t bytes = 0;
	int r;

	if (o->type == CONF_TIME)
		r = human_parse_time(text, &value);
	else if (o->type == CONF_SIZE)
		r = human_parse_size(text, &bytes);
	else
		r = human_parse_int(text, INT64_MIN, INT64_MAX, &value);
	if (o->type == CONF_SIZE)
		value = (int64_t)bytes;
	if (r)
		return r;
	if (has_range(o) ? value < o->min || value > o->max : value < 0)
		return -ERANGE;
	*ret = value;
	return 0;
}

/* Any type but a list. 0, -EINVAL, -ERANGE; the variable changes on 0 only. */
static int set_value(const struct conf_option *o, const char *text)
{
	if (o->type == CONF_BOOL)
		return parse_bool(text, o->value);
	if (is_number(o->type))
		return parse_number(o, text, o->value);
	free(*(char **)o->value);
	*(char **)o->value = xstrdup(text);
	return 0;
}

static void set_list(const struct conf_option *o, const char *text)
{
	struct strlist *list = o->value;

	strlist_free(list);
	while (*(text += strspn(text, BLANKS))) {
		size_t len = strcspn(text, BLANKS);
		_cleanup_free_ char *item = xstrndup(text, len);

		strlist_add(list, item);
		text += len;
	}
}

static int set_any(const struct conf_option *o, const char *text)
{
	if (o->type != CONF_LIST)
		return set_value(o, text);
	set_list(o, text);
	return 0;
}

static int complain_value(const struct conf_option *o, const char *text, int r, const char *file,
			  int line, struct complaint *c)
{
	_cleanup_free_ char *shown = escape_text(text, ESCAPE_TEXT);

	return complain(c, file, line,
			xasprintf(r == -ERANGE ? "\"%s\" for \"%s\", which is out of range"
					       : "\"%s\" for \"%s\"",
				  shown, o->name),
			expectation(o),
			xasprintf("correct it, or leave it out for the default, \"%s\"",
				  o->fallback));
}

/* -- the table --------------------------------------------------------------------------------- */

void conf_defaults(const struct conf_option *table)
{
	for (const struct conf_option *o = table; o->name; o++) {
		int r = set_any(o, o->fallback);

		assert(r == 0);
		(void)r;
	}
}

void conf_release(const struct conf_option *table)
{
	for (const struct conf_option *o = table; o->name; o++) {
		if (o->type == CONF_LIST)
			strlist_free(o->value);
		if (o->type == CONF_STRING) {
			free(*(char **)o->value);
			*(char **)o->value = NULL;
		}
	}
}

/* -- the file ---------------------------------------------------------------------------------- */

/* A configuration may be a symbolic link, as administrators make them, but not a fifo, which would
 * hang the start. */
static int read_file(const char *file, char **ret_text, size_t *ret_len)
{
	_cleanup_close_ int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	text = xcalloc(CFGFILE_MAX_BYTES + 1, 1); /* one more than is allowed: too long shows */
	while (len < CFGFILE_MAX_BYTES + 1) {
		ssize_t n = read(fd, text + len, CFGFILE_MAX_BYTES + 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*ret_text = text;
	text = NULL;
	*ret_len = len;
	return 0;
}

static struct cfgfile_key *file_keys(const struct conf_option *table)
{
	struct cfgfile_key *keys;
	size_t n = 0;

	while (table[n].name)
		n++;
	keys = xcalloc(n + 1, sizeof(*keys));
	for (size_t i = 0; i < n; i++) {
		keys[i].name = table[i].name;
		keys[i].kind = table[i].type == CONF_LIST ? CFGFILE_LIST : CFGFILE_WORD;
	}
	return keys;
}

static int take_option(const struct conf_option *o, const struct cfgfile *f, const char *file,
		       struct complaint *c)
{
	const char *text = cfgfile_word(f, o->name);
	int r;

	if (o->type == CONF_LIST) {
		strlist_free(o->value);
		for (size_t i = 0; i < cfgfile_count(f, o->name); i++)
			strlist_add(o->value, cfgfile_item(f, o->name, i));
		return 0;
	}
	r = set_value(o, text);
	return r ? complain_value(o, text, r, file, cfgfile_line(f, o->name), c) : 0;
}

int conf_load(const char *file, const struct conf_option *table, struct complaint *c)
{
	_cleanup_free_ char *text = NULL, *name = escape_text(file, ESCAPE_TEXT);
	_cleanup_free_ struct cfgfile_key *keys = NULL;
	struct cfgfile *f;
	size_t len = 0;
	int r = read_file(file, &text, &len);

	if (r)
		return r;
	keys = file_keys(table);
	f = cfgfile_parse(name, text, len, keys, CFGFILE_PERSON, c);
	if (!f)
		return COMPLAINT;
	for (const struct conf_option *o = table; o->name && !r; o++)
		if (cfgfile_has(f, o->name))
			r = take_option(o, f, name, c);
	cfgfile_free(f);
	return r;
}

/* -- the command line -------------------------------------------------------------------------- */

static int complain_name(const char *name, const struct conf_option *table, struct complaint *c)
{
	_cleanup_free_ const char **names = NULL;
	_cleanup_free_ char *shown = escape_text(name, ESCAPE_TEXT);
	const char *near;
	size_t n = 0;

	while (table[n].name)
		n++;
	names = xcalloc(n + 1, sizeof(*names));
	for (size_t i = 0; i < n; i++)
		names[i] = table[i].name;
	near = human_nearest(name, names);
	return complain(c, "command line", 0, xasprintf("unknown option \"%s\"", shown),
			xstrdup("-o NAME=VALUE"),
			near ? xasprintf("did you mean \"%s\"?", near)
			     : xstrdup("the manual page lists the names"));
}

int conf_set(const char *assignment, const struct conf_option *table, struct complaint *c)
{
	const char *equal = strchr(assignment, '=');
	_cleanup_free_ char *name = xstrndup(assignment, equal ? (size_t)(equal - assignment)
							       : strlen(assignment));
	int r;

	for (const struct conf_option *o = table; o->name; o++) {
		if (strcmp(o->name, name) != 0)
			continue;
		if (!equal)
			return complain(c, "command line", 0,
					xasprintf("no value of \"%s\"", o->name), expectation(o),
					xasprintf("write -o %s=VALUE", o->name));
		r = set_any(o, equal + 1);
		return r ? complain_value(o, equal + 1, r, "command line", 0, c) : 0;
	}
	return complain_name(name, table, c);
}

/* -- what is printed --------------------------------------------------------------------------- */

static void print_value(FILE *out, const char *indent, const struct conf_option *o)
{
	const struct strlist *list = o->value;
	const char *string = NULL;
	char number[TEXT_SIZE];

	switch (o->type) {
	case CONF_LIST:
		cfgfile_write_list(out, indent, o->name, list->items, list->count);
		return;
	case CONF_STRING:
		string = *(char **)o->value;
		break;
	case CONF_BOOL:
		string = *(bool *)o->value ? "yes" : "no";
		break;
	default:
		string = number_text(o->type, *(int64_t *)o->value, number);
	}
	cfgfile_write_word(out, indent, o->name, string ? string : "");
}

void conf_print(FILE *out, const struct conf_option *table)
{
	for (const struct conf_option *o = table; o->name; o++)
		print_value(out, "", o);
}

void conf_print_sample(FILE *out, const char *program, const struct conf_option *table)
{
	fprintf(out,
		"# Configuration of %s.\n"
		"#\n"
		"# Each option is shown with its default; remove the # before it to change it. A "
		"text goes in\n"
		"# \"quotes\". The command line comes first: -o name=value, then this file, then "
		"the default.\n"
		"# \"%s --config-check\" tells whether this file is good and what is in force.\n",
		program, program);
	for (const struct conf_option *o = table; o->name; o++) {
		_cleanup_free_ char *form = expectation(o);
		struct strlist list = { 0 };
		struct conf_option shown = *o;

		fprintf(out, "\n# %s.\n# It is %s.\n", o->help, form);
		shown.value = &list;
		if (o->type == CONF_LIST) {
			set_list(&shown, o->fallback);
			cfgfile_write_list(out, "#", o->name, list.items, list.count);
			strlist_free(&list);
		} else {
			cfgfile_write_word(out, "#", o->name, o->fallback);
		}
	}
}
