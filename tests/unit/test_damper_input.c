/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_damper_input - the application damper reads what a person wrote, or tells what is wrong.
 *
 * Writes in a fresh folder under /tmp and removes it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../acr-layout/apps/damper/src/chain.h"
#include "../../acr-layout/apps/damper/src/input.h"

static int parse(const char *text, struct input *input, char why[INPUT_WHY_MAX])
{
	char *copy = strdup(text);
	int r;

	assert_non_null(copy);
	r = input_parse("chain.damper", copy, strlen(copy), input, why);
	free(copy);
	return r;
}

static void input_is_understood(void **state)
{
	char why[INPUT_WHY_MAX];
	struct input input;

	(void)state;
	assert_int_equal(parse("\xEF\xBB\xBF# a chain\r\n\r\nmasses 60\r\n"
			       "  position\t12 40 # two\r\n"
			       "viscosity 0.1 1e1\r\n",
			       &input, why),
			 0);
	assert_int_equal(input.chain.masses, 60);
	assert_int_equal(input.chain.ends, CHAIN_BOTH);
	assert_int_equal(input.chain.dampers, 2);
	assert_int_equal(input.chain.position[0], 12);
	assert_int_equal(input.chain.position[1], 40);
	assert_true(input.low == 0.1 && input.high == 10);
}

static void input_has_defaults(void **state)
{
	char why[INPUT_WHY_MAX];
	struct input input;

	(void)state;
	assert_int_equal(parse("viscosity 2\nposition 1\nmasses 1", &input, why), 0);
	assert_int_equal(input.chain.ends, CHAIN_LEFT);
	assert_true(input.low == 2 && input.high == 2);
	assert_int_equal(parse("viscosity 2\nposition 1\nmasses 1\nends both", &input, why), 0);
	assert_int_equal(input.chain.ends, CHAIN_BOTH);
	assert_int_equal(parse("viscosity 2\nposition 1\nmasses 2\nends left", &input, why), 0);
	assert_int_equal(input.chain.ends, CHAIN_LEFT);
}

static void wrong_input_is_explained(void **state)
{
	static const struct {
		const char *text;
		const char *start; /* of the complaint */
		const char *part;  /* somewhere in it */
	} cases[] = {
		{ "", "chain.damper: found no line \"masses\"", "masses 60" },
		{ "masses 3\nposition 1\n", "chain.damper: found no line \"viscosity\"", "0.1 10" },
		{ "masses 3\nmases 3\n", "chain.damper:2: found \"mases 3\"", "the keys masses" },
		{ "masses 3\n\nmasses 3\n", "chain.damper:3: found a second line", "in line 1" },
		{ "masses\n", "chain.damper:1: found \"masses\"", "from 1 to 500" },
		{ "masses 0\n", "chain.damper:1: found \"masses 0\"", "from 1 to 500" },
		{ "masses 501\n", "chain.damper:1: found \"masses 501\"", "from 1 to 500" },
		{ "masses -3\n", "chain.damper:1: found \"masses -3\"", "from 1 to 500" },
		{ "masses 3 4\n", "chain.damper:1: found \"masses 3 4\"", "one whole number" },
		{ "masses 99999999999999999999999\n", "chain.damper:1: ", "from 1 to 500" },
		{ "masses = 60\n", "chain.damper:1: found \"masses = 60\"", "such as: masses 60" },
		{ "position 1 1\n", "chain.damper:1: found \"position 1 1\"", "different masses" },
		{ "position 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18\n",
		  "chain.damper:1: found", "1 to 16" },
		{ "position 4\nmasses 3\nviscosity 1", "chain.damper:1: found position 4",
		  "(line 2)" },
		{ "viscosity 0\n", "chain.damper:1: found \"viscosity 0\"", "from 0.001 to 1000" },
		{ "viscosity inf\n", "chain.damper:1: found \"viscosity inf\"", "one number" },
		{ "viscosity nan\n", "chain.damper:1: found \"viscosity nan\"", "one number" },
		{ "viscosity 0x10\n", "chain.damper:1: found \"viscosity 0x10\"", "one number" },
		{ "viscosity 0,1 10\n", "chain.damper:1: found \"viscosity 0,1 10\"", "a point" },
		{ "viscosity 9 1\n", "chain.damper:1: found \"viscosity 9 1\"", "the lowest" },
		{ "viscosity 1 2 3\n", "chain.damper:1: found \"viscosity 1 2 3\"", "one number" },
		{ "viscosity 1e\n", "chain.damper:1: found \"viscosity 1e\"", "one number" },
		{ "ends right\n", "chain.damper:1: found \"ends right\"", "both or left" },
		{ "\x1b[2Jmasses\t3 \r\n", "chain.damper:1: found \"?[2Jmasses 3\"", "expected" },
	};
	char why[INPUT_WHY_MAX];
	struct input input;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(parse(cases[i].text, &input, why), -EINVAL);
		if (strncmp(why, cases[i].start, strlen(cases[i].start)) == 0 &&
		    strstr(why, cases[i].part))
			continue;
		print_error("case %zu: %s\n", i, why);
		fail();
	}
}

static void long_and_binary_input_is_survived(void **state)
{
	static char text[INPUT_SIZE_MAX + 1];
	char why[INPUT_WHY_MAX];
	struct input input;

	(void)state;
	memset(text, '7', INPUT_SIZE_MAX);
	assert_int_equal(input_parse("x", text, INPUT_SIZE_MAX, &input, why), -EINVAL);
	assert_non_null(strstr(why, "777...\", expected"));
	memset(text, ' ', INPUT_SIZE_MAX);
	text[100] = '\0';
	assert_int_equal(input_parse("x", text, INPUT_SIZE_MAX, &input, why), -EINVAL);
	assert_non_null(strstr(why, "zero byte"));
}

static void write_file(const char *path, size_t size)
{
	static const char text[] = "masses 2\nposition 1\nviscosity 1\n";
	FILE *out = fopen(path, "we");
	size_t i;

	assert_non_null(out);
	fputs(text, out);
	for (i = strlen(text); i < size; i++)
		fputc('\n', out);
	assert_int_equal(fclose(out), 0);
}

static void only_plain_files_of_some_size_are_read(void **state)
{
	char folder[] = "/tmp/test_damper.XXXXXX", path[sizeof(folder) + 20];
	char why[INPUT_WHY_MAX];
	struct input input;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/chain.damper", folder);
	assert_int_equal(input_read(path, &input, why), -ENOENT);
	assert_non_null(strstr(why, "cannot be read: No such file"));
	assert_int_equal(input_read(folder, &input, why), -EISDIR);
	write_file(path, INPUT_SIZE_MAX);
	assert_int_equal(input_read(path, &input, why), 0);
	assert_int_equal(input.chain.masses, 2);
	write_file(path, INPUT_SIZE_MAX + 1);
	assert_int_equal(input_read(path, &input, why), -EFBIG);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(input_is_understood),
		cmocka_unit_test(input_has_defaults),
		cmocka_unit_test(wrong_input_is_explained),
		cmocka_unit_test(long_and_binary_input_is_survived),
		cmocka_unit_test(only_plain_files_of_some_size_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
