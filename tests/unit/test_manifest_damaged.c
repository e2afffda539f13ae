/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of lib/manifest: damaged ones, and forged ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kinds.h"
#include "manifests.h"

#include <errno.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* -- damaged ------------------------------------------------------------------------------------ */

static void assert_damaged(const struct scratch *s, const char *text, size_t len)
{
	struct manifest back = { .id = 77 };

	manifests_put(s, text, len);
	assert_int_equal(manifest_read(s->fd, false, &back), -EBADMSG);
	assert_int_equal(back.id, 77);
}

static void every_changed_byte_is_seen(void **state)
{
	static const unsigned char masks[] = { 0x01, 0x20, 0x80 };
	struct scratch s = scratch_new();
	struct manifest m = manifests_full();
	size_t len;
	char *text = manifest_write(&m, &len);

	(void)state;
	for (size_t i = 0; i < len; i++) {
		for (size_t k = 0; k < COUNT(masks); k++) {
			text[i] = (char)(text[i] ^ masks[k]);
			assert_damaged(&s, text, len);
			text[i] = (char)(text[i] ^ masks[k]);
		}
	}
	free(text);
	manifest_free(&m);
	scratch_free(&s);
}

static void every_cut_and_every_more_is_seen(void **state)
{
	static const char *const more[] = { "\n", "x", "sum " HASH "\n" };
	struct scratch s = scratch_new();
	struct manifest m = manifests_full(), back;
	size_t len;
	char *text = manifest_write(&m, &len);

	(void)state;
	for (size_t cut = 0; cut < len; cut++)
		assert_damaged(&s, text, cut);
	for (size_t i = 0; i < COUNT(more); i++) {
		char *longer = xasprintf("%s%s", text, more[i]);

		assert_damaged(&s, longer, strlen(longer));
		free(longer);
	}
	assert_damaged(&s, text, len + 1); /* a zero byte */
	/* Of the head alone a cut is seen too. */
	for (size_t cut = 0; cut < (size_t)(strstr(text, "inputs\n") - text); cut++) {
		manifests_put(&s, text, cut);
		assert_int_equal(manifest_read(s.fd, true, &back), -EBADMSG);
	}
	free(text);
	manifest_free(&m);
	scratch_free(&s);
}

static void what_is_no_file_is_no_manifest(void **state)
{
	static const struct {
		const char *name;
		int whole, head;
	} rows[] = {
		{ "missing", -ENOENT, -ENOENT }, { "dir", -EINVAL, -EISDIR },
		{ "link", -ELOOP, -ELOOP },	 { "dangling", -ELOOP, -ELOOP },
		{ "fifo", -EINVAL, -EBADMSG },	 { "socket", -EINVAL, -ENXIO },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scratch s = kinds();
		struct manifest m;

		renameat(s.fd, rows[i].name, s.fd, SPOOL_MANIFEST);
		assert_int_equal(manifest_read(s.fd, false, &m), rows[i].whole);
		assert_int_equal(manifest_read(s.fd, true, &m), rows[i].head);
		scratch_free(&s);
	}
}

/* -- forged: the sum is right, the rest is somebody's own ---------------------------------------- */

#define HEAD "spool-manifest 1\nid 1\ninputs\n"

static const struct {
	const char *text;
	bool good;
} forged[] = {
	{ HEAD "end 0\n", true },
	{ "spool-manifest 1\nid 1\nlater something\ncolour\ninputs\nend 0\n",
	  true }, /* of a newer version */
	{ HEAD "f 1 2 3 4 - a\nend 1\n", true },
	{ HEAD "f 1 -2 -3 4 - a/b\nend 1\n", true },
	{ "", false },
	{ "spool-manifest 2\nid 1\ninputs\nend 0\n", false },
	{ "spool-manifest 10\nid 1\ninputs\nend 0\n", false },
	{ "spool-manifest 1\ninputs\nend 0\n", false },
	{ "spool-manifest 1\nid 0\ninputs\nend 0\n", false },
	{ "spool-manifest 1\nid -1\ninputs\nend 0\n", false },
	{ "spool-manifest 1\nid 9223372036854775808\ninputs\nend 0\n", false },
	{ "spool-manifest 1\nid 99999999999999999999999999\ninputs\nend 0\n", false },
	{ "spool-manifest 1\nid 1x\ninputs\nend 0\n", false },
	{ "spool-manifest 1\nid 1\nname \\x0\ninputs\nend 0\n", false },
	{ "spool-manifest 1\nid 1\nuser eva\ninputs\nend 0\n", false },
	{ "spool-manifest 1\nid 1\nuser eva 4294967296\ninputs\nend 0\n", false },
	{ "spool-manifest 1\nid 1\ncores 4294967296\ninputs\nend 0\n", false },
	{ "spool-manifest 1\nid 1\nmemory 18446744073709551616\ninputs\nend 0\n", false },
	{ "spool-manifest 1\nid 1\nttl 9223372036854775808\ninputs\nend 0\n", false },
	{ "spool-manifest 1\nid 1\nqueued today\ninputs\nend 0\n", false },
	{ "spool-manifest 1\nid 1\nsoftware a \\q\ninputs\nend 0\n", false },
	{ HEAD, false },
	{ HEAD "f 1 2 3 4 - a\n", false },
	{ HEAD "\nend 0\n", false },
	{ HEAD "f 1 2 3 4 -\nend 1\n", false },
	{ HEAD "f\nend 1\n", false },
	{ HEAD "ff 1 2 3 4 - a\nend 1\n", false },
	{ HEAD "x 1 2 3 4 - a\nend 1\n", false },
	{ HEAD "f -1 2 3 4 - a\nend 1\n", false },
	{ HEAD "f 1 2 3 -4 - a\nend 1\n", false },
	{ HEAD "f 18446744073709551616 2 3 4 - a\nend 1\n", false },
	{ HEAD "f 1 9223372036854775808 3 4 - a\nend 1\n", false },
	{ HEAD "f 1 2 3 4 - \\xzz\nend 1\n", false },
	/* The nonce becomes a part of a file's name. */
	{ "spool-manifest 1\nid 1\nsubmit 0fc3ad07\ninputs\nend 0\n", true },
	{ "spool-manifest 1\nid 1\nsubmit ../../x7\ninputs\nend 0\n", false },
	{ "spool-manifest 1\nid 1\nsubmit 0fc3ad07/\ninputs\nend 0\n", false },
	{ "spool-manifest 1\nid 1\nsubmit 0fc3ad0\ninputs\nend 0\n", false },
	/* Paths that lead out, or that are no paths. */
	{ HEAD "f 1 2 3 4 - -\nend 1\n", false },
	{ HEAD "f 1 2 3 4 - /etc/passwd\nend 1\n", false },
	{ HEAD "f 1 2 3 4 - ..\nend 1\n", false },
	{ HEAD "f 1 2 3 4 - ../a\nend 1\n", false },
	{ HEAD "f 1 2 3 4 - a/..\nend 1\n", false },
	{ HEAD "f 1 2 3 4 - a/../../b\nend 1\n", false },
	{ HEAD "f 1 2 3 4 - .\nend 1\n", false },
	{ HEAD "f 1 2 3 4 - ./a\nend 1\n", false },
	{ HEAD "f 1 2 3 4 - a//b\nend 1\n", false },
	{ HEAD "f 1 2 3 4 - a/\nend 1\n", false },
	{ HEAD "f 1 2 3 4 - \\x2e\\x2e\nend 1\n", false },
	{ HEAD "f 1 2 3 4 - a\\x2f\\x2e\\x2e\nend 1\n", false },
};

static void forged_ones_are_refused(void **state)
{
	struct scratch s = scratch_new();

	(void)state;
	for (size_t i = 0; i < COUNT(forged); i++) {
		char hex[DIGEST_HEX_SIZE], *text;
		struct manifest m;
		int r;

		digest_buffer(forged[i].text, strlen(forged[i].text), hex);
		text = xasprintf("%ssum %s\n", forged[i].text, hex);
		manifests_put(&s, text, strlen(text));
		r = manifest_read(s.fd, false, &m);
		if (r != (forged[i].good ? 0 : -EBADMSG))
			fail_msg("%d for %s", r, forged[i].text);
		if (r == 0)
			manifest_free(&m);
		free(text);
	}
	scratch_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_changed_byte_is_seen),
		cmocka_unit_test(every_cut_and_every_more_is_seen),
		cmocka_unit_test(what_is_no_file_is_no_manifest),
		cmocka_unit_test(forged_ones_are_refused),
	};

	alarm(120); /* what blocks fails */
	return cmocka_run_group_tests_name("manifest_damaged", tests, NULL, NULL);
}
