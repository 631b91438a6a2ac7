// SPDX-License-Identifier: GPL-2.0
/*
 * tools/moat/args.c: command lines, good ones and bad ones, as tables.
 */
#include "moat/args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define WORDS 10

static bool flag;
static const char *text;
static long count;
static double seconds;

static const struct moat_option options[] = {
	{ "json", 0, MOAT_OPTION_FLAG, &flag },
	{ "file", 'f', MOAT_OPTION_TEXT, &text },
	{ "number", 'n', MOAT_OPTION_COUNT, &count },
	{ "delay", 'd', MOAT_OPTION_SECONDS, &seconds },
	{ NULL, 0, 0, NULL },
};

static const struct {
	const char *words[WORDS];
	const char *error;	/* NULL: good */
	int operands;
	bool flag, help;
	const char *text;
	long count;
	double seconds;
} cases[] = {
	{ { "one" }, NULL, 1 },
	{ { "one", "two" }, NULL, 2 },
	{ { "one", "--json", "two" }, NULL, 2, .flag = true },
	{ { "-n", "5", "-f", "x", "one" }, NULL, 1, .count = 5, .text = "x" },
	{ { "-n5", "-d0.5", "one" }, NULL, 1, .count = 5, .seconds = 0.5 },
	{ { "one", "--number=7", "--file=" }, NULL, 1, .count = 7, .text = "" },
	{ { "--", "--json" }, NULL, 1 },
	{ { "-h" }, .help = true },
	{ { "one", "two", "three", "--help" }, .help = true },
	{ { "--delay", "86400", "one" }, NULL, 1, .seconds = 86400 },
	{ { NULL }, "1 word is missing" },
	{ { "--json" }, "1 word is missing" },
	{ { "one", "two", "three" }, "one word too many: 'three'" },
	{ { "--bogus", "one" }, "unknown option '--bogus'" },
	{ { "-x", "one" }, "unknown option '-x'" },
	{ { "one", "-jx" }, "unknown option '-j'" },
	{ { "one", "--file" }, "a value is missing behind '--file'" },
	{ { "one", "-n" }, "a value is missing behind '-n'" },
	{ { "--json=1", "one" }, "unknown option '--json=1'" },
	{ { "-n", "0", "one" }, "not a number from 1 up: '0'" },
	{ { "-n", "-1", "one" }, "not a number from 1 up: '-1'" },
	{ { "-n", "5x", "one" }, "not a number from 1 up: '5x'" },
	{ { "-n", "", "one" }, "not a number from 1 up: ''" },
	{ { "-n", "99999999999999999999", "one" },
	  "not a number from 1 up: '99999999999999999999'" },
	{ { "-d", "0.05", "one" },
	  "not a number of seconds from 0.1 to 86400: '0.05'" },
	{ { "-d", "86401", "one" },
	  "not a number of seconds from 0.1 to 86400: '86401'" },
	{ { "-d", "nan", "one" },
	  "not a number of seconds from 0.1 to 86400: 'nan'" },
	{ { "-d", "inf", "one" },
	  "not a number of seconds from 0.1 to 86400: 'inf'" },
};

static int parse(struct moat_args *args, const char *const *words)
{
	const char *argv[WORDS + 2] = { "command" };
	int argc = 1;

	while (words[argc - 1]) {
		argv[argc] = words[argc - 1];
		argc++;
	}
	flag = false;
	text = NULL;
	count = 0;
	seconds = 0;
	return moat_args_parse(args, argc, (char **)argv);
}

static void table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct moat_args args = { .options = options, .min = 1,
					  .max = 2 };
		int err = parse(&args, cases[i].words);

		print_message("%zu %s\n", i,
			      cases[i].words[0] ? cases[i].words[0] : "");
		assert_string_equal(args.error,
				    cases[i].error ? cases[i].error : "");
		assert_int_equal(err != 0, cases[i].error != NULL);
		assert_int_equal(args.help, cases[i].help);
		if (err || args.help)
			continue;
		assert_int_equal(args.count, cases[i].operands);
		assert_int_equal(flag, cases[i].flag);
		assert_int_equal(count, cases[i].count);
		assert_true(seconds == cases[i].seconds);
		if (cases[i].text)
			assert_string_equal(text, cases[i].text);
		else
			assert_null(text);
	}
}

/* What follows a command belongs to it: moat --json status --bogus */
static void first_ends(void **state)
{
	static const char *const words[] = { "--json", "status", "--bogus",
					     "a", "b", "c", NULL };
	struct moat_args args = { .options = options, .first_ends = true };

	(void)state;
	assert_int_equal(parse(&args, words), 0);
	assert_true(flag);
	assert_int_equal(args.count, 5);
	assert_string_equal(args.operands[0], "status");
	assert_string_equal(args.operands[1], "--bogus");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(first_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
