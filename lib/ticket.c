/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ticket - the claim file: offer -> claim -> outcome -> filed; at last it is job.result.
 *
 * Touches nothing but memory. The tables below are the format: one row is one key of a block. A
 * block, once its checksum is right, was written whole by one of us - yet it is read as if it
 * had not been, because whoever may write to the share can make checksums too: every number has
 * a range, every path stays inside the share.
 *
 * What a reader gets of a torn ticket is what a crash of its writer leaves: the blocks before.
 */
#include "ticket.h"
#include "cfgfile.h"
#include "cleanup.h"
#include "decimal.h"
#include "fields.h"
#include "record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An outcome must fit into a block whatever its names are made of: four bytes for one at worst. */
#define OUTPUTS_MOST 200
#define OUTPUTS_BYTES (40 * 1024)
#define REASON_BYTES 1000

_Static_assert(sizeof(uid_t) == sizeof(unsigned), "uid is read as FIELD_UNSIGNED");

/* -- what a field may hold ----------------------------------------------------------------- */

/* Relative, and no component leads elsewhere. */
static bool inside(const char *path)
{
	const char *part = path;

	if (!*path)
		return false;
	while (part) {
		const char *end = strchr(part, '/');
		size_t len = end ? (size_t)(end - part) : strlen(part);

		if (len == 0 || (len == 1 && part[0] == '.') ||
		    (len == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		part = end ? end + 1 : NULL;
	}
	return true;
}

static bool not_empty(const char *text)
{
	return *text != '\0';
}

static bool hex_digest(const char *text)
{
	return strspn(text, "0123456789abcdef") == 64 && text[64] == '\0';
}

/* -- keys that are not one member ---------------------------------------------------------- */

static const char *const kind_names[] = {
	[COMMAND_HOST] = "host:",
	[COMMAND_SHARE] = "share:",
	[COMMAND_JOB] = "job:",
};

static void write_program(FILE *out, const void *record)
{
	const struct ticket *t = record;
	_cleanup_free_ char *text = NULL;

	if (!t->command.program)
		return;
	text = xasprintf("%s%s", kind_names[t->command.kind], t->command.program);
	cfgfile_write_word(out, "  ", "program", text);
}

static bool good_program(enum command_kind kind, const char *program)
{
	if (kind == COMMAND_HOST)
		return *program == '/' || (*program && !strchr(program, '/'));
	return inside(program);
}

static int read_program(const struct cfgfile *section, void *record)
{
	struct ticket *t = record;
	const char *text = cfgfile_item(section, "program", 0);

	if (!text || cfgfile_count(section, "program") != 1)
		return -EBADMSG;
	for (enum command_kind kind = COMMAND_HOST; kind <= COMMAND_JOB; kind++) {
		size_t len = strlen(kind_names[kind]);

		if (strncmp(text, kind_names[kind], len) != 0)
			continue;
		if (!good_program(kind, text + len))
			return -EBADMSG;
		t->command.kind = kind;
		free(t->command.program);
		t->command.program = xstrdup(text + len);
		return 0;
	}
	return -EBADMSG;
}

static void write_codes(FILE *out, const void *record)
{
	const struct ticket *t = record;
	struct strlist words = { 0 };

	for (unsigned i = 0; i < t->success_count; i++) {
		_cleanup_free_ char *word = xasprintf("%d", t->success_codes[i]);

		strlist_add(&words, word);
	}
	cfgfile_write_list(out, "  ", "success_codes", words.items, words.count);
	strlist_free(&words);
}

static int read_codes(const struct cfgfile *section, void *record)
{
	struct ticket *t = record;
	size_t count = cfgfile_count(section, "success_codes");
	int64_t code;

	if (count > TICKET_MAX_CODES)
		return -EBADMSG;
	for (size_t i = 0; i < count; i++) {
		if (decimal_parse(cfgfile_item(section, "success_codes", i), 0, 255, &code) < 0)
			return -EBADMSG;
		t->success_codes[i] = (int)code;
	}
	t->success_count = (unsigned)count;
	return 0;
}

/* -- the format ---------------------------------------------------------------------------- */

#define AT(member) .offset = offsetof(struct ticket, member)

static const struct field offer_fields[] = {
	{ "id", FIELD_COUNT, AT(id), .min = 1, .max = INT64_MAX },
	{ "attempt", FIELD_UNSIGNED, AT(attempt), .min = 1, .max = UINT32_MAX },
	{ "name", FIELD_TEXT, AT(name) },
	{ "folder", FIELD_TEXT, AT(folder), .check = inside },
	{ "user", FIELD_TEXT, AT(user) },
	{ "uid", FIELD_UNSIGNED, AT(uid) },
	{ "app", FIELD_TEXT, AT(app), .optional = true },
	{ "program", FIELD_OWN, .read = read_program, .write = write_program },
	{ "arguments", FIELD_LIST, AT(command.arguments), .optional = true },
	{ "env", FIELD_LIST, AT(env), .optional = true },
	{ "cores", FIELD_UNSIGNED, AT(cores), .min = 1, .max = 65536 },
	{ "memory_bytes", FIELD_COUNT, AT(memory) },
	{ "ttl_seconds", FIELD_SECONDS, AT(ttl_ms) },
	{ "success_codes", FIELD_OWN, .read = read_codes, .write = write_codes },
	{ "spoiled", FIELD_UNSIGNED, AT(spoiled), .optional = true, .max = UINT32_MAX },
	{ "manifest", FIELD_TEXT, AT(manifest), .optional = true, .check = hex_digest },
	{ "queued", FIELD_STAMP, AT(queued_at) },
	{ "offered", FIELD_STAMP, AT(offered_at) },
	{ 0 }
};

static const struct field claim_fields[] = {
	{ "runner", FIELD_TEXT, AT(runner), .check = not_empty },
	{ "instance", FIELD_TEXT, AT(instance), .check = not_empty },
	{ "claimed", FIELD_STAMP, AT(claimed_at) },
	{ 0 }
};

static const struct field outcome_fields[] = {
	{ "state", FIELD_TEXT, AT(state), .check = fields_state_word },
	{ "reason", FIELD_TEXT, AT(reason) },
	{ "exit_code", FIELD_INT, AT(exit_code), .optional = true, .min = 0, .max = 255,
	  .none = -1 },
	{ "signal", FIELD_INT, AT(term_signal), .optional = true, .min = 1, .max = 128 },
	{ "started", FIELD_STAMP, AT(started_at), .optional = true },
	{ "finished", FIELD_STAMP, AT(finished_at) },
	{ "wall_seconds", FIELD_SECONDS, AT(wall_ms) },
	{ "cpu_seconds", FIELD_SECONDS, AT(cpu_ms) },
	{ "peak_memory_bytes", FIELD_COUNT, AT(peak_memory), .optional = true },
	{ "outputs", FIELD_LIST, AT(outputs), .optional = true },
	{ 0 }
};

static const struct field filed_fields[] = { { "filed_by", FIELD_TEXT, AT(filed_by) },
					     { "filed", FIELD_STAMP, AT(filed_at) },
					     { 0 } };

/* In the order of enum ticket_blocks. */
static const struct fields_section sections[] = { { "offer", offer_fields },
						  { "claim", claim_fields },
						  { "outcome", outcome_fields },
						  { "filed", filed_fields },
						  { 0 } };

enum { OFFER, CLAIM, OUTCOME, FILED };

/* -- reading ------------------------------------------------------------------------------- */

/* May this block stand behind those that are there? Each once, in their order, none without what it
 * is about; an outcome alone is a job that never had a ticket. */
static bool in_order(unsigned blocks, int section)
{
	if (blocks >= 1u << section)
		return false;
	if (section == CLAIM)
		return blocks & TICKET_OFFER;
	return section != FILED || (blocks & TICKET_OUTCOME);
}

static int read_blocks(const char *text, size_t valid, struct ticket *t)
{
	const char *block;
	size_t pos = 0, len;

	while ((block = record_block(text, valid, &pos, &len)) != NULL) {
		int section = fields_read(block, len, sections, t);

		if (section == -ENOENT)
			continue;
		if (section < 0 || !in_order(t->blocks, section))
			return -EBADMSG;
		t->blocks |= 1u << section;
	}
	return t->blocks ? 0 : -EBADMSG;
}

int ticket_parse(const char *text, size_t len, struct ticket *ret, size_t *ret_valid)
{
	struct ticket t = { .exit_code = -1 };
	size_t valid;
	enum record_verdict verdict = record_check(text, len, TICKET_MAGIC, &valid);

	if (ret_valid)
		*ret_valid = valid;
	if (verdict == RECORD_FOREIGN)
		return verdict;
	if (read_blocks(text, valid, &t) < 0) {
		ticket_free(&t);
		return -EBADMSG;
	}
	*ret = t;
	return (int)verdict;
}

/* -- writing ------------------------------------------------------------------------------- */

static char *append(const char *prior, size_t prior_len, int section, const struct ticket *t,
		    size_t *ret_len)
{
	_cleanup_free_ char *block = fields_write(&sections[section], t);

	return record_append(prior, prior_len, TICKET_MAGIC, block, ret_len);
}

char *ticket_write_offer(const struct ticket *t, size_t *ret_len)
{
	return append("", 0, OFFER, t, ret_len);
}

char *ticket_append_claim(const char *prior, size_t prior_len, const struct ticket *t,
			  size_t *ret_len)
{
	return append(prior, prior_len, CLAIM, t, ret_len);
}

/* As many of the outputs as fit for certain; "..." stands for the rest. */
static struct strlist bounded_outputs(const struct strlist *all)
{
	struct strlist some = { 0 };
	size_t bytes = 0;

	for (size_t i = 0; i < all->count; i++) {
		bytes += 4 * strlen(all->items[i]) + 4;
		if (some.count == OUTPUTS_MOST || bytes > OUTPUTS_BYTES) {
			strlist_add(&some, "...");
			break;
		}
		strlist_add(&some, all->items[i]);
	}
	return some;
}

/* The reason, cut where a character begins if it is overlong. Heap. */
static char *bounded_reason(const char *reason)
{
	size_t len = strnlen(reason, REASON_BYTES);

	while (len > 0 && reason[len] && ((unsigned char)reason[len] & 0xc0) == 0x80)
		len--;
	return xstrndup(reason, len);
}

char *ticket_append_outcome(const char *prior, size_t prior_len, const struct ticket *t,
			    size_t *ret_len)
{
	struct ticket bounded = *t;
	char *text;

	bounded.outputs = bounded_outputs(&t->outputs);
	bounded.reason = bounded_reason(t->reason ? t->reason : "");
	text = append(prior, prior_len, OUTCOME, &bounded, ret_len);
	strlist_free(&bounded.outputs);
	free(bounded.reason);
	return text;
}

char *ticket_append_filed(const char *prior, size_t prior_len, const struct ticket *t,
			  size_t *ret_len)
{
	return append(prior, prior_len, FILED, t, ret_len);
}

size_t ticket_before_outcome(const char *text, size_t len)
{
	/* Raw newlines stand in no string, so this is where a block begins. */
	static const char head[] = "\noutcome {\n";
	const char *at = memmem(text, len, head, strlen(head));

	return at ? (size_t)(at + 1 - text) : len;
}

void ticket_free(struct ticket *t)
{
	for (size_t i = 0; sections[i].name; i++)
		fields_free(sections[i].fields, t);
	free(t->command.program);
	memset(t, 0, sizeof(*t));
}
