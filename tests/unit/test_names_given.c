/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of lib/names: what becomes of the names that people give, and which names are whose.
 * Touches nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spool.h"
#include "xalloc.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NAME40 "abcdefghijklmnopqrstuvwxyz0123456789._-x"

/* -- what people type --------------------------------------------------------------------------- */

static const struct {
	const char *given, *reduced;
} reductions[] = {
	{ "sim", "sim" },
	{ "Sim 2", "sim_2" },
	{ "a.b-c_d9", "a.b-c_d9" },
	{ "UPPER.TXT", "upper.txt" },
	{ "D\xc3\xa4mpfer", "d_mpfer" }, /* one underscore for two bytes */
	{ "\xe6\x97\xa5\xe6\x9c\xac", "job" },
	{ "\xff\xfe", "job" },
	{ "a\xff", "a" },
	{ "", "job" },
	{ ".", "job" },
	{ "..", "job" },
	{ "...", "job" },
	{ "-", "job" },
	{ "--", "job" },
	{ "_", "job" },
	{ "- . -", "job" },
	{ "-rf", "rf" },
	{ "--help", "help" },
	{ ".hidden", "hidden" },
	{ ".-.-x", "x" },
	{ "x.", "x" },
	{ "x-", "x" },
	{ "x ", "x" },
	{ "x ._-", "x" },
	{ "a/b", "a_b" },
	{ "../../etc/passwd", "_.._etc_passwd" },
	{ "/", "job" },
	{ "a\\b", "a_b" },
	{ "C:\\x", "c_x" },
	{ "a\nb\tc", "a_b_c" },
	{ "a\x1b[31mb", "a_31mb" },
	{ "$(reboot)", "_reboot" },
	{ "a'b\"c", "a_b_c" },
	{ "a  b", "a_b" },
	{ "a__b", "a_b" },
	{ "12-sim", "12-sim" },
	{ "@octave", "_octave" },
	{ "con", "job" },
	{ "CON", "job" },
	{ "con.txt", "job" },
	{ "prn", "job" },
	{ "aux.", "job" },
	{ "Nul.tar.gz", "job" },
	{ "com1", "job" },
	{ "COM9.m", "job" },
	{ "lpt1", "job" },
	{ "-con", "job" },
	{ "console", "console" },
	{ "xcon", "xcon" },
	{ "com", "com" },
	{ "com10", "com10" },
	{ "comx", "comx" },
	{ "a.con", "a.con" },
	{ NAME40, NAME40 },
	{ NAME40 "y", NAME40 },
	{ "abcdefghijklmnopqrstuvwxyz0123456789abc-yz", "abcdefghijklmnopqrstuvwxyz0123456789abc" },
	{ "--abcdefghijklmnopqrstuvwxyz0123456789abcdyz",
	  "abcdefghijklmnopqrstuvwxyz0123456789abcd" },
};

static void names_are_reduced(void **state)
{
	char buf[SPOOL_NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(reductions); i++) {
		assert_ptr_equal(spool_reduce_name(reductions[i].given, buf), buf);
		if (strcmp(buf, reductions[i].reduced) != 0)
			fail_msg("\"%s\" became \"%s\", expected \"%s\"", reductions[i].given, buf,
				 reductions[i].reduced);
	}
}

static bool is_safe(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= 40 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len &&
	       !strchr(".-", name[0]) && !strchr(".-", name[len - 1]);
}

/* Each byte at the front, in the middle, at the end, alone, 255 times. */
static void every_byte_becomes_safe(void **state)
{
	char name[256], buf[SPOOL_NAME_SIZE], folder[SPOOL_FOLDER_SIZE];
	struct spool_job_name n;

	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		const char c = (char)byte;
		const char variants[5][5] = {
			{ c, 'a', 'b' }, { 'a', c, 'b' }, { 'a', 'b', c }, { c }, { c, c, 'a', c }
		};

		for (size_t i = 0; i <= COUNT(variants); i++) {
			memset(name, byte, 255);
			name[255] = '\0';
			spool_reduce_name(i < COUNT(variants) ? variants[i] : name, buf);
			if (!is_safe(buf))
				fail_msg("byte %d, variant %zu became \"%s\"", byte, i, buf);
			/* Safe names stay as they are, and are parts of folders. */
			snprintf(name, sizeof(name), "%s", buf);
			assert_string_equal(spool_reduce_name(name, buf), name);
			assert_int_equal(spool_parse_job_folder(spool_job_folder(folder, 1, 1, buf),
								&n),
					 0);
		}
	}
}

static void nonces_of_drops_are_split_off(void **state)
{
	static const struct {
		const char *name;
		size_t len; /* 0: there is no nonce */
	} rows[] = {
		{ "sim.submit-0123abcd", 3 },
		{ "s.submit-00000000", 1 },
		{ "a.submit-0123abcd.submit-4567cdef", 17 },
		{ ".submit-0123abcd", 0 },
		{ "sim.submit-0123abc", 0 },
		{ "sim.submit-0123abcde", 0 },
		{ "sim.submit-0123ABCD", 0 },
		{ "sim.submit-0123abcg", 0 },
		{ "sim.submit-0123abcd ", 0 },
		{ "sim-submit-0123abcd", 0 },
		{ "sim.Submit-0123abcd", 0 },
		{ "sim.0123abcd", 0 },
		{ "submit-0123abcd", 0 },
		{ "0123abcd", 0 },
		{ "sim", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t len = 999, whole = strlen(rows[i].name);
		const char *nonce = spool_drop_nonce(rows[i].name, &len);

		if (rows[i].len) {
			assert_ptr_equal(nonce, rows[i].name + whole - 8);
			assert_int_equal(len, rows[i].len);
		} else {
			assert_null(nonce);
			assert_int_equal(len, whole);
		}
	}
}

/* -- kinds of names ----------------------------------------------------------------------------- */

static const struct kind {
	const char *name;
	bool litter, tmp, partial, ours;
} kinds[] = {
	{ "._sim.m", true, false, false, false },
	{ "._", true, false, false, false },
	{ ".DS_Store", true, false, false, false },
	{ "Thumbs.db", true, false, false, false },
	{ "desktop.ini", true, false, false, false },
	{ "~$report.docx", true, false, false, false },
	{ ".nfs000000000012345600000001", true, false, false, false },
	{ ".smbdelete1", true, false, false, false },
	{ ".DS_Store2", false, false, false, false },
	{ "DS_Store", false, false, false, false },
	{ "a._b", false, false, false, false },
	{ "nfs", false, false, false, false },
	{ "thumbs.db", false, false, false, false },
	{ "_sim", false, false, false, false },
	{ "~sim", false, false, false, false },
	{ "sim~", false, false, false, false },
	{ "", false, false, false, false },
	{ ".tmp-", false, true, false, true },
	{ ".tmp-12.3", false, true, false, true },
	{ ".tmp-name", false, true, false, true },
	{ ".tmp", false, false, false, false },
	{ "tmp-12", false, false, false, false },
	{ ".TMP-12", false, false, false, false },
	{ "big.dat.part", false, false, true, false },
	{ "big.partial", false, false, true, false },
	{ "big.filepart", false, false, true, false },
	{ "big.crdownload", false, false, true, false },
	{ "big.download", false, false, true, false },
	{ ".~tmp~", false, false, true, false },
	{ ".rsync-partial", false, false, true, false },
	{ ".part", false, false, true, false },
	{ ".sim.m.aB3xYz", false, false, true, false },
	{ ".a.ABCDEF", false, false, true, false },
	{ ".a.000000", false, false, true, false },
	{ "..x.000000", false, false, true, false },
	{ "sim.m.aB3xYz", false, false, false, false },
	{ ".aB3xYz", false, false, false, false },
	{ "..aB3xYz", false, false, false, false },
	{ ".sim.aB3xY", false, false, false, false },
	{ ".sim.aB3xYzz", false, false, false, false },
	{ ".sim.aB3-Yz", false, false, false, false },
	{ ".sim.aB3x\xc3\xbc", false, false, false, false },
	{ "part", false, false, false, false },
	{ "a.part.m", false, false, false, false },
	{ "a.PARTY", false, false, false, false },
	{ ".ready", false, false, false, true },
	{ ".spool-manifest", false, false, false, true },
	{ "stdout.txt", false, false, false, true },
	{ "stderr.txt", false, false, false, true },
	{ "job.result", false, false, false, true },
	{ "REJECTED.txt", false, false, false, true },
	{ "attempts", false, false, false, true },
	{ "job.conf", false, false, false, false },
	{ "Stdout.txt", false, false, false, true }, /* on SMB it is ours */
	{ "JOB.RESULT", false, false, false, true },
	{ "stdout.txt2", false, false, false, false },
	{ "attempts2", false, false, false, false },
	{ ".ready2", false, false, false, false },
	{ "README", false, false, false, false },
};

static void kinds_of_names_are_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		const struct kind *k = &kinds[i];

		if (spool_is_litter(k->name) != k->litter || spool_is_tmp(k->name) != k->tmp ||
		    spool_is_partial(k->name) != k->partial || spool_is_ours(k->name) != k->ours)
			fail_msg("\"%s\": litter %d, tmp %d, partial %d, ours %d", k->name,
				 spool_is_litter(k->name), spool_is_tmp(k->name),
				 spool_is_partial(k->name), spool_is_ours(k->name));
	}
	assert_true(spool_is_readme("README"));
	assert_false(spool_is_readme("README.txt"));
	assert_false(spool_is_readme("readme"));
}

static void runners_are_named_simply(void **state)
{
	static const char *const good[] = {
		"a", "lab-07", "r1", "0", "_r", "a.b", "a_b", "lab-07-lab-07-lab-07-lab-07-lab0"
	};
	static const char *const bad[] = {
		"",
		".",
		"..",
		"-",
		"-a",
		".a",
		"a.",
		"Lab",
		"a b",
		"a/b",
		"../a",
		"a\n",
		"a\\",
		"a\xc3\xbc",
		"con",
		"aux.lab",
		"com1",
		"lpt9.x",
		"lab-07-lab-07-lab-07-lab-07-lab01",
		"@a",
		"a:b",
		"a\"",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		char *rid = xasprintf("%s-0123abcd-4567cdef", good[i]);

		assert_true(spool_is_runner_name(good[i]));
		assert_true(strlen(rid) < SPOOL_RID_SIZE);
		free(rid);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		if (spool_is_runner_name(bad[i]))
			fail_msg("\"%s\" was taken", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_reduced),
		cmocka_unit_test(every_byte_becomes_safe),
		cmocka_unit_test(nonces_of_drops_are_split_off),
		cmocka_unit_test(kinds_of_names_are_known),
		cmocka_unit_test(runners_are_named_simply),
	};

	return cmocka_run_group_tests_name("names_given", tests, NULL, NULL);
}
