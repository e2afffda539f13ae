/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * input - the description of a chain, as a person writes it.
 *
 * A table names the keys; each has one function that takes the values of its line. A function
 * that does not like what it finds returns -EINVAL and says nothing: the table knows what was
 * expected, the caller knows the line, and so all complaints read alike. What is found is shown
 * with unprintable bytes as question marks, because a complaint ends up on a terminal.
 *
 * Opens one file for reading and touches nothing else.
 */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLANKS " \t\r"
#define VISCOSITY_MIN 0.001 /* beyond these the computer's 16 digits get few */
#define VISCOSITY_MAX 1000
#define WORDS_MAX (CHAIN_DAMPERS_MAX + 1) /* one more than any key takes: too many show */
#define FOUND_MAX 60			  /* bytes of a line that a complaint shows */

struct words {
	unsigned count;
	char *word[WORDS_MAX];
};

struct key {
	const char *name;
	int (*take)(const struct words *values, struct input *input);
	bool needed;
	const char *expected;
};

/* A whole number from 1 to max in decimal digits, or 0. */
static unsigned whole_number(const char *word, unsigned max)
{
	char *end;
	unsigned long number;

	if (strspn(word, "0123456789") != strlen(word))
		return 0;
	errno = 0;
	number = strtoul(word, &end, 10);
	return errno == 0 && number <= max ? (unsigned)number : 0;
}

/*
 * A viscosity in plain decimal notation, or 0. strtod alone would also take "inf", "nan" and
 * "0x1p3".
 */
static double viscosity(const char *word)
{
	char *end;
	double number;

	if (strspn(word, "0123456789.+-eE") != strlen(word))
		return 0;
	number = strtod(word, &end);
	return *end == '\0' && number >= VISCOSITY_MIN && number <= VISCOSITY_MAX ? number : 0;
}

static int take_masses(const struct words *values, struct input *input)
{
	if (values->count != 1)
		return -EINVAL;
	input->chain.masses = whole_number(values->word[0], CHAIN_MASSES_MAX);
	return input->chain.masses > 0 ? 0 : -EINVAL;
}

static int take_position(const struct words *values, struct input *input)
{
	struct chain *chain = &input->chain;
	unsigned i, j;

	if (values->count < 1 || values->count > CHAIN_DAMPERS_MAX)
		return -EINVAL;
	for (i = 0; i < values->count; i++) {
		chain->position[i] = whole_number(values->word[i], CHAIN_MASSES_MAX);
		if (chain->position[i] == 0)
			return -EINVAL;
		for (j = 0; j < i; j++)
			if (chain->position[i] == chain->position[j])
				return -EINVAL;
	}
	chain->dampers = values->count;
	return 0;
}

static int take_viscosity(const struct words *values, struct input *input)
{
	if (values->count < 1 || values->count > 2)
		return -EINVAL;
	input->low = viscosity(values->word[0]);
	input->high = viscosity(values->word[values->count - 1]);
	return input->low > 0 && input->high >= input->low ? 0 : -EINVAL;
}

static int take_ends(const struct words *values, struct input *input)
{
	if (values->count != 1)
		return -EINVAL;
	if (strcmp(values->word[0], "both") == 0)
		input->chain.ends = CHAIN_BOTH;
	else if (strcmp(values->word[0], "left") == 0)
		input->chain.ends = CHAIN_LEFT;
	else
		return -EINVAL;
	return 0;
}

enum { MASSES, POSITION, VISCOSITY, ENDS, KEYS };

_Static_assert(CHAIN_MASSES_MAX == 500 && CHAIN_DAMPERS_MAX == 16, "the table below says so");

static const struct key keys[KEYS] = {
	[MASSES] = {
		"masses", take_masses, true,
		"one whole number from 1 to 500, such as: masses 60",
	},
	[POSITION] = {
		"position", take_position, true,
		"1 to 16 different masses counted from 1, such as: position 12",
	},
	[VISCOSITY] = {
		"viscosity", take_viscosity, true,
		"one number, or the lowest and the highest to try, from 0.001 to 1000 with a point "
		"for the decimals, such as: viscosity 0.1 10",
	},
	[ENDS] = {
		"ends", take_ends, false,
		"where the walls are, both or left: ends both",
	},
};

/* The state of reading one file. */
struct reader {
	const char *name;
	unsigned seen[KEYS]; /* the line in which each key was met; 0: not yet */
	struct input *input;
	char *why; /* INPUT_WHY_MAX bytes */
};

/* A line of the file without blanks at its end, fit for a terminal. */
static void printable(const char *line, char found[FOUND_MAX])
{
	size_t length = strlen(line), i;

	while (length > 0 && strchr(BLANKS, line[length - 1]))
		length--;
	for (i = 0; i < length && i < FOUND_MAX - 1; i++) {
		found[i] = line[i] == '\t' ? ' ' : line[i];
		if (found[i] < ' ' || found[i] > '~')
			found[i] = '?';
	}
	found[i] = '\0';
	if (i < length)
		memcpy(found + FOUND_MAX - 4, "...", 4);
}

/*
 * Cut a line at blanks, in place. Words beyond WORDS_MAX are dropped: that many are an error
 * anyway.
 */
static void split(char *line, struct words *ret)
{
	char *rest = line, *word;

	ret->count = 0;
	while (ret->count < WORDS_MAX && (word = strsep(&rest, BLANKS)) != NULL)
		if (*word != '\0')
			ret->word[ret->count++] = word;
}

static const struct key *find_key(const char *name)
{
	size_t i;

	for (i = 0; i < KEYS; i++)
		if (strcmp(name, keys[i].name) == 0)
			return &keys[i];
	return NULL;
}

/* Say what is wrong, after file and line; line 0 means the whole file. Always returns -EINVAL. */
static int __attribute__((format(printf, 3, 4)))
complain(const struct reader *reader, unsigned line, const char *format, ...)
{
	char name[FOUND_MAX], where[FOUND_MAX + 12], text[INPUT_WHY_MAX - sizeof(where) - 2];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	printable(reader->name, name);
	if (line == 0)
		snprintf(where, sizeof(where), "%s", name);
	else
		snprintf(where, sizeof(where), "%s:%u", name, line);
	snprintf(reader->why, INPUT_WHY_MAX, "%s: %s", where, text);
	return -EINVAL;
}

static int read_line(struct reader *reader, unsigned number, char *line)
{
	struct words values = { 0 };
	char found[FOUND_MAX];
	const struct key *key;
	char *name;

	line[strcspn(line, "#")] = '\0';
	line += strspn(line, BLANKS);
	printable(line, found);
	name = strsep(&line, BLANKS);
	if (*name == '\0')
		return 0;
	key = find_key(name);
	if (!key)
		return complain(reader, number,
				"found \"%s\", expected one of the keys masses, position, "
				"viscosity, ends",
				found);
	if (reader->seen[key - keys] != 0)
		return complain(reader, number,
				"found a second line \"%s\", expected only the one in line %u; "
				"remove one of them",
				key->name, reader->seen[key - keys]);
	reader->seen[key - keys] = number;
	if (line)
		split(line, &values);
	if (key->take(&values, reader->input) < 0)
		return complain(reader, number, "found \"%s\", expected %s", found, key->expected);
	return 0;
}

/* What only the whole file can tell. */
static int check(struct reader *reader)
{
	struct chain *chain = &reader->input->chain;
	unsigned i;

	for (i = 0; i < KEYS; i++)
		if (keys[i].needed && reader->seen[i] == 0)
			return complain(reader, 0, "found no line \"%s\", expected %s",
					keys[i].name, keys[i].expected);
	for (i = 0; i < chain->dampers; i++)
		if (chain->position[i] > chain->masses)
			return complain(reader, reader->seen[POSITION],
					"found position %u, expected at most %u, the number of "
					"masses (line %u)",
					chain->position[i], chain->masses, reader->seen[MASSES]);
	if (reader->seen[ENDS] == 0)
		chain->ends = chain->masses == 1 ? CHAIN_LEFT : CHAIN_BOTH;
	return 0;
}

int input_parse(const char *name, char *text, size_t size, struct input *ret,
		char why[INPUT_WHY_MAX])
{
	struct reader reader = { .name = name, .input = ret, .why = why };
	char *rest = text, *line;
	unsigned number;

	memset(ret, 0, sizeof(*ret));
	why[0] = '\0';
	if (strlen(text) != size)
		return complain(&reader, 0,
				"found a zero byte, expected plain text; save the file "
				"as UTF-8");
	if (strncmp(rest, "\xEF\xBB\xBF", 3) == 0)
		rest += 3;
	for (number = 1; (line = strsep(&rest, "\n")) != NULL; number++)
		if (read_line(&reader, number, line) < 0)
			return -EINVAL;
	return check(&reader);
}

/* The whole file, NUL after it; at most size - 1 bytes. Returns how many, or a negative errno. */
static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t have = 0;
	ssize_t got;

	while ((got = read(fd, text + have, size - 1 - have)) != 0) {
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0)
			have += (size_t)got;
	}
	text[have] = '\0';
	return (ssize_t)have;
}

static int open_file(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= INPUT_SIZE_MAX)
		return fd;
	close(fd);
	return S_ISDIR(st.st_mode) ? -EISDIR : S_ISREG(st.st_mode) ? -EFBIG : -EINVAL;
}

int input_read(const char *path, struct input *ret, char why[INPUT_WHY_MAX])
{
	static char text[INPUT_SIZE_MAX + 1];
	struct reader reader = { .name = path, .why = why };
	ssize_t size;
	int fd = open_file(path);

	size = fd < 0 ? fd : read_all(fd, text, sizeof(text));
	if (fd >= 0)
		close(fd);
	if (size < 0) {
		complain(&reader, 0,
			 "cannot be read: %s; expected a text file of at most %d bytes "
			 "with lines masses, position, viscosity",
			 strerror((int)-size), INPUT_SIZE_MAX);
		return (int)size;
	}
	return input_parse(path, text, (size_t)size, ret, why);
}
