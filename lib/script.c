/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * script - a file that is run by itself: who runs it, by its first bytes.
 *
 * Reads at most 256 bytes of an open file. The #! line is read as the kernel does (execve(2)): the
 * interpreter, and all that follows as one argument; only behind env it is split, since there
 * people mean it so (env -S). The interpreter is started by us, not by the kernel, so that a script
 * needs no x bit, which many ways of copying lose.
 */
#include "script.h"

#include "cleanup.h"
#include "complaint.h"
#include "escape.h"
#include "spool.h"
#include "token.h"
#include "value.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BLANKS " \t"
#define ELF_MAGIC "\177ELF"

/* The next word of a line, cut out in place; NULL at its end. */
static char *take_word(char **at)
{
	char *word = *at + strspn(*at, BLANKS);
	size_t len = strcspn(word, BLANKS);

	if (!len)
		return NULL;
	*at = word + len;
	if (**at)
		*(*at)++ = '\0';
	return word;
}

static int refuse_line(const char *path, char *found, struct complaint *c)
{
	_cleanup_free_ char *name = escape_text(path, ESCAPE_TEXT);

	return complain(c, name, 1, found, xstrdup("#!/bin/sh, #!/usr/bin/env python3 or the like"),
			xstrdup("correct the first line of the script"));
}

/* "#!/usr/bin/env [-S] name words": name is looked up on the machine that runs the job. */
static int read_env(const char *path, char *rest, struct script *s, struct complaint *c)
{
	char *word = take_word(&rest);
	_cleanup_free_ char *shown = NULL;

	if (word && strcmp(word, "-S") == 0)
		word = take_word(&rest);
	if (!word || !value_is_name(word, strlen(word))) {
		shown = token_show(word ? word : "", word ? strlen(word) : 0);
		return refuse_line(path, xasprintf("a #! line with %s behind env", shown), c);
	}
	s->interpreter = xstrdup(word);
	while ((word = take_word(&rest)))
		strlist_add(&s->arguments, word);
	return 0;
}

/* line is what stands behind #!, without its end. */
static int read_line(const char *path, char *line, struct script *s, struct complaint *c)
{
	char *rest = line, *word;
	size_t len;

	word = take_word(&rest);
	if (!word || *word != '/' || !value_is_inside(word + 1))
		return refuse_line(path, xstrdup("a #! line without the whole path of a program"),
				   c);
	if (strcmp(word, "/usr/bin/env") == 0 || strcmp(word, "/bin/env") == 0)
		return read_env(path, rest, s, c);
	s->interpreter = xstrdup(word);
	rest += strspn(rest, BLANKS);
	len = strlen(rest);
	while (len && strchr(BLANKS, rest[len - 1]))
		rest[--len] = '\0';
	if (len)
		strlist_add(&s->arguments, rest);
	return 0;
}

static int read_hashbang(const char *path, char *head, size_t len, struct script *s,
			 struct complaint *c)
{
	char *end = memchr(head, '\n', len);

	if (!end && len > SCRIPT_LINE_MAX)
		return refuse_line(path,
				   xasprintf("a #! line of more than %d bytes", SCRIPT_LINE_MAX),
				   c);
	if (!end)
		end = head + len;
	if (end[-1] == '\r')
		end--; /* the kernel would look for a program "sh\r" */
	*end = '\0';
	if (strlen(head) != (size_t)(end - head))
		return refuse_line(path, xstrdup("a #! line with a zero byte"), c);
	for (const char *p = head; *p; p++)
		if ((unsigned char)*p < ' ' && *p != '\t')
			return refuse_line(path, xstrdup("a #! line with a control character"), c);
	return read_line(path, head + 2, s, c);
}

static int refuse_file(const char *path, int line, const struct stat *st, bool compiled,
		       struct complaint *c)
{
	_cleanup_free_ char *shown = token_show(path, strlen(path));

	if (compiled)
		return complain(c, SPOOL_JOB_CONF, line,
				xasprintf("%s, a program that is not marked as executable", shown),
				xstrdup("a program with the x permission"),
				xstrdup("mark it (chmod +x) and drop the folder again; cp -r and "
					"rsync -a keep the mark"));
	return complain(c, SPOOL_JOB_CONF, line,
			xasprintf("%s, %s neither a script with a #! line nor a compiled program",
				  shown, st->st_size ? "which is" : "which is empty:"),
			xstrdup("a file that can be run, or one whose ending an application knows "
				"(\"spoolctl apps\")"),
			xstrdup("begin the script with #!/bin/sh or the like, or name the "
				"application: app = \"...\", "
				"input = \"...\""));
}

int script_read(int fd, const char *path, int line, struct script *ret, struct complaint *c)
{
	char head[SCRIPT_LINE_MAX + 2];
	struct script s = { 0 };
	struct stat st;
	ssize_t len;

	if (fstat(fd, &st) < 0)
		return -errno;
	len = pread(fd, head, sizeof(head) - 1, 0);
	if (len < 0)
		return -errno;
	if (len >= 2 && !memcmp(head, "#!", 2)) {
		if (read_hashbang(path, head, (size_t)len, &s, c)) {
			script_free(&s);
			return COMPLAINT;
		}
	} else {
		bool compiled = len >= 4 && !memcmp(head, ELF_MAGIC, 4);

		if (!compiled || !(st.st_mode & 0111))
			return refuse_file(path, line, &st, compiled, c);
	}
	*ret = s;
	return 0;
}

void script_free(struct script *s)
{
	free(s->interpreter);
	strlist_free(&s->arguments);
	*s = (struct script){ 0 };
}
