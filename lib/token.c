/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * token - the words, strings and signs of a text in libconfuse syntax, one by one.
 *
 * Reads memory only. What libconfuse 3.3 does with such text, and why each is caught here: it drops
 * + and * from bare words, ends them at # and at quotes without a word, takes two slashes for a
 * comment only if a blank follows, passes over an unterminated comment, spoils the next parse by an
 * unterminated string, replaces ${NAME} by the environment, makes control characters of backslashes
 * ("C:\new") and needs time with the square of a token's length.
 */
#include "token.h"

#include "cleanup.h"
#include "complaint.h"
#include "escape.h"
#include "xalloc.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_MAX_TOKEN 65536 /* escapes lengthen what programs write */
#define MARK "\xef\xbb\xbf"    /* UTF-8 byte order mark */

char *token_show(const char *start, size_t len)
{
	size_t cut = len > TOKEN_SHOWN ? TOKEN_SHOWN : len;
	_cleanup_free_ char *copy = NULL, *text = NULL;

	/* Not in the middle of a character. */
	while (cut < len && cut > 0 && ((unsigned char)start[cut] & 0xc0) == 0x80)
		cut--;
	copy = xstrndup(start, cut);
	text = escape_text(copy, ESCAPE_TEXT);
	return xasprintf("\"%s%s\"", text, cut < len ? "..." : "");
}

/* -- bytes ------------------------------------------------------------------------------------- */

/* Is a character that is valid but must not be there: C1 controls, direction marks, line
 * separators, a mark inside? */
static bool is_invisible(const unsigned char *p)
{
	return (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f) || (p[0] == 0xd8 && p[1] == 0x9c) ||
	       (p[0] == 0xe2 && (p[1] == 0x80 || p[1] == 0x81)) ||
	       (p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf);
}

static int complain_byte(const char *file, int line, size_t column, const char *at,
			 struct complaint *c)
{
	unsigned char byte = (unsigned char)*at;

	if (byte == '\r')
		return complain(c, file, line,
				xasprintf("a lone carriage return (byte %zu of the line)", column),
				xstrdup("line ends as Unix or Windows write them"),
				xstrdup("save the file with one of these kinds of line ends"));
	if (byte < ' ' || byte == 0x7f)
		return complain(c, file, line,
				xasprintf("the control character 0x%02x (byte %zu of the line)",
					  byte, column),
				xstrdup("plain text"),
				xstrdup("is this a text file? if it is, delete that character and "
					"save it again"));
	if (is_invisible((const unsigned char *)at))
		return complain(c, file, line,
				xasprintf("an invisible control character (byte %zu of the line)",
					  column),
				xstrdup("characters that can be seen"),
				xstrdup("type the line anew; copied text often brings such "
					"characters along"));
	return complain(c, file, line,
			xasprintf("the byte 0x%02x, which is no UTF-8 (byte %zu of the line)", byte,
				  column),
			xstrdup("text in UTF-8"),
			xstrdup("save the file with the encoding UTF-8, or replace the letter "
				"there by a plain one"));
}

static int complain_nul(const char *file, const char *text, const char *nul, struct complaint *c)
{
	int line = 1;
	const char *start = text;

	for (const char *p = text; p < nul; p++)
		if (*p == '\n') {
			line++;
			start = p + 1;
		}
	if (nul > text + 1 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2)))
		return complain(c, file, 1,
				xstrdup("text in UTF-16, which some editors call \"Unicode\""),
				xstrdup("text in UTF-8"),
				xstrdup("save the file with the encoding UTF-8"));
	return complain(c, file, line,
			xasprintf("a zero byte (byte %zu of the line)", (size_t)(nul - start) + 1),
			xstrdup("plain text"),
			xstrdup("this looks like a binary file: was the right file copied?"));
}

/* Finds the first byte that escape_text would change (a backslash, tab or line end apart): there is
 * one definition of what is harmful, and it lives there. */
static int check_bytes(const struct token_reader *r)
{
	_cleanup_free_ char *text = xstrndup(r->at, (size_t)(r->end - r->at));
	_cleanup_free_ char *escaped = escape_text(text, ESCAPE_TEXT);
	const char *e = escaped, *start = text;
	int line = 1;

	for (const char *p = text; *p; p++) {
		if (*p == *e && *p != '\\') {
			e++;
		} else if (*p == '\\') {
			e += 2;
		} else if (*p == '\t' || *p == '\n' || (*p == '\r' && p[1] == '\n')) {
			e += 4;
			if (*p == '\n') {
				line++;
				start = p + 1;
			}
		} else {
			return complain_byte(r->file, line, (size_t)(p - start) + 1, p,
					     r->complaint);
		}
	}
	return 0;
}

int token_begin(struct token_reader *r, const char *file, const char *text, size_t len,
		enum cfgfile_source source, struct complaint *c)
{
	const char *nul = memchr(text, '\0', len);

	*r = (struct token_reader){ file, text, text + len, 1, source, c };
	if (nul)
		return complain_nul(file, text, nul, c);
	if (len >= strlen(MARK) && !memcmp(text, MARK, strlen(MARK)))
		r->at += strlen(MARK);
	/* Records are made by our own writers and carry a checksum. */
	return source == CFGFILE_PERSON ? check_bytes(r) : 0;
}

/* -- tokens ------------------------------------------------------------------------------------ */

static struct token fault(struct token_reader *r, int line, char *found, const char *expected,
			  const char *remedy)
{
	complain(r->complaint, r->file, line, found, xstrdup(expected), xstrdup(remedy));
	return (struct token){ .kind = TOKEN_FAULT, .line = line, .start = r->at };
}

static bool follows(const struct token_reader *r, const char *sign)
{
	size_t len = strlen(sign);

	return (size_t)(r->end - r->at) >= len && !memcmp(r->at, sign, len);
}

/* Skips a comment that runs over lines. False: it never ends. */
static bool skip_long_comment(struct token_reader *r)
{
	const char *end = memmem(r->at + 2, (size_t)(r->end - r->at) - 2, "*/", 2);

	for (const char *p = r->at; end && p < end; p++)
		if (*p == '\n')
			r->line++;
	if (end)
		r->at = end + 2;
	return end;
}

/* Up to the next token. False: an unterminated comment, which starts at r->at. */
static bool skip_blanks(struct token_reader *r)
{
	while (r->at < r->end) {
		if (*r->at == '\n') {
			r->line++;
			r->at++;
		} else if (*r->at == ' ' || *r->at == '\t' || *r->at == '\r') {
			r->at++;
		} else if (*r->at == '#' || follows(r, "//")) {
			r->at = memchr(r->at, '\n', (size_t)(r->end - r->at));
			if (!r->at)
				r->at = r->end;
		} else if (follows(r, "/*")) {
			if (!skip_long_comment(r))
				return false;
		} else {
			break;
		}
	}
	return true;
}

static struct token sign(struct token_reader *r, enum token_kind kind, size_t len)
{
	struct token t = { kind, r->line, r->at, len };

	r->at += len;
	return t;
}

static bool ends_word(const struct token_reader *r, const char *p)
{
	return strchr(" \t\r\n\"'={}(),#", *p) || (*p == '+' && p + 1 < r->end && p[1] == '=');
}

static struct token check_length(struct token_reader *r, struct token t)
{
	size_t most = r->source == CFGFILE_PERSON ? CFGFILE_MAX_TOKEN : RECORD_MAX_TOKEN;

	if (t.len <= most)
		return t;
	return fault(r, t.line, xasprintf("a word of %zu bytes", t.len),
		     "words of at most 4096 bytes",
		     "shorten it, or put long data into a file of the job");
}

/* The few characters that look like quotes or blanks and are neither; word processors and web pages
 * bring them. */
static struct token check_lookalikes(struct token_reader *r, struct token t)
{
	for (size_t i = 0; i + 1 < t.len; i++) {
		const unsigned char *p = (const unsigned char *)t.start + i;
		bool third = i + 2 < t.len;

		if ((p[0] == 0xe2 && p[1] == 0x80 && third && p[2] >= 0x98 && p[2] <= 0x9f) ||
		    (p[0] == 0xc2 && (p[1] == 0xab || p[1] == 0xbb)))
			return fault(r, t.line, token_show(t.start, t.len),
				     "straight quotes \" around a value",
				     "replace the curly quotes by straight ones");
		if ((p[0] == 0xc2 && p[1] == 0xa0) ||
		    (p[0] == 0xe3 && p[1] == 0x80 && third && p[2] == 0x80) ||
		    (p[0] == 0xe2 && p[1] == 0x80 && third && (p[2] <= 0x8b || p[2] == 0xaf)))
			return fault(r, t.line, token_show(t.start, t.len),
				     "ordinary blanks between words",
				     "a special blank (as in copied web pages) stands in this "
				     "line: type its blanks anew");
	}
	return t;
}

static struct token check_word(struct token_reader *r, struct token t)
{
	const char *next = t.start + t.len;

	if (next < r->end && *next == '{' && next[-1] == '$')
		return fault(r, t.line, xstrdup("\"${\", as of a variable"), "the value itself",
			     "variables are not replaced in this file: write the value out");
	if (next < r->end && *next == '#')
		return fault(r, t.line, xasprintf("a # directly behind a word"),
			     "a blank before a comment",
			     "put the value in \"quotes\" if the # belongs to it, else a blank "
			     "before the #");
	if (next < r->end && (*next == '"' || *next == '\''))
		return fault(r, t.line, xasprintf("a quote (%c) in the middle of a word", *next),
			     "quotes around the whole value",
			     "write it as \"...\" with quotes at both ends");
	if (r->source == CFGFILE_PERSON && t.len > 1 && next[-1] == ';')
		return fault(
			r, t.line, token_show(t.start, t.len), "no semicolon at the end",
			"remove the semicolon, or put the value in \"quotes\" if it belongs to it");
	t = check_length(r, t);
	if (t.kind == TOKEN_FAULT || r->source != CFGFILE_PERSON)
		return t;
	return check_lookalikes(r, t);
}

static struct token word(struct token_reader *r)
{
	struct token t = { TOKEN_WORD, r->line, r->at, 0 };

	while (r->at < r->end && !ends_word(r, r->at))
		r->at++;
	t.len = (size_t)(r->at - t.start);
	return check_word(r, t);
}

/* May this escape stand in a "string"? A person writes \\ and \", programs \xNN besides. */
static bool is_escape(const struct token_reader *r, const char *p)
{
	if (p[1] == '\\' || p[1] == '"')
		return true;
	return r->source == CFGFILE_RECORD && r->end - p > 3 && p[1] == 'x' &&
	       isxdigit((unsigned char)p[2]) && isxdigit((unsigned char)p[3]) &&
	       (p[2] != '0' || p[3] != '0');
}

static struct token unterminated(struct token_reader *r, const struct token *t)
{
	size_t len = (size_t)(r->at - t->start);

	if (len && t->start[len - 1] == '\r')
		len--;
	_cleanup_free_ char *text = token_show(t->start + 1, len - 1);

	return fault(r, t->line,
		     xasprintf("a quote (%c) that is not closed on its line, before %s", *t->start,
			       text),
		     "a closing quote on the same line",
		     "close the quote; a \" inside \"...\" is written \\\"");
}

/* One character, or one escape, of a quoted string. 0, or TOKEN_FAULT in *t. */
static int string_step(struct token_reader *r, struct token *t, char quote)
{
	if (follows(r, "${")) {
		*t = fault(r, t->line, xstrdup("\"${\", as of a variable"), "the value itself",
			   "variables are not replaced in this file: write the value out");
		return COMPLAINT;
	}
	if (*r->at != '\\') {
		r->at++;
		return 0;
	}
	if (r->end - r->at < 2 || r->at[1] == '\n' || r->at[1] == '\r') {
		r->at++; /* the line ends: told by the caller */
		return 0;
	}
	if (quote == '"' && !is_escape(r, r->at)) {
		*t = fault(
			r, t->line,
			isgraph((unsigned char)r->at[1]) ? xasprintf("the escape \\%c", r->at[1])
							 : xstrdup("a backslash in \"...\""),
			"\\\\ for a backslash and \\\" for a quote, no other escape",
			"double the backslash, or use 'single quotes', where it stands for itself");
		return COMPLAINT;
	}
	r->at += 2;
	return 0;
}

static struct token string(struct token_reader *r)
{
	struct token t = { TOKEN_STRING, r->line, r->at, 0 };
	char quote = *r->at++;

	while (r->at < r->end && *r->at != quote && *r->at != '\n')
		if (string_step(r, &t, quote))
			return t;
	if (r->at >= r->end || *r->at != quote)
		return unterminated(r, &t);
	r->at++;
	t.len = (size_t)(r->at - t.start);
	if (r->at < r->end && *r->at == ';')
		return fault(r, t.line, xstrdup("a semicolon behind a value"), "nothing there",
			     "remove the semicolon");
	if (r->at < r->end && !strchr(" \t\r\n={}(),#/", *r->at))
		return fault(r, t.line,
			     xasprintf("text directly behind a closing quote (%c)", quote),
			     "a blank, a comma or the line's end there",
			     "a quote inside \"...\" is written \\\"");
	return check_length(r, t);
}

struct token token_next(struct token_reader *r)
{
	if (!skip_blanks(r))
		return fault(r, r->line, xstrdup("a comment /* that is never closed"),
			     "*/ at its end",
			     "close the comment, or begin each of its lines with #");
	if (r->at >= r->end)
		return sign(r, TOKEN_END, 0);
	switch (*r->at) {
	case '"':
	case '\'':
		return string(r);
	case '=':
		return sign(r, TOKEN_EQUAL, 1);
	case '{':
		return sign(r, TOKEN_OPEN, 1);
	case '}':
		return sign(r, TOKEN_CLOSE, 1);
	case ',':
		return sign(r, TOKEN_COMMA, 1);
	case '(':
	case ')':
		return sign(r, TOKEN_PAREN, 1);
	default:
		return follows(r, "+=") ? sign(r, TOKEN_APPEND, 2) : word(r);
	}
}

struct token token_peek(const struct token_reader *r)
{
	struct token_reader copy = *r;

	return token_next(&copy);
}
