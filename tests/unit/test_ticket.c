/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of lib/ticket (and of lib/fields, which reads and writes its blocks). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record.h"
#include "ticket.h"
#include "xalloc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static struct ticket example(void)
{
	struct ticket t = {
		.id = 12,
		.attempt = 3,
		.spoiled = 2,
		.uid = 1000,
		.cores = 2,
		.memory = 536870912,
		.ttl_ms = 7200000,
		.success_codes = { 0, 3 },
		.success_count = 2,
		.queued_at = INT64_C(1795168800000),
		.offered_at = INT64_C(1795168801500),
		.claimed_at = INT64_C(1795168801600),
		.exit_code = -1,
		.started_at = INT64_C(1795168801700),
		.finished_at = INT64_C(1795168811700),
		.wall_ms = 10000,
		.cpu_ms = 9876,
		.peak_memory = 17000000,
		.filed_at = INT64_C(1795168811800),
	};

	t.name = xstrdup("Gr\xc3\xb6\xc3\x9f"
			 "e \"1\" \\ ${HOME}\n\x01\xff");
	t.folder = xstrdup("active/12.3-groe-1");
	t.user = xstrdup("eva");
	t.app = xstrdup("python3/1");
	t.command.kind = COMMAND_HOST;
	t.command.program = xstrdup("python3");
	strlist_add(&t.command.arguments, "-u");
	strlist_add(&t.command.arguments, "");
	strlist_add(&t.command.arguments, "sim file.py");
	strlist_add(&t.env, "N=20");
	t.manifest = xstrdup(DIGEST);
	t.runner = xstrdup("lab-07");
	t.instance = xstrdup("lab-07-00112233-8899aabb");
	t.state = xstrdup("DONE");
	t.reason = xstrdup("exit code 0");
	strlist_add(&t.outputs, "result.txt 17");
	t.filed_by = xstrdup("spoold-1");
	return t;
}

/* The text with one more block; takes text over. */
static char *append(char *text,
		    char *(*writer)(const char *, size_t, const struct ticket *, size_t *),
		    const struct ticket *t)
{
	size_t len;
	char *more = writer(text, strlen(text), t, &len), *all;

	assert_non_null(more);
	assert_int_equal(strlen(more), len);
	all = xasprintf("%s%s", text, more);
	free(text);
	free(more);
	return all;
}

static char *whole(const struct ticket *t)
{
	size_t len;
	char *text = ticket_write_offer(t, &len);

	assert_non_null(text);
	assert_int_equal(strlen(text), len);
	text = append(text, ticket_append_claim, t);
	text = append(text, ticket_append_outcome, t);
	return append(text, ticket_append_filed, t);
}

static void assert_lists_equal(const struct strlist *a, const struct strlist *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		assert_string_equal(a->items[i], b->items[i]);
}

static void assert_offers_equal(const struct ticket *a, const struct ticket *b)
{
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->attempt, b->attempt);
	assert_int_equal(a->spoiled, b->spoiled);
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->folder, b->folder);
	assert_string_equal(a->user, b->user);
	assert_int_equal(a->uid, b->uid);
	assert_string_equal(a->app, b->app);
	assert_int_equal(a->command.kind, b->command.kind);
	assert_string_equal(a->command.program, b->command.program);
	assert_lists_equal(&a->command.arguments, &b->command.arguments);
	assert_lists_equal(&a->env, &b->env);
	assert_int_equal(a->cores, b->cores);
	assert_int_equal(a->memory, b->memory);
	assert_int_equal(a->ttl_ms, b->ttl_ms);
	assert_int_equal(a->success_count, b->success_count);
	assert_memory_equal(a->success_codes, b->success_codes, sizeof(a->success_codes));
	assert_string_equal(a->manifest, b->manifest);
	assert_int_equal(a->queued_at, b->queued_at);
	assert_int_equal(a->offered_at, b->offered_at);
}

static void assert_outcomes_equal(const struct ticket *a, const struct ticket *b)
{
	assert_string_equal(a->state, b->state);
	assert_string_equal(a->reason, b->reason);
	assert_int_equal(a->exit_code, b->exit_code);
	assert_int_equal(a->term_signal, b->term_signal);
	assert_int_equal(a->started_at, b->started_at);
	assert_int_equal(a->finished_at, b->finished_at);
	assert_int_equal(a->wall_ms, b->wall_ms);
	assert_int_equal(a->cpu_ms, b->cpu_ms);
	assert_int_equal(a->peak_memory, b->peak_memory);
	assert_lists_equal(&a->outputs, &b->outputs);
}

static void what_is_written_is_read(void **state)
{
	struct ticket t = example(), back;
	char *text = whole(&t);
	size_t valid;

	(void)state;
	assert_int_equal(ticket_parse(text, strlen(text), &back, &valid), RECORD_WHOLE);
	assert_int_equal(valid, strlen(text));
	assert_int_equal(back.blocks, TICKET_OFFER | TICKET_CLAIM | TICKET_OUTCOME | TICKET_FILED);
	assert_offers_equal(&t, &back);
	assert_string_equal(t.runner, back.runner);
	assert_string_equal(t.instance, back.instance);
	assert_int_equal(t.claimed_at, back.claimed_at);
	assert_outcomes_equal(&t, &back);
	assert_string_equal(t.filed_by, back.filed_by);
	assert_int_equal(t.filed_at, back.filed_at);
	ticket_free(&back);
	ticket_free(&t);
	free(text);
}

static void it_reads_well(void **state)
{
	static const char *const expected[] = {
		"spool-ticket 1\noffer {\n  id = ",
		"\n  program = \"host:python3\"\n",
		"\n  memory_bytes = \"536870912\"\n",
		"\n  ttl_seconds = \"7200\"\n",
		"\n  success_codes = {\"0\", \"3\"}\n",
		"\n  offered = \"2026-11-20T10:00:01.500Z\"\n",
		"\n  cpu_seconds = \"9.876\"\n",
		"}\n# sum ",
	};
	struct ticket t = example();
	char *text = whole(&t);

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_non_null(strstr(text, expected[i]));
	assert_null(strstr(text, "exit_code"));
	assert_null(strstr(text, "signal"));
	ticket_free(&t);
	free(text);
}

static void absent_strings_stay_away(void **state)
{
	struct ticket t = example(), back;
	size_t len;
	char *text;

	(void)state;
	free(t.app);
	t.app = NULL;
	strlist_free(&t.env);
	strlist_free(&t.command.arguments);
	t.command.kind = COMMAND_JOB;
	text = ticket_write_offer(&t, &len);
	assert_null(strstr(text, "app ="));
	assert_null(strstr(text, "env ="));
	assert_int_equal(ticket_parse(text, len, &back, NULL), RECORD_WHOLE);
	assert_int_equal(back.blocks, TICKET_OFFER);
	assert_null(back.app);
	assert_null(back.runner);
	assert_null(back.state);
	assert_int_equal(back.command.kind, COMMAND_JOB);
	assert_int_equal(back.command.arguments.count, 0);
	assert_int_equal(back.exit_code, -1);
	ticket_free(&back);
	ticket_free(&t);
	free(text);
}

static void each_cut_leaves_the_blocks_before(void **state)
{
	static const unsigned blocks[] = { 0, 1, 3, 7, 15 };
	struct ticket t = example(), back;
	char *text = whole(&t);
	size_t len = strlen(text), valid, sums;

	(void)state;
	for (size_t cut = 0; cut < len; cut += 7) {
		char *part = xstrndup(text, cut);
		int verdict;

		sums = 0;
		for (const char *p = part; (p = strstr(p, "\n# sum ")) != NULL; p++)
			sums += strlen(p) > 71;
		verdict = ticket_parse(part, cut, &back, &valid);
		if (sums == 0) {
			assert_int_equal(verdict, -EBADMSG);
			assert_int_equal(valid, 0);
		} else {
			assert_in_range(verdict, RECORD_WHOLE, RECORD_TORN);
			assert_int_equal(back.blocks, blocks[sums]);
			ticket_free(&back);
		}
		free(part);
	}
	ticket_free(&t);
	free(text);
}

static void an_outcome_may_stand_alone(void **state)
{
	struct ticket t = example(), back;
	size_t len;
	char *text;

	(void)state;
	t.exit_code = 3;
	t.term_signal = 0;
	text = ticket_append_outcome("", 0, &t, &len);
	assert_int_equal(ticket_parse(text, len, &back, NULL), RECORD_WHOLE);
	assert_int_equal(back.blocks, TICKET_OUTCOME);
	assert_int_equal(back.exit_code, 3);
	assert_outcomes_equal(&t, &back);
	ticket_free(&back);
	ticket_free(&t);
	free(text);
}

static void outcomes_always_fit(void **state)
{
	struct ticket t = example(), back;
	size_t len;
	char name[600], *text;

	(void)state;
	memset(name, '\xff', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int i = 0; i < 1000; i++)
		strlist_add(&t.outputs, name);
	free(t.reason);
	t.reason = xcalloc(1, 100001);
	for (int i = 0; i < 50000; i++)
		memcpy(t.reason + 2 * i, "\xc3\xb6", 2);
	memmove(t.reason + 1, t.reason, 99999);
	text = ticket_append_outcome("", 0, &t, &len);
	assert_non_null(text);
	assert_int_equal(ticket_parse(text, len, &back, NULL), RECORD_WHOLE);
	assert_int_equal(strlen(back.reason), 999);
	assert_true(back.outputs.count < 200);
	assert_string_equal(back.outputs.items[back.outputs.count - 1], "...");
	ticket_free(&back);
	free(text);
	strlist_free(&t.outputs);
	for (int i = 0; i < 1000; i++)
		strlist_add(&t.outputs, "a 1");
	text = ticket_append_outcome("", 0, &t, &len);
	assert_int_equal(ticket_parse(text, len, &back, NULL), RECORD_WHOLE);
	assert_int_equal(back.outputs.count, 201);
	ticket_free(&back);
	ticket_free(&t);
	free(text);
}

static void an_offer_may_be_too_large(void **state)
{
	struct ticket t = example();
	size_t len;

	(void)state;
	for (int i = 0; i < 20000; i++)
		strlist_add(&t.command.arguments, "argument");
	assert_null(ticket_write_offer(&t, &len));
	ticket_free(&t);
}

/* A record of the given blocks with right sums, whatever is in them. */
static char *record(const char *const *blocks)
{
	char *text = xstrdup("");
	size_t len;

	for (; *blocks; blocks++) {
		char *more = record_append(text, strlen(text), TICKET_MAGIC, *blocks, &len);
		char *all = xasprintf("%s%s", text, more);

		free(more);
		free(text);
		text = all;
	}
	return text;
}

#define OFFER_HEAD                                                         \
	"offer {\n id = 1\n attempt = 1\n name = n\n user = u\n uid = 0\n" \
	" cores = 1\n memory_bytes = 1\n ttl_seconds = 1\n"                \
	" queued = \"-\"\n offered = \"-\"\n"
#define OFFER OFFER_HEAD " folder = \"active/1.1-n\"\n program = \"job:sim\"\n}\n"
#define OUTCOME_HEAD                                                     \
	"outcome {\n reason = r\n finished = \"-\"\n wall_seconds = 1\n" \
	" cpu_seconds = 1\n"
#define CLAIM "claim {\n runner = a\n instance = b\n claimed = \"-\"\n}\n"
#define OUTCOME OUTCOME_HEAD " state = DONE\n}\n"
#define FILED "filed {\n filed_by = a\n filed = \"-\"\n}\n"

static int verdict_of(const char *a, const char *b, const char *c)
{
	const char *const blocks[] = { a, b, c, NULL };
	struct ticket back;
	char *text = record(blocks);
	int verdict = ticket_parse(text, strlen(text), &back, NULL);

	free(text);
	if (verdict >= 0)
		ticket_free(&back);
	return verdict;
}

static void bad_blocks_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"rubbish\n",
		"offer {\n",
		"offer {\n}\n",
		"offer = 3\n",
		OFFER OFFER,
		OFFER_HEAD "}\n",
		OFFER_HEAD " folder = \"/etc\"\n program = \"job:sim\"\n}\n",
		OFFER_HEAD " folder = \"a/../b\"\n program = \"job:sim\"\n}\n",
		OFFER_HEAD " folder = \"a//b\"\n program = \"job:sim\"\n}\n",
		OFFER_HEAD " folder = a\n program = \"job:../sim\"\n}\n",
		OFFER_HEAD " folder = a\n program = \"job:\"\n}\n",
		OFFER_HEAD " folder = a\n program = \"share:/bin/sh\"\n}\n",
		OFFER_HEAD " folder = a\n program = \"host:a/b\"\n}\n",
		OFFER_HEAD " folder = a\n program = \"else:a\"\n}\n",
		OFFER_HEAD " folder = a\n program = {}\n}\n",
		OFFER_HEAD " folder = a\n program = {\"job:a\", \"job:b\"}\n}\n",
		OFFER_HEAD " folder = a\n program = \"job:a\"\n success_codes = {256}\n}\n",
		OFFER_HEAD " folder = a\n program = \"job:a\"\n success_codes = {x}\n}\n",
		OFFER_HEAD " folder = a\n program = \"job:a\"\n manifest = 12\n}\n",
		CLAIM,
		FILED,
		OUTCOME_HEAD " state = done\n}\n",
		OUTCOME_HEAD " state = \"\"\n}\n",
		OUTCOME_HEAD " state = DONE\n exit_code = 256\n}\n",
		OUTCOME_HEAD " state = DONE\n exit_code = -1\n}\n",
		OUTCOME_HEAD " state = DONE\n signal = 0\n}\n",
		OUTCOME_HEAD " state = DONE\n started = yesterday\n}\n",
		OUTCOME_HEAD " state = DONE\n peak_memory_bytes = 9999999999999999999\n}\n",
	};

	(void)state;
	assert_int_equal(verdict_of(OFFER, NULL, NULL), RECORD_WHOLE);
	assert_int_equal(verdict_of(OUTCOME, NULL, NULL), RECORD_WHOLE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (verdict_of(bad[i], NULL, NULL) != -EBADMSG)
			fail_msg("accepted: %s", bad[i]);
	}
}

static void blocks_have_their_order(void **state)
{
	(void)state;
	assert_int_equal(verdict_of(OFFER, CLAIM, OUTCOME), RECORD_WHOLE);
	assert_int_equal(verdict_of(OFFER, OUTCOME, FILED), RECORD_WHOLE);
	assert_int_equal(verdict_of(OUTCOME, FILED, NULL), RECORD_WHOLE);
	assert_int_equal(verdict_of(OFFER, OFFER, NULL), -EBADMSG);
	assert_int_equal(verdict_of(OFFER, CLAIM, CLAIM), -EBADMSG);
	assert_int_equal(verdict_of(OUTCOME, OFFER, NULL), -EBADMSG);
	assert_int_equal(verdict_of(OFFER, CLAIM, FILED), -EBADMSG);
	assert_int_equal(verdict_of(OFFER CLAIM, NULL, NULL), -EBADMSG);
}

static void newer_blocks_and_keys_are_passed_over(void **state)
{
	(void)state;
	assert_int_equal(verdict_of(OFFER, "note {\n x = 1\n}\n", CLAIM), RECORD_WHOLE);
	assert_int_equal(verdict_of("note {\n x = 1\n}\n", NULL, NULL), -EBADMSG);
	assert_int_equal(verdict_of(OUTCOME_HEAD " state = NEWSTATE\n colour = red\n}\n", NULL,
				    NULL),
			 RECORD_WHOLE);
}

static void others_are_left_alone(void **state)
{
	struct ticket back = { .id = 77 };
	size_t valid = 5;

	(void)state;
	assert_int_equal(ticket_parse("spool-ticket 2\n", 15, &back, &valid), RECORD_FOREIGN);
	assert_int_equal(ticket_parse("", 0, &back, &valid), -EBADMSG);
	assert_int_equal(back.id, 77);
	assert_int_equal(valid, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(it_reads_well),
		cmocka_unit_test(absent_strings_stay_away),
		cmocka_unit_test(each_cut_leaves_the_blocks_before),
		cmocka_unit_test(an_outcome_may_stand_alone),
		cmocka_unit_test(outcomes_always_fit),
		cmocka_unit_test(an_offer_may_be_too_large),
		cmocka_unit_test(bad_blocks_are_refused),
		cmocka_unit_test(blocks_have_their_order),
		cmocka_unit_test(newer_blocks_and_keys_are_passed_over),
		cmocka_unit_test(others_are_left_alone),
	};

	return cmocka_run_group_tests_name("ticket", tests, NULL, NULL);
}
