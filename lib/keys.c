/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keys - a list of known keys and what a person wrote instead.
 *
 * Touches memory only. An unknown key is most often a slip of a finger, and then the key that was
 * meant is named; next come habits from other kinds of files, "key: value" and [headings].
 */
#include "keys.h"

#include "cleanup.h"
#include "complaint.h"
#include "human.h"
#include "token.h"
#include "xalloc.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct cfgfile_key *keys_find(const struct cfgfile_key *keys, const struct token *t,
				    enum cfgfile_source source)
{
	for (; keys->name; keys++) {
		if (strlen(keys->name) != t->len)
			continue;
		if (source == CFGFILE_PERSON ? !strncasecmp(keys->name, t->start, t->len)
					     : !memcmp(keys->name, t->start, t->len))
			return keys;
	}
	return NULL;
}

char *keys_names(const struct cfgfile_key *keys)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	const char *comma = "";

	if (!out)
		abort(); /* out of memory, as in xalloc */
	fputs("one of the keys ", out);
	for (; keys->name; keys++) {
		if (keys->kind == CFGFILE_LATER)
			continue;
		fprintf(out, "%s%s", comma, keys->name);
		comma = ", ";
	}
	fclose(out);
	return text;
}

/* Keys that would be refused at once are no help. */
static const char *nearest(const struct cfgfile_key *keys, const struct token *t)
{
	_cleanup_free_ char *word = xstrndup(t->start, t->len);
	_cleanup_free_ const char **names = NULL;
	size_t count = 0;

	while (keys[count].name)
		count++;
	names = xcalloc(count + 1, sizeof(*names));
	count = 0;
	for (; keys->name; keys++)
		if (keys->kind != CFGFILE_LATER)
			names[count++] = keys->name;
	return human_nearest(word, names);
}

static char *remedy(const struct cfgfile_key *keys, const struct token *t)
{
	const char *near;

	if (t->start[t->len - 1] == ':' && t->len > 1 && t->len <= TOKEN_SHOWN)
		return xasprintf("write \"%.*s = ...\" instead of \"%.*s: ...\"", (int)t->len - 1,
				 t->start, (int)t->len - 1, t->start);
	if (t->start[0] == '[')
		return xstrdup("remove the line: there are no [headings] in this file");
	near = nearest(keys, t);
	if (near)
		return xasprintf("did you mean \"%s\"?", near);
	return xstrdup("correct or remove it; the manual page explains each key");
}

int keys_refuse(const struct cfgfile_key *keys, const struct token *t, const struct token *next,
		const char *file, const char *section, struct complaint *c)
{
	_cleanup_free_ char *shown = token_show(t->start, t->len);

	if (next->kind == TOKEN_PAREN)
		return complain(c, file, t->line,
				xasprintf("%s with ( behind it, as of a function", shown),
				xstrdup("lines like  key = value"),
				xstrdup("remove it: there are no functions in this file"));
	return complain(c, file, t->line,
			xasprintf("unknown key %s%s%s", shown, section ? " in the section " : "",
				  section ? section : ""),
			keys_names(keys), remedy(keys, t));
}
