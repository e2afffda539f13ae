/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of lib/manifest: its text, written and read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "manifests.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_text_equal(const char *a, const char *b)
{
	if (!a || !b)
		assert_ptr_equal(a, b);
	else
		assert_string_equal(a, b);
}

static void assert_list_equal(const struct strlist *a, const struct strlist *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		assert_string_equal(a->items[i], b->items[i]);
}

static void assert_head_equal(const struct manifest *a, const struct manifest *b)
{
	assert_true(a->id == b->id);
	assert_text_equal(a->name, b->name);
	assert_text_equal(a->user, b->user);
	assert_int_equal(a->uid, b->uid);
	assert_text_equal(a->group, b->group);
	assert_text_equal(a->box, b->box);
	assert_text_equal(a->nonce, b->nonce);
	assert_true(a->queued_at == b->queued_at);
	assert_int_equal(a->spoiled, b->spoiled);
	assert_int_equal(a->needs.cores, b->needs.cores);
	assert_true(a->needs.memory == b->needs.memory);
	assert_true(a->needs.ttl_ms == b->needs.ttl_ms);
	assert_int_equal(a->lost, b->lost);
	assert_int_equal(a->fail_if_lost, b->fail_if_lost);
	assert_text_equal(a->needs.app, b->needs.app);
	assert_text_equal(a->needs.runner, b->needs.runner);
	assert_list_equal(&a->needs.platforms, &b->needs.platforms);
	assert_list_equal(&a->needs.software, &b->needs.software);
}

static void assert_entries_equal(const struct manifest *a, const struct manifest *b)
{
	assert_int_equal(a->tree.count, b->tree.count);
	for (size_t i = 0; i < a->tree.count; i++) {
		const struct tree_entry *one = &a->tree.entries[i], *two = &b->tree.entries[i];

		assert_string_equal(one->path, two->path);
		assert_int_equal(one->type, two->type);
		assert_true(one->size == two->size && one->inode == two->inode);
		assert_true(one->mtime_ns == two->mtime_ns && one->ctime_ns == two->ctime_ns);
		assert_text_equal(a->hashes ? a->hashes[i] : NULL, b->hashes ? b->hashes[i] : NULL);
	}
}

/* Writes m, reads it back whole and its head alone; all are equal. Frees m. */
static void come_and_go(struct manifest *m)
{
	struct scratch s = scratch_new();
	struct manifest back, head;
	size_t len, again_len;
	char *text = manifest_write(m, &len), *again;

	manifests_put(&s, text, len);
	assert_int_equal(manifest_read(s.fd, false, &back), 0);
	assert_head_equal(m, &back);
	assert_entries_equal(m, &back);
	assert_string_equal(m->digest, back.digest);
	again = manifest_write(&back, &again_len);
	assert_int_equal(again_len, len);
	assert_memory_equal(again, text, len + 1);
	assert_int_equal(manifest_read(s.fd, true, &head), 0);
	assert_head_equal(m, &head);
	assert_int_equal(head.tree.count, 0);
	free(text);
	free(again);
	manifest_free(m);
	manifest_free(&back);
	manifest_free(&head);
	assert_null(back.name);
	scratch_free(&s);
}

/* -- the text ----------------------------------------------------------------------------------- */

static void the_text_is_for_people_too(void **state)
{
	struct manifest m = manifests_full();
	char hex[DIGEST_HEX_SIZE], *text, *expected;
	size_t len;
	static const char above[] =
		"spool-manifest 1\nid 12\nname My\\x20Sim\nuser eva 1000\ngroup brick\nbox octave\n"
		"queued 2026-11-20T10:00:00.123Z\napp python3/1\ncores 2\nmemory 536870912\n"
		"ttl 3600000\nplatforms linux-x86_64 linux-aarch64\nsoftware octave-cli\n"
		"runner lab-07\ninputs\n"
		"d 0 0 0 1 - d\n"
		"f 120 1763632800000000000 1763632800000000001 4711 " HASH " d/sim.py\n"
		"l 3 0 0 5 - link\nend 3\n";

	(void)state;
	m.queued_at = INT64_C(1795168800123);
	text = manifest_write(&m, &len);
	digest_buffer(above, strlen(above), hex);
	expected = xasprintf("%ssum %s\n", above, hex);
	assert_string_equal(text, expected);
	assert_int_equal(len, strlen(expected));
	assert_string_equal(m.digest, hex);
	free(text);
	free(expected);
	manifest_free(&m);
}

static void what_is_written_is_read(void **state)
{
	struct manifest m = manifests_full(), least = { .id = 1 };
	struct manifest lost = { .id = 2, .lost = 2, .fail_if_lost = true };

	(void)state;
	m.nonce = xstrdup("0fc3ad07");
	come_and_go(&m);
	come_and_go(&least);
	come_and_go(&lost);
}

static void extremes_are_kept(void **state)
{
	static char file[] = "f", old[] = "g";
	struct manifest m = {
		.id = INT64_MAX,
		.uid = UINT32_MAX - 1,
		.queued_at = 1,
		.spoiled = UINT32_MAX,
		.needs = { .cores = UINT32_MAX, .memory = UINT64_MAX, .ttl_ms = INT64_MAX },
	};

	(void)state;
	manifests_entry(&m,
			&(struct tree_entry){ .path = file,
					      .type = 'f',
					      .size = UINT64_MAX,
					      .mtime_ns = INT64_MAX,
					      .ctime_ns = INT64_MAX,
					      .inode = UINT64_MAX },
			HASH);
	/* Files of 1969 and before exist: archives are unpacked with the times that are in them. */
	manifests_entry(&m,
			&(struct tree_entry){ .path = old,
					      .type = 'o',
					      .mtime_ns = -1,
					      .ctime_ns = -INT64_MAX,
					      .inode = 1ULL << 63 },
			NULL);
	come_and_go(&m);
}

static const char *const nasty[] = {
	"a b",
	" ",
	"-",
	"--",
	"-rf",
	"\\",
	"\\x20",
	"a\nb",
	"\n",
	"a\rb",
	"\t",
	"\x1b[31m",
	"\x7f",
	"=",
	"a=b",
	"\xff\xfe",
	"\xc3\xbc",
	"\xc3",
	"\xe6\x97\xa5\xe6\x9c\xac",
	"\xe2\x80\xae",
	"end 3",
	"inputs",
	"sum 0",
	"\ninputs\n",
	"\"",
	"'",
	"%s%n",
	"...",
	"..x",
	".hidden",
	"~",
};

static void names_are_any_bytes(void **state)
{
	struct manifest m = { .id = 1 };
	char *longest = xcalloc(1, 256);

	(void)state;
	memset(longest, '\xff', 255);
	for (size_t i = 0; i < COUNT(nasty); i++) {
		char *below = xasprintf("d/%s/%s", nasty[i], nasty[i]);

		manifests_entry(&m, &(struct tree_entry){ .path = (char *)nasty[i], .type = 'd' },
				NULL);
		manifests_entry(&m, &(struct tree_entry){ .path = below, .type = 'f' }, HASH);
		strlist_add(&m.needs.software, nasty[i]);
		strlist_add(&m.needs.platforms, nasty[i]);
		free(below);
	}
	manifests_entry(&m, &(struct tree_entry){ .path = longest, .type = 'f' }, NULL);
	free(longest);
	come_and_go(&m);
	for (size_t i = 0; i < COUNT(nasty); i++) {
		struct manifest named = { .id = 1,
					  .name = xstrdup(nasty[i]),
					  .user = xstrdup(nasty[i]) };

		named.group = xstrdup(nasty[i]);
		named.box = xstrdup(nasty[i]);
		named.needs.app = xstrdup(nasty[i]);
		named.needs.runner = xstrdup(nasty[i]);
		come_and_go(&named);
	}
}

/* The head alone is found whatever its length is to that of the first read. */
static void heads_of_any_length_are_read(void **state)
{
	(void)state;
	for (size_t len = 7900; len<8300; len += len> 8000 && len < 8200 ? 1 : 50) {
		struct manifest m = manifests_full();
		char *word = xcalloc(1, len + 1);

		memset(word, 'x', len);
		strlist_add(&m.needs.software, word);
		free(word);
		come_and_go(&m);
	}
	for (unsigned count = 1000; count <= 10000; count *= 10) {
		struct manifest m = manifests_full();

		for (unsigned i = 0; i < count; i++)
			strlist_add(&m.needs.software, "some-software");
		come_and_go(&m);
	}
}

/* As many entries as there may be, with names that need every escape. */
static void large_ones_are_read_again(void **state)
{
	struct manifest m = { .id = 1 }, back;
	struct scratch s = scratch_new();
	size_t each = 120, len;
	char *path = xcalloc(1, each + 1), *text;

	(void)state;
	memset(path, '\xff', each);
	m.tree.entries = xcalloc(TREE_MAX_ENTRIES, sizeof(*m.tree.entries));
	for (m.tree.count = 0; m.tree.count < TREE_MAX_ENTRIES; m.tree.count++)
		m.tree.entries[m.tree.count] = (struct tree_entry){ .path = xstrdup(path),
								    .type = 'f',
								    .size = UINT64_MAX,
								    .mtime_ns = -INT64_MAX,
								    .ctime_ns = -INT64_MAX,
								    .inode = UINT64_MAX };
	text = manifest_write(&m, &len);
	assert_true(len > 55000000);
	manifests_put(&s, text, len);
	free(text);
	assert_int_equal(manifest_read(s.fd, false, &back), 0);
	assert_int_equal(back.tree.count, TREE_MAX_ENTRIES);
	free(path);
	manifest_free(&m);
	manifest_free(&back);
	scratch_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_is_for_people_too),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(extremes_are_kept),
		cmocka_unit_test(names_are_any_bytes),
		cmocka_unit_test(heads_of_any_length_are_read),
		cmocka_unit_test(large_ones_are_read_again),
	};

	alarm(120); /* what blocks fails */
	return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
