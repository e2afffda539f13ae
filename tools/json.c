/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json - writes one JSON document.
 *
 * A value knows nothing of its surroundings but whether it is the first there; indentation is the
 * depth. Only stdout (or the stream given) is touched.
 */
#include "json.h"

#include "cleanup.h"
#include "clock.h"
#include "escape.h"

#include <inttypes.h>

static void quote(FILE *out, const char *text)
{
	fputc('"', out);
	for (const char *p = text; *p; p++) {
		/* escape_text has left no control character. */
		if (*p == '"' || *p == '\\')
			fputc('\\', out);
		fputc(*p, out);
	}
	fputc('"', out);
}

/* Comma, new line, indentation and key of the next value. */
static void lead_in(struct json *j, const char *key)
{
	if (!j->first)
		fputc(',', j->out);
	fprintf(j->out, "\n%*s", (int)(3 * j->depth), "");
	j->first = false;
	if (key) {
		quote(j->out, key);
		fputs(": ", j->out);
	}
}

static void open_bracket(struct json *j, char bracket)
{
	fputc(bracket, j->out);
	j->depth++;
	j->first = true;
}

static void close_bracket(struct json *j, char bracket)
{
	j->depth--;
	if (!j->first)
		fprintf(j->out, "\n%*s", (int)(3 * j->depth), "");
	fputc(bracket, j->out);
	j->first = false;
}

void json_begin(struct json *j, FILE *out)
{
	*j = (struct json){ .out = out };
	open_bracket(j, '{');
}

void json_finish(struct json *j)
{
	close_bracket(j, '}');
	fputc('\n', j->out);
}

void json_object(struct json *j, const char *key)
{
	lead_in(j, key);
	open_bracket(j, '{');
}

void json_end_object(struct json *j)
{
	close_bracket(j, '}');
}

void json_array(struct json *j, const char *key)
{
	lead_in(j, key);
	open_bracket(j, '[');
}

void json_end_array(struct json *j)
{
	close_bracket(j, ']');
}

void json_text(struct json *j, const char *key, const char *text)
{
	_cleanup_free_ char *escaped = text ? escape_text(text, ESCAPE_TEXT) : NULL;

	json_escaped(j, key, escaped);
}

void json_escaped(struct json *j, const char *key, const char *text)
{
	lead_in(j, key);
	if (text)
		quote(j->out, text);
	else
		fputs("null", j->out);
}

void json_number(struct json *j, const char *key, int64_t value)
{
	lead_in(j, key);
	fprintf(j->out, "%" PRId64, value);
}

void json_known_number(struct json *j, const char *key, int64_t value, bool known)
{
	if (known)
		json_number(j, key, value);
	else
		json_text(j, key, NULL);
}

void json_duration(struct json *j, const char *key, int64_t ms)
{
	lead_in(j, key);
	if (ms < 0)
		fputs("null", j->out);
	else
		fprintf(j->out, "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
}

void json_time(struct json *j, const char *key, int64_t wall_ms)
{
	char buf[CLOCK_STAMP_SIZE];

	json_text(j, key, wall_ms ? clock_stamp(wall_ms, buf) : NULL);
}

void json_bool(struct json *j, const char *key, bool value)
{
	lead_in(j, key);
	fputs(value ? "true" : "false", j->out);
}
