/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * request - what people ask for, by file names: <verb>-<target>[-<argument>][.<nonce>].
 *
 * Touches nothing. A name comes from spoolctl or from somebody's file manager, which may well call
 * it "Cancel-12.txt": the verb is taken in any case, and what stands behind the last point is a
 * nonce, whatever it was meant to be. Everything else must fit exactly: a request that is half
 * understood would end the wrong job.
 */
#include "request.h"
#include "decimal.h"
#include "xalloc.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_MOST 255
#define NONCE_MOST 32

enum target { TARGET_NONE, TARGET_JOB, TARGET_RUNNER };

struct word {
	const char *name;
	enum request_verb verb;
	enum target target;
};

static const struct word words[] = {
	{ "cancel", REQUEST_CANCEL, TARGET_JOB },      { "rm", REQUEST_RM, TARGET_JOB },
	{ "snapshot", REQUEST_SNAPSHOT, TARGET_NONE }, { "hold", REQUEST_LATER, TARGET_JOB },
	{ "release", REQUEST_LATER, TARGET_JOB },      { "requeue", REQUEST_LATER, TARGET_JOB },
	{ "ttl", REQUEST_LATER, TARGET_JOB },	       { "priority", REQUEST_LATER, TARGET_JOB },
	{ "drain", REQUEST_LATER, TARGET_RUNNER },     { "resume", REQUEST_LATER, TARGET_RUNNER },
	{ "upgrade", REQUEST_LATER, TARGET_RUNNER },
};

#define WORDS (sizeof(words) / sizeof(words[0]))

static const struct word *find_word(const char *name, size_t len)
{
	for (size_t i = 0; i < WORDS; i++) {
		if (strlen(words[i].name) == len && strncasecmp(words[i].name, name, len) == 0)
			return &words[i];
	}
	return NULL;
}

/* The length of name without its nonce, *ret_nonce the nonce or "". 0 if what is behind the last
 * point is none. */
static size_t split_nonce(const char *name, const char **ret_nonce)
{
	const char *point = strrchr(name, '.');
	size_t len;

	*ret_nonce = "";
	if (!point)
		return strlen(name);
	for (len = 0; isalnum((unsigned char)point[1 + len]); len++)
		continue;
	if (len == 0 || len > NONCE_MOST || point[1 + len])
		return 0;
	*ret_nonce = point + 1;
	return (size_t)(point - name);
}

/* Fills target, argument and id from what is behind the verb's dash. 0 or -EINVAL. */
static int take_target(const struct word *word, const char *text, size_t len, struct request *r)
{
	const char *dash = memchr(text, '-', len);
	size_t target_len = word->target == TARGET_JOB && dash ? (size_t)(dash - text) : len;
	int64_t id;

	free(r->target);
	r->target = xstrndup(text, target_len);
	if (target_len < len) {
		free(r->argument);
		r->argument = xstrndup(dash + 1, len - target_len - 1);
	}
	if (word->target == TARGET_NONE || target_len == 0)
		return -EINVAL;
	if (word->target == TARGET_RUNNER)
		return 0;
	if (r->target[0] == '0' || decimal_parse(r->target, 1, INT64_MAX, &id) < 0)
		return -EINVAL;
	r->id = (uint64_t)id;
	return 0;
}

int request_parse(const char *name, struct request *ret)
{
	const char *nonce;
	size_t len = split_nonce(name, &nonce);
	const char *dash = memchr(name, '-', len);
	size_t verb_len = dash ? (size_t)(dash - name) : len;
	const struct word *word = find_word(name, verb_len);
	struct request r = { 0 };
	int result;

	if (!word || strlen(name) > NAME_MOST)
		return -EINVAL;
	r.verb = word->verb;
	r.target = xstrdup("");
	r.argument = xstrdup("");
	r.nonce = xstrdup(nonce);
	if (dash)
		result = take_target(word, dash + 1, len - verb_len - 1, &r);
	else
		result = word->target == TARGET_NONE ? 0 : -EINVAL;
	if (result < 0)
		request_free(&r);
	else
		*ret = r;
	return result;
}

void request_free(struct request *r)
{
	free(r->target);
	free(r->argument);
	free(r->nonce);
	memset(r, 0, sizeof(*r));
}

char *request_name(const char *verb, const char *target, const char *nonce)
{
	return xasprintf("%s%s%s%s%s", verb, *target ? "-" : "", target, nonce ? "." : "",
			 nonce ? nonce : "");
}

const char *request_verb_name(enum request_verb verb)
{
	for (size_t i = 0; i < WORDS; i++) {
		if (words[i].verb == verb && verb != REQUEST_LATER)
			return words[i].name;
	}
	return "later";
}
