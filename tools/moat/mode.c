// SPDX-License-Identifier: GPL-2.0
/*
 * moat mode: how the halves of a disk signal each other, asked for and told
 * through keys that the drivers watch.
 */
#include "args.h"
#include "table.h"
#include "vbd.h"

#include "lib/log.h"
#include "moat/keys.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_SECONDS 3.0

static const char * const modes[] = { "event", "spin", "adaptive" };

static bool is_mode(const char *word)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (strcmp(modes[i], word) == 0)
			return true;
	return false;
}

static char *read_mode(struct xs_handle *xs, const struct moat_vbd *vbd, int i)
{
	const char *dir = vbd->half[i].dir;

	return dir ? moat_xstore_read(xs, XBT_NULL, dir, MOAT_KEY_MODE) : NULL;
}

static void complain(const struct moat_vbd *vbd, int i, const char *text)
{
	if (vbd->half[i].dir)
		moat_err("%s half of %s (domain %s): %s", moat_half_names[i],
			 vbd->name, vbd->half[i].domain, text);
	else
		moat_err("%s half of %s: there is none now",
			 moat_half_names[i], vbd->name);
}

/* --- show ------------------------------------------------------------------ */

static void print_json(char *const found[])
{
	json_t *object = json_object();

	for (int i = 0; i < MOAT_HALVES; i++)
		json_object_set_new(object, moat_half_names[i], found[i] ?
				    json_string(found[i]) : json_null());
	json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	putchar('\n');
	json_decref(object);
}

static void print_table(const struct moat_vbd *vbd, char *const found[])
{
	static const struct moat_column columns[] = {
		{ "HALF", false }, { "DOMAIN", false }, { "MODE", false },
		{ NULL, false },
	};
	struct moat_table *t = moat_table_create(columns);

	for (int i = 0; i < MOAT_HALVES; i++) {
		moat_table_add(t, "%s", moat_half_names[i]);
		if (vbd->half[i].dir)
			moat_table_add(t, "%s (%u)", vbd->half[i].domain,
				       vbd->half[i].domid);
		else
			moat_table_add(t, "-");
		moat_table_add(t, "%s", found[i] ? found[i] :
			       vbd->half[i].dir ? "not a Moat driver" : "-");
	}
	moat_table_print(t, stdout);
	moat_table_destroy(t);
}

static void show(struct xs_handle *xs, const struct moat_vbd *vbd, bool json)
{
	char *found[MOAT_HALVES];

	for (int i = 0; i < MOAT_HALVES; i++)
		found[i] = read_mode(xs, vbd, i);
	if (json)
		print_json(found);
	else
		print_table(vbd, found);
	for (int i = 0; i < MOAT_HALVES; i++)
		free(found[i]);
}

/* --- set -------------------------------------------------------------------- */

/* Wait until the driver has taken the wish away. Return: 0, or -ETIMEDOUT. */
static int wait_taken(struct xs_handle *xs, const char *dir, double end)
{
	for (;;) {
		char *wish = moat_xstore_read(xs, XBT_NULL, dir,
					      MOAT_KEY_SET_MODE);
		int got;

		if (!wish)
			return errno == ENOENT ? 0 : -errno;
		free(wish);
		got = moat_xstore_wait(xs, -1, end);
		if (got == 0)
			return -ETIMEDOUT;
		if (got < 0 && got != -EINTR)
			return got;
	}
}

static int ask(struct xs_handle *xs, const struct moat_vbd *vbd, int i,
	       const char *mode)
{
	const char *dir = vbd->half[i].dir;
	int err;

	if (!moat_xstore_watch(xs, dir, MOAT_KEY_SET_MODE))
		return -errno;
	err = moat_xstore_write_beside(xs, dir, MOAT_KEY_MODE,
				       MOAT_KEY_SET_MODE, mode);
	if (!err) {
		err = wait_taken(xs, dir,
				 moat_xstore_clock() + ANSWER_SECONDS);
		if (err)
			moat_xstore_remove(xs, dir, MOAT_KEY_SET_MODE);
	}
	moat_xstore_unwatch(xs, dir, MOAT_KEY_SET_MODE);
	return err;
}

/* Return: 0, or an error that has been told. */
static int set_half(struct xs_handle *xs, const struct moat_vbd *vbd, int i,
		    const char *mode)
{
	char text[96];
	char *now;
	int err = vbd->half[i].dir ? ask(xs, vbd, i, mode) : -ENOENT;

	if (err == -ENOENT) {
		complain(vbd, i, "not a Moat driver, its mode cannot be set");
		return err;
	}
	if (err == -ETIMEDOUT) {
		complain(vbd, i, "did not answer within 3 s");
		return err;
	}
	if (err) {
		complain(vbd, i, strerror(-err));
		return err;
	}
	now = read_mode(xs, vbd, i);
	if (!now || strcmp(now, mode) != 0) {
		snprintf(text, sizeof(text), "did not take mode %s, it is %s",
			 mode, now ? now : "gone");
		complain(vbd, i, text);
		err = -EIO;
	}
	free(now);
	return err;
}

/*
 * Without --front or --back a half that is not Moat's is passed over, as long
 * as the other is; named, it is an error.
 */
static int set(struct xs_handle *xs, const struct moat_vbd *vbd,
	       const char *mode, const bool named[])
{
	bool both = named[0] == named[1];
	int done = 0, failed = 0;

	for (int i = 0; i < MOAT_HALVES; i++) {
		int err;

		if (!both && !named[i])
			continue;
		err = set_half(xs, vbd, i, mode);
		if (!err)
			done++;
		else if (err != -ENOENT || named[i])
			failed++;
	}
	return done && !failed ? MOAT_EXIT_OK : MOAT_EXIT_FAILED;
}

static int usage_error(const char *text, const char *word)
{
	moat_err("mode: %s%s", text, word);
	fputs("Try 'moat mode --help'.\n", stderr);
	return MOAT_EXIT_USAGE;
}

static int run(const struct moat_command *command,
	       const struct moat_context *context, int argc, char **argv)
{
	bool json = false, named[MOAT_HALVES] = { false, false };
	const struct moat_option options[] = {
		{ "json", 0, MOAT_OPTION_FLAG, &json },
		{ "front", 0, MOAT_OPTION_FLAG, &named[MOAT_HALF_FRONT] },
		{ "back", 0, MOAT_OPTION_FLAG, &named[MOAT_HALF_BACK] },
		{ NULL, 0, 0, NULL },
	};
	struct moat_args args = { .options = options, .min = 2, .max = 3 };
	int status = moat_args_take(&args, command, argc, argv);
	struct moat_vbd vbd;
	struct xs_handle *xs;

	(void)context;
	if (status >= 0)
		return status;
	if (args.count == 3 && !is_mode(args.operands[2]))
		return usage_error("neither event, spin nor adaptive: ",
				   args.operands[2]);
	if (args.count == 2 && (named[0] || named[1]))
		return usage_error("--front and --back are for setting", "");
	xs = moat_xstore_open();
	if (!xs)
		return MOAT_EXIT_FAILED;
	status = MOAT_EXIT_FAILED;
	if (moat_vbd_find(xs, args.operands[0], args.operands[1], &vbd) == 0) {
		status = args.count == 3 ?
			 set(xs, &vbd, args.operands[2], named) : MOAT_EXIT_OK;
		show(xs, &vbd, json);
		moat_vbd_deinit(&vbd);
	}
	xs_close(xs);
	return status;
}

const struct moat_command moat_command_mode = {
	.name = "mode",
	.synopsis = "[--json] [--front | --back] DOMAIN VDEV [event|spin|adaptive]",
	.summary = "Show or set how the halves of a disk signal each other",
	.help =
	"Sets both halves, or the one that is named, and shows both.\n\n"
	"      --front  the half in the application domain only\n"
	"      --back   the half in the storage domain only\n"
	"      --json   JSON: {\"front\": MODE, \"back\": MODE}, null for no Moat driver\n",
	.run = run,
};
