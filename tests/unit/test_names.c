/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of lib/names: what our writers write our parsers read back, and nothing else. Touches
 * nothing. test_names_given has the names that people give.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool.h"

#include <errno.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NAME40 "abcdefghijklmnopqrstuvwxyz0123456789._-x"
#define NAME80 NAME40 NAME40
#define RID51 "lab-07-lab-07-lab-07-lab-07-lab0-0123abcd-4567cdef9"

/* -- job folders -------------------------------------------------------------------------------- */

static void job_folders_come_back(void **state)
{
	static const uint64_t ids[] = { 1, 9, 10, 12, 4294967296, INT64_MAX };
	static const unsigned attempts[] = { 0, 1, 9, 10, 1000000 };
	static const char *const names[] = { "a",     "sim", "job",	"0",	"12",
					     "1.2-x", "_",   "a-b_c.d", NAME40, NAME80 };
	char folder[SPOOL_FOLDER_SIZE];
	struct spool_job_name n;

	(void)state;
	for (size_t i = 0; i < COUNT(ids); i++)
		for (size_t k = 0; k < COUNT(attempts); k++)
			for (size_t l = 0; l < COUNT(names); l++) {
				assert_ptr_equal(spool_job_folder(folder, ids[i], attempts[k],
								  names[l]),
						 folder);
				assert_int_equal(spool_parse_job_folder(folder, &n), 0);
				assert_int_equal(n.id, ids[i]);
				assert_int_equal(n.attempt, attempts[k]);
				assert_string_equal(n.name, names[l]);
			}
	assert_string_equal(spool_job_folder(folder, 12, 0, "sim"), "12-sim");
	assert_string_equal(spool_job_folder(folder, 12, 3, "sim"), "12.3-sim");
	/* The longest of all fits. */
	assert_int_equal(strlen(spool_job_folder(folder, UINT64_MAX, UINT32_MAX, NAME80)),
			 SPOOL_FOLDER_SIZE - 1);
}

static void other_folders_are_not_ours(void **state)
{
	static const char *const names[] = {
		"",
		"-",
		"12",
		"12-",
		"-sim",
		"sim",
		"12 -sim",
		" 12-sim",
		"12-sim ",
		"+12-sim",
		"-12-sim",
		"012-sim",
		"0-sim",
		"00-sim",
		"0x12-sim",
		"12.-sim",
		"12.0-sim",
		"12.01-sim",
		"12.-1-sim",
		"12.1",
		"12.1.1-sim",
		"12..1-sim",
		"12.1sim",
		"12,1-sim",
		"12-Sim",
		"12-s m",
		"12-s/m",
		"12-../x",
		"12-\n",
		"12-sim\n",
		"12-s\xc3\xbcm",
		"12-\xff",
		"12-\x01",
		"12-a:b",
		"12-a\\b",
		"12-" NAME80 "x",
		".tmp-12.3",
		".tmp-12.3-sim",
		"9223372036854775808-sim",
		"18446744073709551617-sim",
		"99999999999999999999999-sim",
		"12.1000001-sim",
		"12.4294967297-sim",
		"12.18446744073709551617-sim",
		"\xd9\xa1\xd9\xa2-sim",
		"README",
	};
	struct spool_job_name n = { 77, 7, "untouched" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		if (spool_parse_job_folder(names[i], &n) != -EINVAL)
			fail_msg("\"%s\" was taken", names[i]);
	assert_int_equal(n.id, 77);
	assert_string_equal(n.name, "untouched");
}

/* -- tickets ------------------------------------------------------------------------------------ */

static const struct {
	enum spool_ticket_kind kind;
	bool with_rid;
	const char *text;
} tickets[] = {
	{ SPOOL_TICKET_TMP, false, ".tmp-12.3" },
	{ SPOOL_TICKET_OFFER, false, "12.3.offer" },
	{ SPOOL_TICKET_VOID, false, "12.3.void" },
	{ SPOOL_TICKET_CLAIM, true, "12.3.claim.lab-07-0123abcd-4567cdef" },
	{ SPOOL_TICKET_DONE, true, "12.3.done.lab-07-0123abcd-4567cdef" },
	{ SPOOL_TICKET_BACK, true, "12.3.back.lab-07-0123abcd-4567cdef" },
	{ SPOOL_ORDER_CANCEL, false, "12.3.cancel" },
	{ SPOOL_ORDER_REVOKED, false, "12.3.revoked" },
};

static void tickets_are_named_so(void **state)
{
	char name[SPOOL_TICKET_SIZE];

	(void)state;
	assert_int_equal(COUNT(tickets), SPOOL_TICKET_KINDS);
	for (size_t i = 0; i < COUNT(tickets); i++) {
		const char *rid = tickets[i].with_rid ? "lab-07-0123abcd-4567cdef" : NULL;

		assert_int_equal(tickets[i].kind, i);
		assert_ptr_equal(spool_ticket_name(name, 12, 3, tickets[i].kind, rid), name);
		assert_string_equal(name, tickets[i].text);
	}
}

static void tickets_come_back(void **state)
{
	static const uint64_t ids[] = { 1, 10, INT64_MAX };
	static const unsigned attempts[] = { 1, 20, 1000000 };
	static const char *const rids[] = { "r",     "r-0-1",	  "lab-07-0123abcd-4567cdef",
					    "offer", "done.done", "1.2.claim.x",
					    RID51 };
	char name[SPOOL_TICKET_SIZE];
	struct spool_ticket_name n;

	(void)state;
	assert_int_equal(strlen(RID51), SPOOL_RID_SIZE - 1);
	for (size_t i = 0; i < COUNT(tickets); i++)
		for (size_t k = 0; k < COUNT(ids) * COUNT(attempts); k++)
			for (size_t l = 0; l < COUNT(rids); l++) {
				uint64_t id = ids[k / COUNT(attempts)];
				unsigned attempt = attempts[k % COUNT(attempts)];

				spool_ticket_name(name, id, attempt, tickets[i].kind, rids[l]);
				assert_true(strlen(name) < SPOOL_TICKET_SIZE - 1);
				assert_int_equal(spool_parse_ticket_name(name, &n), 0);
				assert_int_equal(n.id, id);
				assert_int_equal(n.attempt, attempt);
				assert_int_equal(n.kind, tickets[i].kind);
				assert_string_equal(n.rid, tickets[i].with_rid ? rids[l] : "");
			}
}

static void other_names_are_no_tickets(void **state)
{
	static const char *const names[] = {
		"",
		".",
		"12",
		"12.3",
		"12.3.",
		"12.offer",
		"12..offer",
		"12.0.offer",
		"0.1.offer",
		"012.3.offer",
		"12.03.offer",
		"+12.3.offer",
		"12.-3.offer",
		" 12.3.offer",
		"12.3.offer ",
		"12.3.offer\n",
		"12.3.Offer",
		"12.3.offers",
		"12.3.offe",
		"12.3.offer.",
		"12.3.offer.r",
		"12.3.void.r",
		"12.3.cancel.r",
		"12.3.revoked.r",
		"12.3.claim",
		"12.3.claim.",
		"12.3.claimr",
		"12.3.claim r",
		"12.3.claim.R",
		"12.3.claim.r r",
		"12.3.claim.a/b",
		"12.3.claim.\xc3\xbc",
		"12.3.claim.r\n",
		"12.3.claim." RID51 "x",
		"12.3.done",
		"12.3.back.",
		"12.3.tmp",
		".tmp-",
		".tmp-12",
		".tmp-12.",
		".tmp-12.3.",
		".tmp-12.3.offer",
		".tmp-12.3-sim",
		".tmp-.tmp-12.3",
		".tmp-0.3",
		"tmp-12.3",
		"12.3.4.offer",
		"12-3.offer",
		"12.3-offer",
		"9223372036854775808.1.offer",
		"12.1000001.offer",
		"._12.3.offer",
		"12.3.offer~",
		".nfs0000",
		"README",
		"drain",
	};
	struct spool_ticket_name n = { .id = 77, .attempt = 7 };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		if (spool_parse_ticket_name(names[i], &n) != -EINVAL)
			fail_msg("\"%s\" was taken", names[i]);
	assert_int_equal(n.id, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(job_folders_come_back),
		cmocka_unit_test(other_folders_are_not_ours),
		cmocka_unit_test(tickets_are_named_so),
		cmocka_unit_test(tickets_come_back),
		cmocka_unit_test(other_names_are_no_tickets),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
