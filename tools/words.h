/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * words - lists of words as one text.
 */
#ifndef SPOOL_WORDS_H
#define SPOOL_WORDS_H

struct command;
struct strlist;

/* The items with glue between them; heap, "" for an empty list. */
char *words_join(const struct strlist *list, const char *glue);

/* A command as a person would type it: printable, words with anything but plain characters quoted
 * so that a shell reads them back; heap. */
char *words_command(const struct command *command);

#endif
