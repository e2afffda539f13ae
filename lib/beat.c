/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * beat - a runner's registration and heartbeat.
 *
 * Touches nothing but memory. Both are records of one block (record.h); the tables below are the
 * format. Beats are replaced every few seconds and read by the coordinator alone: a reader that
 * meets half of one reads again.
 */
#include "beat.h"
#include "cleanup.h"
#include "fields.h"
#include "record.h"
#include "spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool hex32(const char *text)
{
	return strspn(text, "0123456789abcdef") == 32 && text[32] == '\0';
}

static bool platform_name(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-.");

	return len > 0 && len <= 64 && text[len] == '\0';
}

static bool instance_name(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-.");

	return len > 0 && len < SPOOL_RID_SIZE && text[len] == '\0';
}

#define AT(member) .offset = offsetof(struct registration, member)

static const struct field registration_fields[] = {
	{ "runner", FIELD_TEXT, AT(runner), .check = spool_is_runner_name },
	{ "instance", FIELD_TEXT, AT(instance), .check = instance_name },
	{ "machine", FIELD_TEXT, AT(machine), .check = hex32 },
	{ "host", FIELD_TEXT, AT(host) },
	{ "platform", FIELD_TEXT, AT(platform), .check = platform_name },
	{ "kernel", FIELD_TEXT, AT(kernel) },
	{ "cpu", FIELD_TEXT, AT(cpu) },
	{ "cores", FIELD_UNSIGNED, AT(cores), .min = 1, .max = 65536 },
	{ "slots", FIELD_UNSIGNED, AT(slots), .max = 65536 },
	{ "memory_bytes", FIELD_COUNT, AT(memory) },
	{ "software", FIELD_LIST, AT(software), .optional = true },
	{ "version", FIELD_TEXT, AT(version) },
	{ "started", FIELD_STAMP, AT(started_at) },
	{ "freeze", FIELD_COUNT, AT(freeze_ms), .optional = true },
	{ "freezer", FIELD_TEXT, AT(freezer), .optional = true },
	{ 0 }
};
#undef AT

#define AT(member) .offset = offsetof(struct beat, member)

static const struct field beat_fields[] = {
	{ "instance", FIELD_TEXT, AT(instance), .check = instance_name },
	{ "counter", FIELD_COUNT, AT(counter) },
	{ "at", FIELD_STAMP, AT(at) },
	{ "load", FIELD_REAL, AT(load) },
	{ "free_memory_bytes", FIELD_COUNT, AT(free_memory) },
	{ "free_slots", FIELD_UNSIGNED, AT(free_slots), .max = 65536 },
	{ "state", FIELD_TEXT, AT(state), .check = fields_state_word },
	{ "running", FIELD_LIST, AT(running), .optional = true },
	{ 0 }
};
#undef AT

static const struct fields_section registration_sections[] = {
	{ "registration", registration_fields }, { 0 }
};

static const struct fields_section beat_sections[] = { { "beat", beat_fields }, { 0 } };

/* WHOLE with the one block read into record; TORN, FOREIGN, or -EBADMSG with record empty. */
static int parse(const char *text, size_t len, const char *magic,
		 const struct fields_section *sections, void *record)
{
	size_t valid, pos = 0, block_len;
	enum record_verdict verdict = record_check(text, len, magic, &valid);
	const char *block;

	if (verdict != RECORD_WHOLE)
		return (int)verdict;
	block = record_block(text, valid, &pos, &block_len);
	if (!block || fields_read(block, block_len, sections, record) < 0) {
		fields_free(sections[0].fields, record);
		return -EBADMSG;
	}
	return RECORD_WHOLE;
}

static char *write_record(const char *magic, const struct fields_section *section,
			  const void *record, size_t *ret_len)
{
	_cleanup_free_ char *block = fields_write(section, record);

	return record_append("", 0, magic, block, ret_len);
}

char *registration_write(const struct registration *r, size_t *ret_len)
{
	return write_record(REGISTRATION_MAGIC, registration_sections, r, ret_len);
}

int registration_parse(const char *text, size_t len, struct registration *ret)
{
	struct registration r = { 0 };
	int verdict = parse(text, len, REGISTRATION_MAGIC, registration_sections, &r);

	if (verdict == RECORD_WHOLE)
		*ret = r;
	return verdict;
}

void registration_free(struct registration *r)
{
	fields_free(registration_fields, r);
	memset(r, 0, sizeof(*r));
}

char *beat_write(const struct beat *b, size_t *ret_len)
{
	return write_record(BEAT_MAGIC, beat_sections, b, ret_len);
}

int beat_parse(const char *text, size_t len, struct beat *ret)
{
	struct beat b = { 0 };
	int verdict = parse(text, len, BEAT_MAGIC, beat_sections, &b);

	if (verdict == RECORD_WHOLE)
		*ret = b;
	return verdict;
}

void beat_free(struct beat *b)
{
	fields_free(beat_fields, b);
	memset(b, 0, sizeof(*b));
}

int registration_has(const struct registration *r, const char *software)
{
	size_t len = strlen(software);

	for (size_t i = 0; i < r->software.count; i++) {
		const char *item = r->software.items[i];

		if (strncmp(item, software, len) == 0 && (item[len] == ' ' || item[len] == '\0'))
			return 1;
	}
	return 0;
}
