/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * complaint - what is wrong with something that a person wrote, in the five parts that he needs.
 *
 * Owns heap strings only. Before: empty or filled; after complain: filled for good, by the first
 * caller. Callers escape what comes from users (escape_text); in case one forgets, control
 * characters are shown as question marks here, so that a complaint can neither end a line of the
 * log early nor move a cursor.
 */
#include "complaint.h"

#include "xalloc.h"

#include <stdlib.h>

static void show_harmless(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static char *part(char *text)
{
	if (!text)
		text = xstrdup("");
	show_harmless(text);
	return text;
}

int complain(struct complaint *c, const char *file, int line, char *found, char *expected,
	     char *remedy)
{
	if (complaint_any(c)) {
		free(found);
		free(expected);
		free(remedy);
		return COMPLAINT;
	}
	c->file = part(xstrdup(file));
	c->line = line;
	c->found = part(found);
	c->expected = part(expected);
	c->remedy = part(remedy);
	return COMPLAINT;
}

bool complaint_any(const struct complaint *c)
{
	return c->file;
}

char *complaint_line(const struct complaint *c)
{
	if (!complaint_any(c))
		return xstrdup("");
	if (c->line > 0)
		return xasprintf("%s:%d: %s; expected %s; %s", c->file, c->line, c->found,
				 c->expected, c->remedy);
	return xasprintf("%s: %s; expected %s; %s", c->file, c->found, c->expected, c->remedy);
}

char *complaint_page(const struct complaint *c, const char *drop_name)
{
	char *name = part(xstrdup(drop_name));
	char *where = c->line > 0 ? xasprintf("%d", c->line) : xstrdup("the whole file");
	char *page = xasprintf(
		"\"%s\" was not accepted as a job. Here is why, and what helps:\n"
		"\n"
		"File: %s\n"
		"Line: %s\n"
		"Found: %s\n"
		"Expected: %s\n"
		"What to do: %s\n"
		"\n"
		"Nothing was run and nothing was deleted: what you dropped is as it was.\n"
		"When you have mended it, copy it into incoming/ again. This page may stay where\n"
		"it is, it does no harm there.\n",
		name, complaint_any(c) ? c->file : "-", where, complaint_any(c) ? c->found : "-",
		complaint_any(c) ? c->expected : "-", complaint_any(c) ? c->remedy : "-");

	free(name);
	free(where);
	return page;
}

void complaint_free(struct complaint *c)
{
	free(c->file);
	free(c->found);
	free(c->expected);
	free(c->remedy);
	*c = (struct complaint){ 0 };
}
