/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * names - the names of job folders, tickets and drops (spool.h); pure text, nothing is touched.
 *
 * Names made by us keep to [a-z0-9._-], so that they mean the same to every server, to SMB's
 * case-insensitive clients and to a shell. A parser here accepts exactly what the writer beside it
 * makes: everything else is somebody else's file.
 */
#include "spool.h"

#include "xalloc.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#define REDUCED_MAX 40 /* leaves room for "<id>.<n>-" within SPOOL_NAME_MAX */
#define NONCE_HEX 8
#define SUBMIT_MARK ".submit-"

/* Reads a decimal number without leading zeros at *at and moves *at behind it. 0 or -EINVAL. */
static int take_number(const char **at, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;
	const char *p = *at;

	if (*p < '1' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (value > max / 10)
			return -EINVAL;
		value = value * 10 + (uint64_t)(*p - '0');
	}
	if (value > max)
		return -EINVAL;
	*at = p;
	*ret = value;
	return 0;
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

char *spool_job_folder(char *buf, uint64_t id, unsigned attempt, const char *name)
{
	if (attempt)
		snprintf(buf, SPOOL_FOLDER_SIZE, "%" PRIu64 ".%u-%s", id, attempt, name);
	else
		snprintf(buf, SPOOL_FOLDER_SIZE, "%" PRIu64 "-%s", id, name);
	return buf;
}

int spool_parse_job_folder(const char *folder, struct spool_job_name *ret)
{
	const char *at = folder;
	uint64_t id, attempt = 0;

	if (take_number(&at, INT64_MAX, &id) < 0)
		return -EINVAL;
	if (*at == '.' && (at++, take_number(&at, 1000000, &attempt) < 0))
		return -EINVAL;
	if (*at++ != '-' || !*at || strlen(at) > SPOOL_NAME_MAX)
		return -EINVAL;
	for (const char *p = at; *p; p++)
		if (!is_name_char(*p))
			return -EINVAL;
	ret->id = id;
	ret->attempt = (unsigned)attempt;
	snprintf(ret->name, sizeof(ret->name), "%s", at);
	return 0;
}

/* con, prn, aux, nul, com1-9, lpt1-9, alone or before a dot: Windows opens a device instead of the
 * file. */
static bool is_device_name(const char *name)
{
	static const char *const devices[] = { "con", "prn", "aux", "nul", NULL };
	size_t len = strcspn(name, ".");

	for (int i = 0; devices[i]; i++)
		if (len == 3 && strncmp(name, devices[i], 3) == 0)
			return true;
	return len == 4 && (strncmp(name, "com", 3) == 0 || strncmp(name, "lpt", 3) == 0) &&
	       isdigit((unsigned char)name[3]);
}

char *spool_reduce_name(const char *name, char *buf)
{
	size_t len = 0;

	for (const char *p = name; *p && len < REDUCED_MAX; p++) {
		char c = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;

		if (!is_name_char(c))
			c = '_';
		/* No leading dot or dash, no run of underscores from a multi-byte letter. */
		if (len == 0 && (c == '.' || c == '-'))
			continue;
		if (c == '_' && len > 0 && buf[len - 1] == '_')
			continue;
		buf[len++] = c;
	}
	while (len > 0 && (buf[len - 1] == '.' || buf[len - 1] == '-' || buf[len - 1] == '_'))
		len--;
	buf[len] = '\0';
	if (len == 0 || is_device_name(buf))
		snprintf(buf, SPOOL_NAME_SIZE, "job");
	return buf;
}

static bool is_hex(const char *s, size_t len)
{
	return strspn(s, "0123456789abcdef") >= len;
}

bool spool_is_nonce(const char *text)
{
	return strlen(text) == NONCE_HEX && is_hex(text, NONCE_HEX);
}

const char *spool_drop_nonce(const char *name, size_t *ret_len)
{
	size_t len = strlen(name), tail = strlen(SUBMIT_MARK) + NONCE_HEX;
	const char *mark;

	*ret_len = len;
	if (len <= tail)
		return NULL;
	mark = name + len - tail;
	if (strncmp(mark, SUBMIT_MARK, strlen(SUBMIT_MARK)) != 0 ||
	    !is_hex(mark + strlen(SUBMIT_MARK), NONCE_HEX))
		return NULL;
	*ret_len = len - tail;
	return mark + strlen(SUBMIT_MARK);
}

/* How each kind of name in an inbox ends; with_rid: ".<rid>" follows. */
static const struct {
	const char *suffix;
	bool with_rid;
} ticket_kinds[SPOOL_TICKET_KINDS] = {
	[SPOOL_TICKET_TMP] = { "", false },	    [SPOOL_TICKET_OFFER] = { "offer", false },
	[SPOOL_TICKET_VOID] = { "void", false },    [SPOOL_TICKET_CLAIM] = { "claim", true },
	[SPOOL_TICKET_DONE] = { "done", true },	    [SPOOL_TICKET_BACK] = { "back", true },
	[SPOOL_ORDER_CANCEL] = { "cancel", false }, [SPOOL_ORDER_REVOKED] = { "revoked", false },
};

char *spool_ticket_name(char *buf, uint64_t id, unsigned attempt, enum spool_ticket_kind kind,
			const char *rid)
{
	if (kind == SPOOL_TICKET_TMP)
		snprintf(buf, SPOOL_TICKET_SIZE, SPOOL_TMP "%" PRIu64 ".%u", id, attempt);
	else if (ticket_kinds[kind].with_rid)
		snprintf(buf, SPOOL_TICKET_SIZE, "%" PRIu64 ".%u.%s.%s", id, attempt,
			 ticket_kinds[kind].suffix, rid);
	else
		snprintf(buf, SPOOL_TICKET_SIZE, "%" PRIu64 ".%u.%s", id, attempt,
			 ticket_kinds[kind].suffix);
	return buf;
}

/* What stands behind "<id>.<n>": the kind, and the rid into ret. 0 or -EINVAL. */
static int parse_suffix(const char *at, struct spool_ticket_name *ret)
{
	if (*at++ != '.')
		return -EINVAL;
	for (int kind = SPOOL_TICKET_OFFER; kind < SPOOL_TICKET_KINDS; kind++) {
		size_t len = strlen(ticket_kinds[kind].suffix);

		if (strncmp(at, ticket_kinds[kind].suffix, len) != 0)
			continue;
		ret->kind = (enum spool_ticket_kind)kind;
		if (!ticket_kinds[kind].with_rid)
			return at[len] == '\0' ? 0 : -EINVAL;
		at += len;
		if (*at++ != '.' || !*at || strlen(at) >= SPOOL_RID_SIZE)
			return -EINVAL;
		for (const char *p = at; *p; p++)
			if (!is_name_char(*p))
				return -EINVAL;
		snprintf(ret->rid, sizeof(ret->rid), "%s", at);
		return 0;
	}
	return -EINVAL;
}

int spool_parse_ticket_name(const char *name, struct spool_ticket_name *ret)
{
	bool tmp = strncmp(name, SPOOL_TMP, strlen(SPOOL_TMP)) == 0;
	const char *at = tmp ? name + strlen(SPOOL_TMP) : name;
	struct spool_ticket_name parsed = { .kind = SPOOL_TICKET_TMP };
	uint64_t attempt;

	if (take_number(&at, INT64_MAX, &parsed.id) < 0 || *at++ != '.' ||
	    take_number(&at, 1000000, &attempt) < 0)
		return -EINVAL;
	parsed.attempt = (unsigned)attempt;
	if (tmp ? *at != '\0' : parse_suffix(at, &parsed) < 0)
		return -EINVAL;
	*ret = parsed;
	return 0;
}

static bool matches_any(const char *name, const char *const *patterns)
{
	for (; *patterns; patterns++)
		if (fnmatch(*patterns, name, FNM_NOESCAPE) == 0)
			return true;
	return false;
}

bool spool_is_litter(const char *name)
{
	static const char *const patterns[] = {
		"._*", ".DS_Store", "Thumbs.db", "desktop.ini", "~$*", ".nfs*", ".smbdelete*", NULL,
	};

	return matches_any(name, patterns);
}

bool spool_is_readme(const char *name)
{
	return strcmp(name, "README") == 0;
}

bool spool_is_tmp(const char *name)
{
	return strncmp(name, SPOOL_TMP, strlen(SPOOL_TMP)) == 0;
}

bool spool_is_partial(const char *name)
{
	static const char *const patterns[] = {
		"*.part",     "*.partial", "*.filepart",     "*.crdownload",
		"*.download", ".~tmp~",	   ".rsync-partial", NULL,
	};
	size_t len = strlen(name);
	const char *dot = len > 8 ? name + len - 7 : NULL;
	bool random = false;

	if (matches_any(name, patterns))
		return true;
	/* rsync writes ".name.XXXXXX" with six letters or digits at random; ".name.backup" is a
	 * word (one in 200 of rsync's looks like one: then the quiet time and the open writer
	 * decide). */
	if (name[0] != '.' || !dot || *dot != '.')
		return false;
	for (const char *p = dot + 1; *p; p++) {
		if (!isalnum((unsigned char)*p))
			return false;
		random = random || !islower((unsigned char)*p);
	}
	return random;
}

bool spool_is_ours(const char *name)
{
	static const char *const names[] = {
		SPOOL_READY,  SPOOL_MANIFEST, SPOOL_STDOUT,   SPOOL_STDERR,
		SPOOL_RESULT, SPOOL_REJECTED, SPOOL_ATTEMPTS,
	};

	/* On SMB StdOut.txt is stdout.txt. */
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return spool_is_tmp(name);
}

bool spool_is_runner_name(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > SPOOL_RUNNER_MAX || name[0] == '.' || name[0] == '-' ||
	    name[len - 1] == '.')
		return false;
	for (const char *p = name; *p; p++)
		if (!is_name_char(*p))
			return false;
	return !is_device_name(name);
}
