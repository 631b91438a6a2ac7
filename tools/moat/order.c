// SPDX-License-Identifier: GPL-2.0
/*
 * moat adopt, moat hold, moat resume: a person's word about one storage domain,
 * which moatd takes at once.
 */
#include "args.h"
#include "client.h"

#include "lib/log.h"

static int run(const struct moat_command *command,
	       const struct moat_context *context, int argc, char **argv)
{
	const struct moat_option options[] = { { NULL, 0, 0, NULL } };
	struct moat_args args = { .options = options, .min = 1, .max = 1 };
	int status = moat_args_take(&args, command, argc, argv);
	json_t *request, *answer;

	if (status >= 0)
		return status;
	request = json_pack("{s:s,s:s}", "command", command->name, "storage",
			    args.operands[0]);
	if (!request) {
		moat_err("%s: the name is not UTF-8", command->name);
		return MOAT_EXIT_USAGE;
	}
	status = moat_client_call(context, request, &answer);
	if (status == MOAT_EXIT_OK)
		json_decref(answer);
	return status;
}

const struct moat_command moat_command_adopt = {
	.name = "adopt",
	.synopsis = "STORAGE",
	.summary = "Say that the domain of a storage domain's name is Moat's",
	.help =
	"moatd leaves a domain alone that it has not made and that does not show itself\n"
	"to be Moat's, whatever its name is.\n",
	.run = run,
};

const struct moat_command moat_command_hold = {
	.name = "hold",
	.synopsis = "STORAGE",
	.summary = "Have moatd leave a storage domain alone, for maintenance",
	.help =
	"moatd goes on judging it, and does nothing about it, whatever happens to it,\n"
	"until 'moat resume'; its disks wait if it ends. A moatd that is started anew\n"
	"does the same.\n",
	.run = run,
};

const struct moat_command moat_command_resume = {
	.name = "resume",
	.synopsis = "STORAGE",
	.summary = "Have moatd look after a storage domain again",
	.help =
	"What the storage domain did while it was held counts only as far as it lasts:\n"
	"one that has ended is replaced, one that stood still for a while is not.\n",
	.run = run,
};
