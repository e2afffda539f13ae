/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * screen - what stands between a text that anybody may have written and libconfuse.
 *
 * Reads memory only. The grammar is so flat that it needs no recursion: a text is statements, a
 * section is statements between braces, and a section inside a section does not exist. Whatever the
 * screen lets through, libconfuse accepts; the fuzzers hold the two against each other.
 *
 * Line numbers: libconfuse counts the lines of the rewritten text, so before each token as many
 * line ends are written as its own line asks for.
 */
#include "screen.h"

#include "cleanup.h"
#include "complaint.h"
#include "keys.h"
#include "token.h"
#include "xalloc.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MORE_THAN_WRITTEN                                                                  \
	5	     /* "\" becomes "\\" in quotes with a blank behind: five bytes for one \
		      */
#define SKIP_DEPTH 8 /* braces within braces of an unknown section */

struct screen {
	struct token_reader reader;
	struct complaint *complaint;
	const char *file;
	enum cfgfile_source source;
	char *out; /* where the next byte goes */
	int out_line;
	bool mute; /* skipping what we do not know: nothing is written */
	struct screened *result;
	size_t room; /* of the marks */
	size_t sections;
};

/* What is being read: the text itself, or a section of it. */
struct block {
	const struct cfgfile_key *keys;
	const struct cfgfile_key *section; /* NULL: the text itself */
	int line;			   /* of the section's name */
	size_t first_mark;
};

/* -- writing ----------------------------------------------------------------------------------- */

static void put(struct screen *s, const char *text, size_t len)
{
	memcpy(s->out, text, len);
	s->out += len;
}

static void put_token(struct screen *s, const struct token *t)
{
	if (s->mute)
		return;
	for (; s->out_line < t->line; s->out_line++)
		*s->out++ = '\n';
	if (t->kind == TOKEN_WORD) {
		*s->out++ = '"';
		for (size_t i = 0; i < t->len; i++) {
			if (t->start[i] == '\\')
				*s->out++ = '\\';
			*s->out++ = t->start[i];
		}
		*s->out++ = '"';
	} else {
		put(s, t->start, t->len);
	}
	*s->out++ = ' ';
}

/* The key's own spelling, whatever the writer's was; both have the same length. */
static void put_key(struct screen *s, const struct token *t, const struct cfgfile_key *key)
{
	for (; s->out_line < t->line; s->out_line++)
		*s->out++ = '\n';
	put(s, key->name, t->len);
	*s->out++ = ' ';
}

static void add_mark(struct screen *s, const struct cfgfile_key *key, int line, bool inside)
{
	struct screened *r = s->result;

	if (r->count == s->room) {
		s->room = s->room ? s->room * 2 : 32;
		r->marks = xrealloc(r->marks, s->room, sizeof(*r->marks));
	}
	r->marks[r->count++] = (struct screen_mark){ key, line, inside };
}

/* -- complaints -------------------------------------------------------------------------------- */

static int refuse(struct screen *s, int line, char *found, char *expected, char *remedy)
{
	return complain(s->complaint, s->file, line, found, expected, remedy);
}

static char *show_token(const struct token *t)
{
	if (t->kind == TOKEN_END)
		return xstrdup("the end of the file");
	if (t->kind == TOKEN_STRING)
		return token_show(t->start + 1, t->len - 2);
	return token_show(t->start, t->len);
}

/* -- values ------------------------------------------------------------------------------------ */

/* Does the word begin a statement of its own? ahead is what comes behind it. */
static bool is_statement(const struct token *t, struct token_reader ahead)
{
	struct token next;

	if (t->kind != TOKEN_WORD || (!isalpha((unsigned char)*t->start) && *t->start != '_'))
		return false;
	next = token_next(&ahead);
	if (next.kind == TOKEN_WORD || next.kind == TOKEN_STRING)
		return token_next(&ahead).kind == TOKEN_OPEN;
	return next.kind == TOKEN_EQUAL || next.kind == TOKEN_APPEND || next.kind == TOKEN_OPEN;
}

/* After a value on its line: the end, the closing brace of a section, or the next key. Anything
 * else is told as what it most likely is, a value without quotes or a list without braces. */
static int check_behind(struct screen *s, const char *key, const struct token *value, bool is_list)
{
	struct token_reader ahead = s->reader;
	struct token next = token_next(&ahead);
	_cleanup_free_ char *shown = NULL;

	if (next.kind == TOKEN_FAULT)
		return COMPLAINT;
	if (next.kind == TOKEN_END || next.kind == TOKEN_CLOSE || next.line != value->line)
		return 0;
	if (is_statement(&next, ahead))
		return 0;
	if (complaint_any(s->complaint))
		return COMPLAINT;
	shown = show_token(&next);
	if (value->kind == TOKEN_CLOSE)
		return refuse(s, next.line, xasprintf("%s behind the list of \"%s\"", shown, key),
			      xstrdup("the end of the line"),
			      xstrdup("remove what stands behind the }"));
	if (is_list && next.kind != TOKEN_EQUAL && next.kind != TOKEN_PAREN)
		return refuse(s, next.line,
			      xasprintf("more than one value of \"%s\": %s", key, shown),
			      xstrdup("a list in braces"),
			      xasprintf("write %s = {\"first\", \"second\"}; quotes keep a value "
					"with blanks in one piece",
					key));
	return refuse(s, next.line, xasprintf("%s behind the value of \"%s\"", shown, key),
		      xstrdup("one value"),
		      xstrdup("put the whole value in \"quotes\" if it has blanks or signs in it"));
}

static int refuse_missing(struct screen *s, const char *key, int line)
{
	return refuse(s, line, xasprintf("no value of \"%s\"", key),
		      xstrdup("a value behind the =, on the same line"),
		      xasprintf("write %s = VALUE, or remove the line; \"\" is an empty value",
				key));
}

static int refuse_value(struct screen *s, const char *key, const struct token *t)
{
	_cleanup_free_ char *shown = show_token(t);

	if (t->kind == TOKEN_PAREN)
		return refuse(s, t->line, xasprintf("%s in the value of \"%s\"", shown, key),
			      xstrdup("a value in quotes, if it has such signs in it"),
			      xasprintf("write %s = \"...\"", key));
	return refuse(s, t->line, xasprintf("%s where the value of \"%s\" should be", shown, key),
		      xstrdup("a word, or a value in \"quotes\""),
		      xasprintf("write %s = \"...\"", key));
}

static int refuse_item(struct screen *s, const char *key, const struct token *t, int line,
		       bool item_next)
{
	_cleanup_free_ char *shown = show_token(t);

	if (t->kind == TOKEN_END || t->kind == TOKEN_EQUAL || is_statement(t, s->reader))
		return refuse(s, line, xasprintf("the { of \"%s\" is not closed", key),
			      xstrdup("a } at the end of the list"),
			      xstrdup("close the list with }"));
	if (t->kind == TOKEN_COMMA)
		return refuse(s, t->line, xasprintf("an empty item in the list of \"%s\"", key),
			      xstrdup("a value between two commas"),
			      xstrdup("remove the second comma, or write \"\" for an empty value"));
	if (t->kind == TOKEN_OPEN)
		return refuse(s, t->line, xasprintf("a list inside the list of \"%s\"", key),
			      xstrdup("words only, with commas between"),
			      xstrdup("remove the inner { }"));
	return refuse(s, t->line, xasprintf("%s in the list of \"%s\"", shown, key),
		      xstrdup(item_next ? "a word or a value in \"quotes\""
					: "a comma between two values"),
		      xasprintf("write %s = {\"first\", \"second\"}", key));
}

/* The items behind an opening brace that has been taken. A comma behind the last one does no harm.
 */
static int read_items(struct screen *s, const char *key, int line)
{
	bool item_next = true; /* else a comma */

	for (;;) {
		struct token t = token_next(&s->reader);
		bool is_item = t.kind == TOKEN_WORD || t.kind == TOKEN_STRING;

		if (t.kind == TOKEN_FAULT)
			return COMPLAINT;
		if (t.kind != TOKEN_CLOSE && (item_next ? !is_item : t.kind != TOKEN_COMMA))
			return refuse_item(s, key, &t, line, item_next);
		put_token(s, &t);
		if (t.kind == TOKEN_CLOSE)
			return check_behind(s, key, &t, true);
		item_next = !item_next;
	}
}

/* "= value" or "= {values}" behind a key that has been taken. */
static int read_value(struct screen *s, const char *key, int line, bool is_list)
{
	struct token t = token_next(&s->reader);
	_cleanup_free_ char *shown = NULL;

	if (t.kind == TOKEN_FAULT)
		return COMPLAINT;
	if (t.kind == TOKEN_APPEND)
		return refuse(s, t.line, xasprintf("\"%s +=\"", key), xasprintf("\"%s =\"", key),
			      xstrdup("write all values in one list: {\"first\", \"second\"}"));
	if (t.kind != TOKEN_EQUAL || t.line != line) {
		shown = show_token(&t);
		return refuse(s, line, xasprintf("no = behind \"%s\"", key),
			      xasprintf("%s = VALUE", key),
			      xstrdup("write the = and the value on the same line"));
	}
	put_token(s, &t);
	t = token_next(&s->reader);
	if (t.kind == TOKEN_FAULT)
		return COMPLAINT;
	if (t.kind == TOKEN_END || t.line != line || t.kind == TOKEN_CLOSE)
		return refuse_missing(s, key, line);
	if (t.kind == TOKEN_OPEN && is_list) {
		put_token(s, &t);
		return read_items(s, key, line);
	}
	if (t.kind == TOKEN_OPEN)
		return refuse(s, line, xasprintf("a list as the value of \"%s\"", key),
			      xstrdup("one value"),
			      xasprintf("write %s = VALUE without braces", key));
	if (t.kind != TOKEN_WORD && t.kind != TOKEN_STRING)
		return refuse_value(s, key, &t);
	put_token(s, &t);
	return check_behind(s, key, &t, is_list);
}

/* -- statements -------------------------------------------------------------------------------- */

/* The head of a section whose name has been taken: its title, its brace. */
static int open_section(struct screen *s, const struct token *name, const struct cfgfile_key *key,
			struct block *b)
{
	struct token t = token_next(&s->reader);
	bool titled = key->kind == CFGFILE_TITLED;

	if (t.kind == TOKEN_FAULT)
		return COMPLAINT;
	if (titled && (t.kind == TOKEN_WORD || t.kind == TOKEN_STRING) && t.line == name->line) {
		put_token(s, &t);
		t = token_next(&s->reader);
		if (t.kind == TOKEN_FAULT)
			return COMPLAINT;
		titled = false;
	}
	if (t.kind != TOKEN_OPEN || titled)
		return refuse(s, name->line, xasprintf("\"%s\" without its {", key->name),
			      xasprintf(key->kind == CFGFILE_TITLED ? "%s NAME { ... }"
								    : "%s { ... }",
					key->name),
			      xstrdup("write it so; the keys stand between the braces"));
	if (++s->sections > SCREEN_MAX_SECTIONS)
		return refuse(s, name->line,
			      xasprintf("more than %d sections", SCREEN_MAX_SECTIONS),
			      xstrdup("fewer"), xstrdup("remove some of them"));
	put_token(s, &t);
	assert(!b->section); /* key lists have one level */
	*b = (struct block){ key->keys, key, name->line, s->result->count };
	return 0;
}

/* What a newer version wrote: "key = value", "key = {values}", "key {...}", "key title {...}".
 * Records only. */
static int skip_unknown(struct screen *s, const struct token *name)
{
	struct token t = token_peek(&s->reader);
	unsigned depth = 0;
	int r;

	s->mute = true;
	if (t.kind == TOKEN_EQUAL || t.kind == TOKEN_APPEND) {
		r = read_value(s, "?", name->line, true);
		s->mute = false;
		return r;
	}
	do {
		t = token_next(&s->reader);
		if (t.kind == TOKEN_FAULT)
			return COMPLAINT;
		if (t.kind == TOKEN_OPEN)
			depth++;
		if (t.kind == TOKEN_CLOSE && depth)
			depth--;
		else if (t.kind == TOKEN_END || t.kind == TOKEN_CLOSE || depth > SKIP_DEPTH)
			return refuse(s, name->line,
				      xstrdup("an unknown section that does not end"),
				      xstrdup("a } at its end"), xstrdup("this record is damaged"));
	} while (depth || t.kind != TOKEN_CLOSE);
	s->mute = false;
	return 0;
}

static int check_duplicate(struct screen *s, const struct token *t, const struct cfgfile_key *key,
			   const struct block *b)
{
	const struct screened *r = s->result;

	if (key->kind == CFGFILE_SECTION || key->kind == CFGFILE_TITLED)
		return 0; /* libconfuse itself compares titles */
	for (size_t i = b->first_mark; i < r->count; i++)
		if (r->marks[i].key == key)
			return refuse(s, t->line,
				      xasprintf("\"%s\" for the second time", key->name),
				      xasprintf("it once; line %d has it already",
						r->marks[i].line),
				      xstrdup("remove one of the two lines"));
	return 0;
}

static int refuse_key(struct screen *s, const struct token *t, const struct block *b)
{
	struct token next = token_peek(&s->reader);

	if (next.kind == TOKEN_FAULT)
		return COMPLAINT;
	return keys_refuse(b->keys, t, &next, s->file, b->section ? b->section->name : NULL,
			   s->complaint);
}

/* One statement whose first token is t; *b changes where a section begins. */
static int read_statement(struct screen *s, const struct token *t, struct block *b)
{
	const struct cfgfile_key *key = keys_find(b->keys, t, s->source);

	if (!key || (key->kind == CFGFILE_LATER && s->source == CFGFILE_RECORD))
		return s->source == CFGFILE_RECORD ? skip_unknown(s, t) : refuse_key(s, t, b);
	if (key->kind == CFGFILE_LATER)
		return refuse(s, t->line,
			      xasprintf("\"%s\", which is not supported by this version",
					key->name),
			      keys_names(b->keys),
			      xstrdup("remove it; a later version will know it"));
	if (check_duplicate(s, t, key, b))
		return COMPLAINT;
	put_key(s, t, key);
	add_mark(s, key, t->line, b->section);
	if (key->kind == CFGFILE_WORD || key->kind == CFGFILE_LIST)
		return read_value(s, key->name, t->line, key->kind == CFGFILE_LIST);
	return open_section(s, t, key, b);
}

static int refuse_start(struct screen *s, const struct token *t, const struct block *b)
{
	_cleanup_free_ char *shown = show_token(t);

	if (t->kind == TOKEN_END)
		return refuse(s, b->line,
			      xasprintf("the { of \"%s\" is not closed", b->section->name),
			      xstrdup("a } at its end"), xstrdup("close it with }"));
	if (t->kind == TOKEN_CLOSE)
		return refuse(s, t->line, xstrdup("a } that closes nothing"),
			      xstrdup("one } for each {"), xstrdup("remove it"));
	if (t->kind == TOKEN_STRING)
		return refuse(s, t->line, xasprintf("%s where a key should be", shown),
			      xstrdup("lines like  key = value"),
			      xstrdup("write the key without quotes; several values need braces: "
				      "{\"first\", \"second\"}"));
	return refuse(s, t->line, xasprintf("%s where a key should be", shown),
		      xstrdup("lines like  key = value"),
		      xstrdup("write a key at the start of the line"));
}

static int read_all(struct screen *s, const struct cfgfile_key *keys)
{
	struct block whole = { keys, NULL, 0, 0 }, b = whole;

	for (;;) {
		struct token t = token_next(&s->reader);
		int r = 0;

		if (t.kind == TOKEN_FAULT)
			return COMPLAINT;
		if (t.kind == TOKEN_END && !b.section)
			return 0;
		if (t.kind == TOKEN_CLOSE && b.section) {
			put_token(s, &t);
			b = whole;
		} else if (t.kind == TOKEN_WORD) {
			r = read_statement(s, &t, &b);
		} else {
			r = refuse_start(s, &t, &b);
		}
		if (r)
			return r;
	}
}

int screen_read(const char *file, const char *text, size_t len, const struct cfgfile_key *keys,
		enum cfgfile_source source, struct screened *ret, struct complaint *c)
{
	struct screened result = { 0 };
	struct screen s = {
		.complaint = c, .file = file, .source = source, .out_line = 1, .result = &result
	};

	if (token_begin(&s.reader, file, text, len, source, c))
		return COMPLAINT;
	result.text = s.out = xrealloc(NULL, len + 1, MORE_THAN_WRITTEN);
	if (read_all(&s, keys)) {
		screen_free(&result);
		return COMPLAINT;
	}
	*s.out = '\0';
	*ret = result;
	return 0;
}

void screen_free(struct screened *s)
{
	free(s->text);
	free(s->marks);
	*s = (struct screened){ 0 };
}
