/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of lib/tree: what a drop may hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "complaint.h"
#include "kinds.h"
#include "tree.h"

#include <sys/sysmacros.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Looks at the folder "job" and checks it: 0 or COMPLAINT. */
static int check(const struct scratch *s, struct complaint *c)
{
	int fd = safefs_open_dir(s->fd, "job"), r;
	struct tree t;

	assert_true(fd >= 0);
	assert_int_equal(tree_look(fd, &t, c), 0);
	r = tree_check(fd, &t, c);
	tree_free(&t);
	close(fd);
	return r;
}

static void assert_refused(const struct scratch *s, const char *file, const char *found,
			   const char *remedy)
{
	struct complaint c = { 0 };

	assert_int_equal(check(s, &c), COMPLAINT);
	assert_string_equal(c.file, file);
	assert_string_equal(c.found, found);
	assert_true(*c.expected);
	assert_non_null(strstr(c.remedy, remedy));
	complaint_free(&c);
}

/* -- links -------------------------------------------------------------------------------------- */

static const struct link_row {
	const char *path, *target;
	bool inside;
} links[] = {
	{ "l", "file", true },
	{ "l", "d/e/file", true },
	{ "l", "./file", true },
	{ "l", ".", true },
	{ "l", "missing", true }, /* leads nowhere, but not out */
	{ "l", "l", true },	  /* round and round, but not out */
	{ "l", "d//e", true },
	{ "l", "d/", true },
	{ "l", "..hidden", true },
	{ "l", "d/..x", true },
	{ "l", "d/...", true },
	{ "l", "d/x../y", true },
	{ "l", "other", true }, /* a link beside it, judged by itself */
	{ "d/l", "../file", true },
	{ "d/l", "..", true },
	{ "d/l", "../", true },
	{ "d/l", "../d/e/file", true },
	{ "d/e/l", "../../file", true },
	{ "d/e/l", "../..", true },
	{ "d/e/l", "../../", true },
	{ "l", "/", false },
	{ "l", "/etc/passwd", false },
	{ "l", "//", false },
	{ "l", "..", false },
	{ "l", "../", false },
	{ "l", "../job/file", false },
	{ "l", "../secret", false },
	{ "l", "./..", false },
	{ "l", "./../secret", false },
	{ "l", ".//../secret", false },
	{ "l", "d/..", false }, /* d could be a link itself */
	{ "l", "d/../..", false },
	{ "l", "d/../../secret", false },
	{ "l", "other/..", false },
	{ "l", "other/../secret", false },
	{ "l", "d/e/../../../secret", false },
	{ "l", "d//../../secret", false },
	{ "l", "d/./../../secret", false },
	{ "l", "missing/../../secret", false },
	{ "d/l", "../..", false },
	{ "d/l", "../../", false },
	{ "d/l", "../../secret", false },
	{ "d/l", "..//../secret", false },
	{ "d/l", ".././../secret", false },
	{ "d/l", "../d/..", false },
	{ "d/l", "../d/../../secret", false },
	{ "d/e/l", "../../..", false },
	{ "d/e/l", "../../../secret", false },
	{ "d/e/l", "/secret", false },
};

static void links_stay_inside(void **state)
{
	struct scratch s = scratch_new();

	(void)state;
	scratch_write(&s, "job/file", "");
	scratch_write(&s, "job/d/e/file", "");
	scratch_write(&s, "secret", "");
	assert_int_equal(symlinkat("d/e", s.fd, "job/other"), 0);
	for (size_t i = 0; i < COUNT(links); i++) {
		char *path = xasprintf("job/%s", links[i].path);
		struct complaint c = { 0 };
		int r;

		assert_int_equal(symlinkat(links[i].target, s.fd, path), 0);
		r = check(&s, &c);
		if (r != (links[i].inside ? 0 : COMPLAINT))
			fail_msg("\"%s\" -> \"%s\" gives %d", links[i].path, links[i].target, r);
		assert_int_equal(complaint_any(&c), r);
		complaint_free(&c);
		assert_int_equal(unlinkat(s.fd, path, 0), 0);
		free(path);
	}
	scratch_free(&s);
}

static void assert_resolves_inside(const struct scratch *s, const char *path, const char *story)
{
	char *from = xasprintf("%s/job/%s", s->path, path), *top = xasprintf("%s/job", s->path);
	char *to = realpath(from, NULL);
	size_t len = strlen(top);

	if (to && (strncmp(to, top, len) != 0 || (to[len] && to[len] != '/')))
		fail_msg("with %s, %s is %s", story, path, to);
	free(from);
	free(top);
	free(to);
}

/* Every combination of three links: if each passes, no path through any of them leads out. */
static void chains_of_links_stay_inside(void **state)
{
	static const char *const targets[] = {
		".",	 "d",	     "d/e",	  "d/l2", "l1",	  "..",	   "../l1",
		"../..", "../../l1", "../d/e/l3", "e/l3", "d/..", "l1/..", "../d/l2/..",
	};
	static const char *const probes[] = {
		"l1",	     "l1/l1",	  "l1/l2",	 "l1/l3",	"l1/d/l2",
		"l1/e/l3",   "l1/d/e/l3", "l1/l2/l1",	 "l1/l3/l1",	"d/l2",
		"d/l2/l1",   "d/l2/l2",	  "d/l2/l3",	 "d/l2/d/e/l3", "d/e/l3",
		"d/e/l3/l1", "d/e/l3/l2", "d/e/l3/d/l2", "d/e/l3/l3",	"l1/l3/l2/l1",
	};
	struct scratch s = scratch_new();
	unsigned passed = 0;

	(void)state;
	scratch_write(&s, "job/d/e/file", "");
	for (size_t i = 0; i < COUNT(targets) * COUNT(targets) * COUNT(targets); i++) {
		const char *one = targets[i % COUNT(targets)],
			   *two = targets[i / COUNT(targets) % COUNT(targets)],
			   *three = targets[i / COUNT(targets) / COUNT(targets)];
		char *story = xasprintf("l1 -> %s, d/l2 -> %s, d/e/l3 -> %s", one, two, three);
		struct complaint c = { 0 };

		assert_int_equal(symlinkat(one, s.fd, "job/l1"), 0);
		assert_int_equal(symlinkat(two, s.fd, "job/d/l2"), 0);
		assert_int_equal(symlinkat(three, s.fd, "job/d/e/l3"), 0);
		if (check(&s, &c) == 0) {
			passed++;
			for (size_t k = 0; k < COUNT(probes); k++)
				assert_resolves_inside(&s, probes[k], story);
		}
		complaint_free(&c);
		free(story);
		assert_int_equal(unlinkat(s.fd, "job/l1", 0), 0);
		assert_int_equal(unlinkat(s.fd, "job/d/l2", 0), 0);
		assert_int_equal(unlinkat(s.fd, "job/d/e/l3", 0), 0);
	}
	assert_true(passed > 100);
	scratch_free(&s);
}

static void a_bad_link_is_shown_harmlessly(void **state)
{
	struct scratch s = scratch_new();

	(void)state;
	assert_int_equal(mkdirat(s.fd, "job", 0700), 0);
	assert_int_equal(symlinkat("/e\x1btc", s.fd, "job/a\nb"), 0);
	assert_refused(&s, "a\\x0ab",
		       "a symbolic link to \"/e\\x1btc\", which leads out of the folder", "cp -L");
	scratch_free(&s);
}

/* -- other kinds -------------------------------------------------------------------------------- */

static void plain_trees_pass(void **state)
{
	struct scratch s = scratch_new();
	struct complaint c = { 0 };

	(void)state;
	assert_int_equal(mkdirat(s.fd, "job", 0700), 0);
	assert_int_equal(check(&s, &c), 0);
	scratch_write(&s, "job/a b\n/\xff", "");
	scratch_write(&s, "job/run", "");
	assert_int_equal(fchmodat(s.fd, "job/run", 0755, 0), 0);
	/* On folders these bits mean something harmless, and folders have several names. */
	assert_int_equal(mkdirat(s.fd, "job/d", 0700), 0);
	assert_int_equal(mkdirat(s.fd, "job/d/e", 0700), 0);
	assert_int_equal(fchmodat(s.fd, "job/d", 03770, 0), 0);
	assert_int_equal(check(&s, &c), 0);
	assert_false(complaint_any(&c));
	scratch_free(&s);
}

static void fifos_and_sockets_are_refused(void **state)
{
	struct scratch s = scratch_new();

	(void)state;
	assert_int_equal(mkdirat(s.fd, "job", 0700), 0);
	assert_int_equal(mkfifoat(s.fd, "job/a", 0600), 0);
	assert_refused(&s, "a", "a device, fifo or socket", "remove it");
	assert_int_equal(unlinkat(s.fd, "job/a", 0), 0);
	make_socket(&s, "job/b");
	assert_refused(&s, "b", "a device, fifo or socket", "remove it");
	scratch_free(&s);
}

static void devices_are_refused(void **state)
{
	struct scratch s = scratch_new();
	bool made;

	(void)state;
	assert_int_equal(mkdirat(s.fd, "job", 0700), 0);
	made = mknodat(s.fd, "job/null", S_IFCHR | 0666, makedev(1, 3)) == 0;
	if (made)
		assert_refused(&s, "null", "a device, fifo or socket", "remove it");
	scratch_free(&s);
	if (!made) {
		print_message("# only root can make a device\n");
		skip();
	}
}

static void hard_links_are_refused(void **state)
{
	struct scratch s = scratch_new();
	struct complaint c = { 0 };

	(void)state;
	scratch_write(&s, "outside", "");
	assert_int_equal(mkdirat(s.fd, "job", 0700), 0);
	assert_int_equal(linkat(s.fd, "outside", s.fd, "job/a", 0), 0);
	assert_refused(&s, "a", "a file with 2 names (hard links)", "copy the file");
	assert_int_equal(unlinkat(s.fd, "outside", 0), 0);
	assert_int_equal(check(&s, &c), 0);
	/* Also when both are inside: one may be an output later. */
	assert_int_equal(linkat(s.fd, "job/a", s.fd, "job/b", 0), 0);
	assert_refused(&s, "a", "a file with 2 names (hard links)", "copy the file");
	scratch_free(&s);
}

static void setuid_programs_are_refused(void **state)
{
	static const mode_t modes[] = { 04755, 02755, 06755, 04644 };
	struct scratch s = scratch_new();
	struct complaint c = { 0 };

	(void)state;
	scratch_write(&s, "job/d/run", "");
	for (size_t i = 0; i < COUNT(modes); i++) {
		assert_int_equal(fchmodat(s.fd, "job/d/run", modes[i], 0), 0);
		assert_refused(&s, "d/run", "a program with the setuid or setgid bit",
			       "chmod ug-s \"d/run\"");
	}
	assert_int_equal(fchmodat(s.fd, "job/d/run", 01755, 0), 0);
	assert_int_equal(check(&s, &c), 0);
	scratch_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_stay_inside),
		cmocka_unit_test(chains_of_links_stay_inside),
		cmocka_unit_test(a_bad_link_is_shown_harmlessly),
		cmocka_unit_test(plain_trees_pass),
		cmocka_unit_test(fifos_and_sockets_are_refused),
		cmocka_unit_test(devices_are_refused),
		cmocka_unit_test(hard_links_are_refused),
		cmocka_unit_test(setuid_programs_are_refused),
	};

	alarm(120); /* what blocks fails */
	return cmocka_run_group_tests_name("tree_check", tests, NULL, NULL);
}
