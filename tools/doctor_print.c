/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor_print - findings for people and for programs.
 *
 * For people the worst comes first, each finding in lines of at most 80 columns with its remedy
 * below, of which a command has a line of its own, however long; what is fine is told in one
 * paragraph of topics unless all is asked for.
 */
#include "doctor.h"

#include "json.h"
#include "xalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WIDTH 80
#define INDENT 10

static const struct {
	const char *word, *heading, *colour;
} levels[DOCTOR_LEVELS] = {
	[DOCTOR_UNSAFE] = { "unsafe", "UNSAFE", "\033[1;31m" },
	[DOCTOR_ADVICE] = { "advice", "advice", "\033[33m" },
	[DOCTOR_UNTRIED] = { "untried", "untried", "\033[36m" },
	[DOCTOR_FINE] = { "fine", "fine", "\033[32m" },
};

/* -- for people ---------------------------------------------------------------------------------- */

static bool wants_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

/* Columns of a word of UTF-8. */
static size_t columns(const char *word, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)word[i] & 0xc0) != 0x80;
	return n;
}

/* Prints the text from column at on, in lines whose later ones begin at indent; ends the line. */
static void print_wrapped(const char *text, size_t at, size_t indent)
{
	bool first = true;

	while (*text) {
		size_t len = strcspn(text, " "), wide = columns(text, len);

		if (!first && at + 1 + wide > WIDTH) {
			printf("\n%*s", (int)indent, "");
			at = indent;
		} else if (!first) {
			putchar(' ');
			at++;
		}
		fwrite(text, 1, len, stdout);
		at += wide;
		text += len + (text[len] == ' ');
		first = false;
	}
	putchar('\n');
}

/* A command stays in one line, however long, so that it can be copied. */
static void print_remedy(const char *remedy)
{
	size_t len = strcspn(remedy, "\n");
	char *prose = xstrndup(remedy, len);

	printf("%*sdo: ", INDENT, "");
	if (len)
		print_wrapped(prose, INDENT + 4, INDENT + 4);
	if (remedy[len])
		printf("%*s%s\n", len ? INDENT + 4 : 0, "", remedy + len + 1);
	free(prose);
}

static void print_finding(const struct doctor_finding *f, bool colour)
{
	const char *heading = levels[f->level].heading;

	printf("%s%-*s%s", colour ? levels[f->level].colour : "", INDENT, heading,
	       colour ? "\033[0m" : "");
	printf("%s: ", f->topic);
	print_wrapped(f->found, INDENT + strlen(f->topic) + 2, INDENT);
	if (f->remedy)
		print_remedy(f->remedy);
}

/* "fine      mount, mount.soft, ..."; each topic once. */
static void print_topics(const struct doctor *d, bool colour)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	const char *last = NULL;

	if (!out)
		abort(); /* out of memory, as in xalloc */
	for (size_t i = 0; i < d->count; i++) {
		const struct doctor_finding *f = &d->items[i];

		if (f->level != DOCTOR_FINE || (last && strcmp(last, f->topic) == 0))
			continue;
		fprintf(out, "%s%s", last ? ", " : "", f->topic);
		last = f->topic;
	}
	fclose(out);
	if (last) {
		printf("%s%-*s%s", colour ? levels[DOCTOR_FINE].colour : "", INDENT, "fine",
		       colour ? "\033[0m" : "");
		print_wrapped(text, INDENT, INDENT);
	}
	free(text);
}

void doctor_print(const struct doctor *d, bool all)
{
	bool colour = wants_colour();
	size_t untried = doctor_count(d, DOCTOR_UNTRIED);

	for (int level = 0; level < (all ? DOCTOR_LEVELS : DOCTOR_FINE); level++)
		for (size_t i = 0; i < d->count; i++)
			if (d->items[i].level == (enum doctor_level)level)
				print_finding(&d->items[i], colour);
	if (!all)
		print_topics(d, colour);
	printf("%zu unsafe, %zu advice, %zu fine", doctor_count(d, DOCTOR_UNSAFE),
	       doctor_count(d, DOCTOR_ADVICE), doctor_count(d, DOCTOR_FINE));
	if (untried)
		printf(", %zu not tried", untried);
	if (!all)
		printf("; --all tells what is fine");
	putchar('\n');
}

/* -- for programs -------------------------------------------------------------------------------- */

/* In one line, "make it anew: spoolctl init /srv/share". */
static void put_remedy(struct json *j, const char *remedy)
{
	char *line = remedy ? xstrdup(remedy + (*remedy == '\n')) : NULL;
	char *end = line ? strchr(line, '\n') : NULL;

	if (end)
		*end = ' ';
	json_escaped(j, "remedy", line);
	free(line);
}

void doctor_print_json(const struct doctor *d)
{
	struct json j;

	json_begin(&j, stdout);
	json_object(&j, "doctor");
	json_text(&j, "share", d->path);
	json_text(&j, "type", d->media[0].mount.type);
	json_text(&j, "source", d->media[0].mount.source);
	for (int level = 0; level < DOCTOR_LEVELS; level++)
		json_number(&j, levels[level].word,
			    (int64_t)doctor_count(d, (enum doctor_level)level));
	json_array(&j, "findings");
	for (size_t i = 0; i < d->count; i++) {
		json_object(&j, NULL);
		json_text(&j, "topic", d->items[i].topic);
		json_text(&j, "level", levels[d->items[i].level].word);
		json_escaped(&j, "found", d->items[i].found);
		put_remedy(&j, d->items[i].remedy);
		json_end_object(&j);
	}
	json_end_array(&j);
	json_end_object(&j);
	json_finish(&j);
}
