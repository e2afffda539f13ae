/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_host - what a machine is and has: the real one, and made-up ones below a folder; and which
 * versions are read out of what programs say.
 */
#include "../../runner/host.h"
#include "../../runner/software.h"

#include "appfile.h"
#include "cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include <sys/utsname.h>

#define GIB (UINT64_C(1) << 30)

static struct host look(const struct scratch *s)
{
	struct host h;

	host_look(s->path, &h);
	return h;
}

/* -- the real machine ---------------------------------------------------------------------------- */

static void this_machine_is_described(void **state)
{
	struct utsname uts;
	struct host h;
	_cleanup_free_ char *platform = NULL;

	(void)state;
	assert_int_equal(uname(&uts), 0);
	platform = xasprintf("linux-%s", uts.machine);
	host_look("", &h);
	assert_string_equal(h.platform, platform);
	assert_string_equal(h.kernel, uts.release);
	assert_string_equal(h.name, uts.nodename);
	assert_true(h.cores >= 1 && h.cores <= (unsigned)sysconf(_SC_NPROCESSORS_ONLN));
	assert_true(h.memory > 0);
	assert_non_null(h.cpu);
	host_free(&h);
}

static void this_machine_has_free_memory(void **state)
{
	uint64_t bytes = 0;
	double load = -1;

	(void)state;
	host_now("", &load, &bytes);
	assert_true(load >= 0);
	assert_true(bytes > 0);
}

/* -- machines of paper --------------------------------------------------------------------------- */

static void a_bare_machine_is_survived(void **state)
{
	struct scratch s = scratch_new();
	struct host h = look(&s);

	(void)state;
	assert_null(h.machine);
	assert_string_equal(h.cpu, "");
	assert_int_equal(h.memory, 0);
	assert_true(h.cores >= 1);
	host_free(&h);
	scratch_free(&s);
}

static void figures_are_read(void **state)
{
	struct scratch s = scratch_new();
	struct host h;

	(void)state;
	scratch_write(&s, "proc/meminfo",
		      "MemFree:  1 kB\nMemTotal:       8388608 kB\nMemAvailable: 2 kB\n");
	scratch_write(&s, "proc/cpuinfo",
		      "processor\t: 0\nmodel name\t: Abacus 7: fast\nflags\t: x\n");
	scratch_write(&s, "etc/machine-id", "0123456789abcdef0123456789abcdef\n");
	h = look(&s);
	assert_int_equal(h.memory, 8 * GIB);
	assert_string_equal(h.cpu, "Abacus 7: fast");
	assert_string_equal(h.machine, "0123456789abcdef0123456789abcdef");
	host_free(&h);
	scratch_free(&s);
}

static void an_uninitialised_machine_id_is_none(void **state)
{
	struct scratch s = scratch_new();
	struct host h;

	(void)state;
	scratch_write(&s, "etc/machine-id", "uninitialized\n");
	h = look(&s);
	assert_null(h.machine);
	host_free(&h);
	scratch_free(&s);
}

/* The limit of each machine, and what is to be found with 8 GiB in it. */
static const struct {
	const char *groups, *file, *text;
	uint64_t memory;
} limits[] = {
	{ "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max", "1073741824\n", GIB },
	{ "0::/a/b\n", "sys/fs/cgroup/a/memory.max", "2147483648\n", 2 * GIB },
	{ "0::/\n", "sys/fs/cgroup/memory.max", "1073741824\n", GIB },
	{ "0::/a\n", "sys/fs/cgroup/a/memory.max", "max\n", 8 * GIB },
	{ "0::/a\n", "sys/fs/cgroup/a/memory.max", "99999999999999\n", 8 * GIB },
	{ "0::/a\n", "sys/fs/cgroup/other/memory.max", "1\n", 8 * GIB },
	{ "5:cpu,memory:/x\n0::/a\n", "sys/fs/cgroup/memory/x/memory.limit_in_bytes",
	  "1073741824\n", GIB },
	{ "5:memory:/x/y\n", "sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n", GIB },
	{ "5:memory:/x\n", "sys/fs/cgroup/memory/x/memory.limit_in_bytes", "9223372036854771712\n",
	  8 * GIB },
};

static void a_container_has_what_its_cgroup_allows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct scratch s = scratch_new();
		struct host h;

		scratch_write(&s, "proc/meminfo", "MemTotal: 8388608 kB\n");
		scratch_write(&s, "proc/self/cgroup", limits[i].groups);
		scratch_write(&s, limits[i].file, limits[i].text);
		h = look(&s);
		assert_int_equal(h.memory, limits[i].memory);
		host_free(&h);
		scratch_free(&s);
	}
}

static void a_quota_lowers_the_cores(void **state)
{
	struct scratch s = scratch_new();
	struct host h;

	(void)state;
	scratch_write(&s, "proc/self/cgroup", "0::/a\n");
	scratch_write(&s, "sys/fs/cgroup/a/cpu.max", "50000 100000\n");
	h = look(&s);
	assert_int_equal(h.cores, 1);
	host_free(&h);
	scratch_write(&s, "proc/self/cgroup", "3:cpu,cpuacct:/x\n");
	scratch_write(&s, "sys/fs/cgroup/cpu/x/cpu.cfs_quota_us", "100000\n");
	scratch_write(&s, "sys/fs/cgroup/cpu/x/cpu.cfs_period_us", "100000\n");
	h = look(&s);
	assert_int_equal(h.cores, 1);
	host_free(&h);
	scratch_free(&s);
}

/* -- software ------------------------------------------------------------------------------------ */

static void versions_are_found_in_talk(void **state)
{
	static const char *const talk[][2] = {
		{ "Python 3.11.2\n", "3.11.2" },
		{ "gcc (Debian 12.2.0-14+deb12u1) 12.2.0\nCopyright (C) 2022\n", "12.2.0" },
		{ "GNU Octave, version 7.3.0\n", "7.3.0" },
		{ "This is perl 5, version 36, subversion 0 (v5.36.0) built for x86_64\n",
		  "5.36.0" },
		{ "julia version 1.9.\n", "1.9" },
		{ "sh: 0: Illegal option --version\n", NULL },
		{ "x86.64 of 2023\n", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(talk) / sizeof(talk[0]); i++) {
		_cleanup_free_ char *version = software_version_in(talk[i][0]);

		if (talk[i][1])
			assert_string_equal(version, talk[i][1]);
		else
			assert_null(version);
	}
}

static void only_bare_names_are_looked_up(void **state)
{
	_cleanup_free_ char *sh = software_find("sh");

	(void)state;
	assert_non_null(sh);
	assert_int_equal(*sh, '/');
	assert_null(software_find(""));
	assert_null(software_find("no-such-program-anywhere"));
	assert_null(software_find("../bin/sh"));
	assert_null(software_find("/bin/sh"));
}

static void names_come_from_option_and_applications(void **state)
{
	char octave[] = "octave-cli", sh[] = "sh", gcc[] = "gcc", *requires[] = { gcc, sh, NULL };
	struct appfile app = { .interpreter = octave, .requires = { requires, 2 } };
	const struct catalogue cat = { .apps = &app, .count = 1 };
	char *probe_items[] = { sh, NULL };
	const struct strlist probe = { probe_items, 1 };
	struct strlist names = { 0 };

	(void)state;
	software_names(&probe, &cat, &names);
	assert_int_equal(names.count, 3);
	assert_string_equal(names.items[0], "gcc");
	assert_string_equal(names.items[1], "octave-cli");
	assert_string_equal(names.items[2], "sh");
	strlist_free(&names);
}

static void what_is_not_here_is_not_told(void **state)
{
	char sh[] = "sh", none[] = "no-such-program-anywhere", *items[] = { none, sh, NULL };
	const struct strlist names = { items, 2 };
	struct strlist here = { 0 }, versions = { 0 };

	(void)state;
	software_here(&names, &here);
	assert_int_equal(here.count, 1);
	assert_string_equal(here.items[0], "sh ?");
	software_versions(&names, &versions);
	assert_int_equal(versions.count, 1);
	assert_memory_equal(versions.items[0], "sh ", 3);
	strlist_free(&here);
	strlist_free(&versions);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(this_machine_is_described),
		cmocka_unit_test(this_machine_has_free_memory),
		cmocka_unit_test(a_bare_machine_is_survived),
		cmocka_unit_test(figures_are_read),
		cmocka_unit_test(an_uninitialised_machine_id_is_none),
		cmocka_unit_test(a_container_has_what_its_cgroup_allows),
		cmocka_unit_test(a_quota_lowers_the_cores),
		cmocka_unit_test(versions_are_found_in_talk),
		cmocka_unit_test(only_bare_names_are_looked_up),
		cmocka_unit_test(names_come_from_option_and_applications),
		cmocka_unit_test(what_is_not_here_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
