/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a front end that keeps nothing relies on: the note of it, and what may take its
 * place.
 */
#include "test.h"

#include <string.h>

#include "core/owed.h"

#define NOTE "sectors=2097152 block=512 segments=128 readonly=0 flush=1 barrier=1 " \
	"discard=1 secure=0 persistent=1 identity=nvme.1234 QEMU=1"

/* A note, and what comes out of it when it is written again. */
static const struct {
	const char *what, *text, *again;
} notes[] = {
	{ "all", NOTE, NOTE },
	{ "no identity", "sectors=1 block=512 identity=", "sectors=1 block=512 identity=" },
	{ "nothing but an identity", "identity=x", "identity=x" },
	{ "only the second", "block=512 identity=x", "block=512 identity=x" },
	{ "a name that begins as another", "sectorsize=5 identity=x", "identity=x" },
	{ "another order", "block=512 sectors=8 identity=x", "sectors=8 block=512 identity=x" },
	{ "what nobody knows", "new=5 sectors=8 newer=a=b identity=x", "sectors=8 identity=x" },
	{ "the largest number", "sectors=18446744073709551615 identity=",
	  "sectors=18446744073709551615 identity=" },
	{ "nothing", "", NULL },
	{ "no identity at all", "sectors=1", NULL },
	{ "it ends behind a space", "sectors=1 ", NULL },
	{ "no number", "sectors= identity=x", NULL },
	{ "a word for a number", "sectors=many identity=x", NULL },
	{ "a sign", "sectors=-1 identity=x", NULL },
	{ "more behind the number", "sectors=1x identity=x", NULL },
	{ "too large", "sectors=18446744073709551616 identity=x", NULL },
	{ "much too large", "sectors=99999999999999999999 identity=x", NULL },
	{ "two spaces", "sectors=1  block=512 identity=x", "sectors=1 block=512 identity=x" },
};

static void text(void **unused)
{
	char again[MOAT_OWED_TEXT];
	struct moat_owed owed;
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(notes); i++) {
		check_row(notes[i].what, "outcome", moat_owed_parse(notes[i].text, &owed),
			  notes[i].again ? 0 : -EINVAL);
		if (!notes[i].again)
			continue;
		moat_owed_format(&owed, again);
		assert_string_equal(again, notes[i].again);
	}
}

/* Nothing is longer than there is room for. */
static void longest(void **unused)
{
	char note[MOAT_OWED_TEXT + 8];
	struct moat_owed owed = { 0 };
	u32 i;

	(void)unused;
	memset(note, '!', sizeof(note));
	for (i = 0; i < MOAT_OWED_COUNT; i++)
		moat_owed_set(&owed, i, ~(u64)0);
	memset(owed.identity, 'x', sizeof(owed.identity) - 1);
	moat_owed_format(&owed, note);
	assert_true(strlen(note) < MOAT_OWED_TEXT);
	assert_int_equal(moat_owed_parse(note, &owed), 0);
	strcat(note, "y");
	assert_int_equal(moat_owed_parse(note, &owed), -EINVAL);
}

static const struct {
	const char *what, *was, *now, *misfit;
} pairs[] = {
	{ "the same", NOTE, NOTE, NULL },
	{ "another disk", "sectors=8 identity=a", "sectors=8 identity=b", "identity" },
	{ "nobody can tell any more", "sectors=8 identity=a", "sectors=8 identity=", "identity" },
	{ "it could not be told", "sectors=8 identity=", "sectors=8 identity=b", "identity" },
	{ "grown", "sectors=8 identity=a", "sectors=9 identity=a", NULL },
	{ "shrunk", "sectors=8 identity=a", "sectors=7 identity=a", "sectors" },
	{ "of no identity", "sectors=8 identity=", "sectors=8 identity=", NULL },
	{ "of no identity, grown", "sectors=8 identity=", "sectors=9 identity=", "sectors" },
	{ "of no identity, shrunk", "sectors=8 identity=", "sectors=7 identity=", "sectors" },
	{ "larger blocks", "block=512 identity=a", "block=4096 identity=a", "block" },
	{ "smaller blocks", "block=4096 identity=a", "block=512 identity=a", "block" },
	{ "fewer segments", "segments=128 identity=a", "segments=32 identity=a", "segments" },
	{ "no indirect ones", "segments=128 identity=a", "segments=0 identity=a", "segments" },
	{ "more segments", "segments=32 identity=a", "segments=128 identity=a", NULL },
	{ "no writes any more", "readonly=0 identity=a", "readonly=1 identity=a", "readonly" },
	{ "writes now", "readonly=1 identity=a", "readonly=0 identity=a", NULL },
	{ "no flush", "flush=1 identity=a", "flush=0 identity=a", "flush" },
	{ "flush now", "flush=0 identity=a", "flush=1 identity=a", NULL },
	{ "no barrier", "barrier=1 identity=a", "barrier=0 identity=a", "barrier" },
	{ "no discard", "discard=1 identity=a", "discard=0 identity=a", "discard" },
	{ "none that is secure", "secure=1 identity=a", "secure=0 identity=a", "secure" },
	{ "no persistent grants", "persistent=1 identity=a", "persistent=0 identity=a", NULL },
	{ "persistent grants now", "persistent=0 identity=a", "persistent=1 identity=a", NULL },
	{ "of an older one", "sectors=8 identity=a", NOTE, "identity" },
	{ "an older one did not know", "sectors=8 identity=a",
	  "sectors=8 block=512 flush=0 identity=a", NULL },
	{ "a newer one knew", "sectors=8 flush=1 identity=a", "sectors=8 identity=a", NULL },
};

static void compared(void **unused)
{
	struct moat_owed was, now;
	const char *misfit;
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(pairs); i++) {
		assert_int_equal(moat_owed_parse(pairs[i].was, &was), 0);
		assert_int_equal(moat_owed_parse(pairs[i].now, &now), 0);
		misfit = moat_owed_misfit(&was, &now);
		if (!misfit || !pairs[i].misfit)
			check_row(pairs[i].what, "fits", !misfit, !pairs[i].misfit);
		else
			assert_string_equal(misfit, pairs[i].misfit);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(longest),
		cmocka_unit_test(compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
