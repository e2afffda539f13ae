/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_mount - the kernel's list of mounts: which line is meant, and what its options say. Texts of
 * our own, and the list of the machine that the test runs on; touches nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "mount.h"

static const char text[] =
	"21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"
	"not a line of mounts\n"
	"30 21 0:44 / /mnt/share rw,nosuid,nodev - nfs4 srv:/a\\040b "
	"rw,vers=4.2,rsize=262144,acregmax=120,hard,nocto,proto=tcp,timeo=600,local_lock=none\n"
	"31 21 0:45 / /mnt/with\\040blank ro,noexec shared:7 master:2 propagate_from:3 - cifs "
	"//srv/share rw,vers=3.1.1,cache=strict,username=a\\054b,soft,closetimeo=1,actimeo=x\n"
	"32 21 8:1 /sub /bind rw - ext4 /dev/sda1 rw\n"
	"33 30 0:46 / /mnt/share/spool/done rw - tmpfs tmpfs rw\n"
	"34 21 0:47 / /mnt/with rw - tmpfs short-line\n"
	"35 21 0:48 / /mnt/auto rw - autofs auto rw\n"
	"36 35 0:49 / /mnt/auto rw - nfs srv:/b rw\n";

static struct mount found(uint64_t id)
{
	struct mount m = { 0 };

	assert_int_equal(mount_find(text, id, 0, &m), 0);
	assert_int_equal(m.id, id);
	return m;
}

static void a_line_is_found_by_id(void **state)
{
	struct mount m = found(30);

	(void)state;
	assert_string_equal(m.type, "nfs4");
	assert_string_equal(m.source, "srv:/a b");
	assert_string_equal(m.point, "/mnt/share");
	assert_string_equal(m.options, "rw,nosuid,nodev");
	assert_non_null(strstr(m.super, "vers=4.2"));
	mount_free(&m);
	assert_null(m.type);
	m = found(31); /* optional fields before the hyphen */
	assert_string_equal(m.type, "cifs");
	assert_string_equal(m.point, "/mnt/with blank");
	mount_free(&m);
}

static void without_an_id_the_device_tells(void **state)
{
	struct mount m = { 0 };

	(void)state;
	assert_int_equal(mount_find(text, 0, makedev(0, 45), &m), 0);
	assert_int_equal(m.id, 31);
	mount_free(&m);
	assert_int_equal(mount_find(text, 0, makedev(8, 1), &m), 0);
	assert_int_equal(m.id, 32); /* the last one */
	mount_free(&m);
}

static void what_is_not_there_is_not_found(void **state)
{
	struct mount m = { .id = 4711 };

	(void)state;
	assert_int_equal(mount_find(text, 99, makedev(8, 1), &m), -ENOENT);
	assert_int_equal(mount_find(text, 34, 0, &m), -ENOENT); /* a field is missing */
	assert_int_equal(mount_find("", 1, 0, &m), -ENOENT);
	assert_int_equal(mount_find("\n\n - - -\n", 0, 0, &m), -ENOENT);
	assert_int_equal(m.id, 4711);
}

static void a_path_lies_on_the_longest_point_above_it(void **state)
{
	static const struct {
		const char *path;
		uint64_t id;
	} cases[] = {
		{ "/", 21 },
		{ "/mnt/shared/x", 21 },
		{ "/mnt/share", 30 },
		{ "/mnt/share/spool", 30 },
		{ "/mnt/share/spool/done/1-a", 33 },
		{ "/mnt/with blank/x", 31 },
		{ "/bind", 32 },
		{ "/mnt/auto/x", 36 }, /* the upper one of two at one point */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mount m = { 0 };

		assert_int_equal(mount_find_path(text, cases[i].path, &m), 0);
		assert_int_equal(m.id, cases[i].id);
		mount_free(&m);
	}
}

static void options_are_whole_words(void **state)
{
	struct mount m = found(30);

	(void)state;
	assert_true(mount_has(&m, "hard"));
	assert_true(mount_has(&m, "nocto"));
	assert_true(mount_has(&m, "nosuid")); /* of the mount */
	assert_false(mount_has(&m, "cto"));
	assert_false(mount_has(&m, "nosu"));
	assert_false(mount_has(&m, "vers")); /* has a value */
	assert_false(mount_has(&m, "ro"));
	mount_free(&m);
	m = found(31);
	assert_true(mount_has(&m, "ro"));
	assert_true(mount_has(&m, "rw")); /* of the file system */
	assert_true(mount_has(&m, "soft"));
	mount_free(&m);
}

static void values_are_found_and_unescaped(void **state)
{
	struct mount m = found(30);
	char *value = mount_value(&m, "vers");

	(void)state;
	assert_string_equal(value, "4.2");
	free(value);
	assert_null(mount_value(&m, "ver"));
	assert_null(mount_value(&m, "hard"));
	assert_int_equal(mount_number(&m, "acregmax"), 120);
	assert_int_equal(mount_number(&m, "acdirmax"), -1);
	mount_free(&m);
	m = found(31);
	value = mount_value(&m, "username");
	assert_string_equal(value, "a,b");
	free(value);
	assert_int_equal(mount_number(&m, "closetimeo"), 1);
	assert_int_equal(mount_number(&m, "actimeo"), -1); /* no number */
	mount_free(&m);
}

static void escapes_that_are_none_stay(void **state)
{
	char broken[] = "a\\04\\9\\477\\";

	(void)state;
	assert_string_equal(mount_unescape(broken), "a\\04\\9\\477\\");
}

static void this_machine_tells_its_mounts(void **state)
{
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct mount m = { 0 };

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(mount_of(fd, &m), 0);
	assert_string_equal(m.type, "proc");
	assert_string_equal(m.point, "/proc");
	assert_int_equal(m.id, mount_id(fd));
	mount_free(&m);
	assert_int_equal(mount_of_path("/proc/self", &m), 0);
	assert_string_equal(m.type, "proc");
	mount_free(&m);
	close(fd);
	assert_int_equal(mount_of(fd, &m), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_found_by_id),
		cmocka_unit_test(without_an_id_the_device_tells),
		cmocka_unit_test(what_is_not_there_is_not_found),
		cmocka_unit_test(a_path_lies_on_the_longest_point_above_it),
		cmocka_unit_test(options_are_whole_words),
		cmocka_unit_test(values_are_found_and_unescaped),
		cmocka_unit_test(escapes_that_are_none_stay),
		cmocka_unit_test(this_machine_tells_its_mounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
