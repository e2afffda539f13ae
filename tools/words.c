/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * words - lists of words as one text. Memory only.
 */
#include "words.h"

#include "cleanup.h"
#include "command.h"
#include "escape.h"
#include "xalloc.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static FILE *open_text(char **text, size_t *size)
{
	FILE *out = open_memstream(text, size);

	if (!out)
		abort(); /* out of memory, as in xalloc */
	return out;
}

char *words_join(const struct strlist *list, const char *glue)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_text(&text, &size);

	for (size_t i = 0; i < list->count; i++)
		fprintf(out, "%s%s", i ? glue : "", list->items[i]);
	fclose(out);
	return text;
}

/* What had to be escaped is in $'...', which bash reads back; the rest in what every shell reads.
 */
static void put_word(FILE *out, const char *word)
{
	_cleanup_free_ char *shown = escape_text(word, ESCAPE_TEXT);
	bool escaped = strcmp(shown, word) != 0;

	if (*shown && strcspn(shown, " '\"$`*?&;|<>(){}[]\\#~!") == strlen(shown)) {
		fputs(shown, out);
		return;
	}
	fputs(escaped ? "$'" : "'", out);
	for (const char *p = shown; *p; p++) {
		if (*p == '\'')
			fputs(escaped ? "\\'" : "'\\''", out);
		else
			fputc(*p, out);
	}
	fputc('\'', out);
}

char *words_command(const struct command *command)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_text(&text, &size);

	put_word(out, command->program ? command->program : "-");
	for (size_t i = 0; i < command->arguments.count; i++) {
		fputc(' ', out);
		put_word(out, command->arguments.items[i]);
	}
	fclose(out);
	return text;
}
