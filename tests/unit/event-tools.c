// SPDX-License-Identifier: GPL-2.0
/*
 * tools/moat/event.c: events as moatd tells them, and what else may come.
 */
#include "moat/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "'storage':'s','event':"

static const struct {
	const char *json;	/* with ' for " */
	const char *event;	/* NULL: it is none */
	const char *detail;
	double total, new_domid;
	enum moat_outcome outcome;
} cases[] = {
	{ "{" HEAD "'created'}", "created", "", -1, -1, MOAT_OUTCOME_OPEN },
	{ "{" HEAD "'recovered','why':'crash','new_domid':8,"
	  "'phases':{'detect_ms':1,'replay_ms':2.5}}",
	  "recovered", "crash", 3.5, 8, MOAT_OUTCOME_GOOD },
	{ "{" HEAD "'upgraded','left':[1,2]}", "upgraded",
	  "2 disks not up in time", -1, -1, MOAT_OUTCOME_BAD },
	{ "{" HEAD "'recovered','why':'gone','left':1}", "recovered",
	  "gone; 1 disk not up in time", -1, -1, MOAT_OUTCOME_BAD },
	{ "{" HEAD "'recovered','left':[]}", "recovered", "", -1, -1,
	  MOAT_OUTCOME_GOOD },
	{ "{" HEAD "'gave-up','text':'too often'}", "gave-up", "too often",
	  -1, -1, MOAT_OUTCOME_BAD },
	{ "{" HEAD "'upgrade-aborted','text':'t'}", "upgrade-aborted", "t",
	  -1, -1, MOAT_OUTCOME_BAD },
	{ "{" HEAD "'left-alone','domain':'app','vdev':'xvda'}", "left-alone",
	  "app xvda", -1, -1, MOAT_OUTCOME_OPEN },
	{ "{" HEAD "'reconnected','why':'probe','domain':'app',"
	  "'vdev':'xvda','text':'t'}", "reconnected", "probe: app xvda: t",
	  -1, -1, MOAT_OUTCOME_OPEN },
	/* of another type than foreseen: as if it were not there */
	{ "{" HEAD "'created','why':5,'new_domid':'x','phases':[1],'left':{}}",
	  "created", "", -1, -1, MOAT_OUTCOME_OPEN },
	{ "{" HEAD "'created','phases':{'detect_ms':-5,'pci_ms':null}}",
	  "created", "", -1, -1, MOAT_OUTCOME_OPEN },
	{ "{'ok':true}", NULL },
	{ "{'event':'recovered'}", NULL },
	{ "{'storage':'s'}", NULL },
	{ "{'storage':'s','event':{}}", NULL },
	{ "['storage']", NULL },
};

static json_t *load(const char *text)
{
	char quoted[512];
	size_t i;

	for (i = 0; text[i]; i++)
		quoted[i] = text[i] == '\'' ? '"' : text[i];
	quoted[i] = '\0';
	return json_loads(quoted, 0, NULL);
}

static void decoding(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		json_t *object = load(cases[i].json);
		struct moat_event event;
		int err = moat_event_decode(object, &event);

		print_message("%s\n", cases[i].json);
		assert_non_null(object);
		assert_int_equal(err != 0, cases[i].event == NULL);
		if (!err) {
			assert_string_equal(event.event, cases[i].event);
			assert_string_equal(event.detail, cases[i].detail);
			assert_true(event.total == cases[i].total);
			assert_true(event.new_domid == cases[i].new_domid);
			assert_int_equal(moat_event_outcome(&event),
					 cases[i].outcome);
		}
		json_decref(object);
	}
}

static void times(void **state)
{
	json_t *number = load("{" HEAD "'x','time':1764033898.125}");
	json_t *text = load("{" HEAD "'x','time':'yesterday'}");
	struct moat_event event;

	(void)state;
	setenv("TZ", "UTC", 1);
	moat_event_decode(number, &event);
	assert_string_equal(event.time, "2025-11-25 01:24:58");
	assert_true(event.seconds == 1764033898.125);
	moat_event_decode(text, &event);
	assert_string_equal(event.time, "yesterday");
	assert_true(event.seconds == -1);
	json_decref(number);
	json_decref(text);
}

/* A text without end is cut off. */
static void long_texts(void **state)
{
	struct moat_event event;
	char text[4096];
	json_t *object;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	object = json_pack("{s:s,s:s,s:s,s:s}", "storage", "s", "event", "e",
			   "why", text, "text", text);
	assert_int_equal(moat_event_decode(object, &event), 0);
	assert_int_equal(strlen(event.detail), sizeof(event.detail) - 1);
	json_decref(object);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(decoding),
		cmocka_unit_test(times),
		cmocka_unit_test(long_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
