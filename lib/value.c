/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * value - what job.conf and app.conf have in common: words, times, sizes, paths and names.
 *
 * Touches memory only. A value is taken over when it has been found good, else the complaint names
 * key, line, what was written and what may be written; nothing is corrected silently but a leading
 * "./", which people add out of habit.
 */
#include "value.h"

#include "cfgfile.h"
#include "cleanup.h"
#include "complaint.h"
#include "escape.h"
#include "human.h"
#include "token.h"

#include <ctype.h>
#include <string.h>

int value_refuse(const struct value_source *v, const char *key, char *found, const char *expected,
		 const char *remedy)
{
	_cleanup_free_ char *shown = NULL;
	const char *word = cfgfile_word(v->f, key);

	if (!found) {
		shown = token_show(word ? word : "", word ? strlen(word) : 0);
		found = xasprintf("%s for \"%s\"", shown, key);
	}
	return complain(v->c, v->file, cfgfile_line(v->f, key), found, xstrdup(expected),
			xstrdup(remedy));
}

int value_list(const struct value_source *v, const char *key, struct strlist *ret)
{
	for (size_t i = 0; i < cfgfile_count(v->f, key); i++)
		strlist_add(ret, cfgfile_item(v->f, key, i));
	return 0;
}

int value_ttl(const struct value_source *v, const char *key, int64_t *ret_ms)
{
	int64_t ms;
	int r;

	if (!cfgfile_has(v->f, key))
		return 0;
	r = human_parse_time(cfgfile_word(v->f, key), &ms);
	if (r == -EINVAL)
		return value_refuse(v, key, NULL,
				    "a time: 90 (seconds), 500ms, 90s, 15m, 2h, 1d, MM:SS, "
				    "HH:MM:SS or D-HH:MM:SS",
				    "write it in one of these ways, without blanks");
	if (r || ms < VALUE_TTL_MIN || ms > VALUE_TTL_MAX)
		return value_refuse(v, key, NULL, "a time from 100ms to 365d",
				    "choose one in that range");
	*ret_ms = ms;
	return 0;
}

int value_memory(const struct value_source *v, const char *key, uint64_t *ret_bytes)
{
	uint64_t bytes;
	int r;

	if (!cfgfile_has(v->f, key))
		return 0;
	r = human_parse_size(cfgfile_word(v->f, key), &bytes);
	if (r == -EINVAL)
		return value_refuse(v, key, NULL, "a size: 512M, 2G or the like (K, M, G or T)",
				    "write it so, without blanks");
	if (r || bytes < VALUE_MEMORY_MIN || bytes > VALUE_MEMORY_MAX)
		return value_refuse(v, key, NULL, "a size from 1M to 1024T",
				    "choose one in that range; a number without a letter counts "
				    "bytes, 512M is what most jobs mean");
	*ret_bytes = bytes;
	return 0;
}

int value_cores(const struct value_source *v, const char *key, unsigned *ret)
{
	int64_t n;

	if (!cfgfile_has(v->f, key))
		return 0;
	if (human_parse_int(cfgfile_word(v->f, key), 1, VALUE_CORES_MAX, &n))
		return value_refuse(v, key, NULL, "a whole number from 1 to 4096",
				    "choose one in that range");
	*ret = (unsigned)n;
	return 0;
}

bool value_is_inside(const char *path)
{
	for (;;) {
		size_t len = strcspn(path, "/");

		if (!len || (len == 1 && *path == '.') || (len == 2 && !strncmp(path, "..", 2)))
			return false;
		if (!path[len])
			return true;
		path += len + 1;
	}
}

/* One path, already taken from key; *ret is heap. */
static int take_path(const struct value_source *v, const char *key, const char *path, char **ret)
{
	_cleanup_free_ char *shown = token_show(path, strlen(path));
	const char *given = path;

	while (!strncmp(path, "./", 2))
		path += 2;
	if (value_is_inside(path) && strcmp(path, "~") && strncmp(path, "~/", 2)) {
		*ret = xstrdup(path);
		return 0;
	}
	if (*given == '/' || *given == '~')
		return value_refuse(
			v, key,
			xasprintf("%s for \"%s\", which lies outside of the job", shown, key),
			"a file of the job's folder",
			"copy the file into the folder and name it without the folders above");
	return value_refuse(v, key, xasprintf("%s for \"%s\"", shown, key),
			    "a file within the job's folder, as in data.csv or in/data.csv",
			    "name it so: no \"..\", no \"//\", no / at the end");
}

int value_path(const struct value_source *v, const char *key, char **ret)
{
	return cfgfile_has(v->f, key) ? take_path(v, key, cfgfile_word(v->f, key), ret) : 0;
}

int value_paths(const struct value_source *v, const char *key, struct strlist *ret)
{
	for (size_t i = 0; i < cfgfile_count(v->f, key); i++) {
		_cleanup_free_ char *path = NULL;

		if (take_path(v, key, cfgfile_item(v->f, key, i), &path))
			return COMPLAINT;
		strlist_add(ret, path);
	}
	return 0;
}

int value_names(const struct value_source *v, const char *key, struct strlist *ret)
{
	for (size_t i = 0; i < cfgfile_count(v->f, key); i++) {
		const char *item = cfgfile_item(v->f, key, i);
		_cleanup_free_ char *shown = token_show(item, strlen(item));

		if (strpbrk(item, "<>=") || (strchr(item, ' ') && strpbrk(item, "0123456789")))
			return value_refuse(
				v, key, xasprintf("%s in \"%s\"", shown, key),
				"names alone: asking for versions is not supported by this version",
				"remove the version and keep the name, as in requires = {\"gcc\", "
				"\"octave\"}");
		if (!value_is_name(item, strlen(item)))
			return value_refuse(v, key, xasprintf("%s in \"%s\"", shown, key),
					    "names of programs, as gcc or octave-cli",
					    "letters, digits and . _ + - are allowed in them");
		if (!strlist_has(ret, item))
			strlist_add(ret, item);
	}
	return 0;
}

bool value_is_name(const char *name, size_t len)
{
	if (!len || len > VALUE_NAME_MAX || !isalnum((unsigned char)*name))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("._+-", name[i]))
			return false;
	return true;
}

bool value_is_platform(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	size_t system = strspn(text, letters);

	if (!system || text[system] != '-' || strlen(text) > VALUE_NAME_MAX)
		return false;
	text += system + 1;
	return *text && !text[strspn(text, letters)];
}

size_t value_record_bytes(const char *word)
{
	size_t bytes = 4; /* quotes, comma and blank */

	for (; *word; word++) {
		if (*word == '"' || *word == '\\')
			bytes += 2;
		else
			bytes += *word >= ' ' && *word < 0x7f && *word != '$' ? 1 : 4;
	}
	return bytes;
}
