// SPDX-License-Identifier: GPL-2.0
/*
 * moat attach, moat detach: through xl, which knows how. What xl would do
 * wrongly or explain badly is looked at first.
 */
#include "args.h"
#include "diskspec.h"
#include "vbd.h"

#include "lib/log.h"

#include <errno.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

/* Run xl and wait for it; its own words go to our output. */
static int run_xl(const char *verb, const char *domain, const char *what)
{
	const char *argv[] = { "xl", verb, domain, what, NULL };
	int err, status;
	pid_t pid;

	err = posix_spawnp(&pid, "xl", NULL, NULL, (char **)argv, environ);
	if (err) {
		moat_err("cannot run xl: %s", strerror(err));
		return MOAT_EXIT_FAILED;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return MOAT_EXIT_FAILED;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return MOAT_EXIT_OK;
	if (WIFSIGNALED(status))
		moat_err("xl %s %s %s: killed by signal %d", verb, domain,
			 what, WTERMSIG(status));
	else
		moat_err("xl %s %s %s: failed with status %d", verb, domain,
			 what, WEXITSTATUS(status));
	return MOAT_EXIT_FAILED;
}

/* The domain's number as text: xl takes a name that is a number for one. */
static int resolve(struct xs_handle *xs, const char *domain, char *number,
		   size_t size)
{
	unsigned int domid;
	int err = moat_vbd_domid(xs, domain, &domid);

	if (err == -ENOENT)
		moat_err("there is no domain '%s'", domain);
	else if (err)
		moat_err("xenstore: %s", strerror(-err));
	else
		snprintf(number, size, "%u", domid);
	return err;
}

/* Has the domain a disk of this name already? */
static bool is_taken(struct xs_handle *xs, const char *number, const char *vdev)
{
	struct moat_vbd *list;
	bool taken = false;
	int count = moat_vbd_list(xs, &list);

	for (int i = 0; i < count; i++) {
		char id[16];

		snprintf(id, sizeof(id), "%u",
			 list[i].half[MOAT_HALF_FRONT].domid);
		taken |= strcmp(id, number) == 0 &&
			 strcmp(list[i].name, vdev) == 0;
	}
	if (count >= 0)
		moat_vbd_free(list, count);
	return taken;
}

static int attach(char **operands, bool readonly)
{
	const char *domain = operands[0], *vdev = operands[1];
	struct xs_handle *xs = moat_xstore_open();
	char number[16], storage[16], spec[MOAT_DISKSPEC_BYTES];
	const char *wrong;
	int status = MOAT_EXIT_FAILED;

	if (!xs)
		return status;
	if (resolve(xs, domain, number, sizeof(number)) ||
	    resolve(xs, operands[2], storage, sizeof(storage)))
		goto out;
	wrong = moat_diskspec_format(vdev, operands[2], operands[3], readonly,
				     spec);
	if (wrong) {
		moat_err("attach: %s", wrong);
		status = MOAT_EXIT_USAGE;
		goto out;
	}
	if (is_taken(xs, number, vdev)) {
		moat_err("domain '%s' has a disk '%s' already", domain, vdev);
		goto out;
	}
	/* xl may take a while, and needs no connection of ours */
	xs_close(xs);
	return run_xl("block-attach", number, spec);
out:
	xs_close(xs);
	return status;
}

static int run_attach(const struct moat_command *command,
		      const struct moat_context *context, int argc,
		      char **argv)
{
	bool readonly = false;
	const struct moat_option options[] = {
		{ "readonly", 'r', MOAT_OPTION_FLAG, &readonly },
		{ NULL, 0, 0, NULL },
	};
	struct moat_args args = { .options = options, .min = 4, .max = 4 };
	int status = moat_args_take(&args, command, argc, argv);

	(void)context;
	return status >= 0 ? status : attach(args.operands, readonly);
}

static int run_detach(const struct moat_command *command,
		      const struct moat_context *context, int argc,
		      char **argv)
{
	const struct moat_option options[] = { { NULL, 0, 0, NULL } };
	struct moat_args args = { .options = options, .min = 2, .max = 2 };
	int status = moat_args_take(&args, command, argc, argv);
	char domain[16], device[16];
	struct xs_handle *xs;
	struct moat_vbd vbd;

	(void)context;
	if (status >= 0)
		return status;
	xs = moat_xstore_open();
	if (!xs)
		return MOAT_EXIT_FAILED;
	if (moat_vbd_find(xs, args.operands[0], args.operands[1], &vbd)) {
		xs_close(xs);
		return MOAT_EXIT_FAILED;
	}
	snprintf(domain, sizeof(domain), "%u", vbd.half[MOAT_HALF_FRONT].domid);
	snprintf(device, sizeof(device), "%u", vbd.number);
	moat_vbd_deinit(&vbd);
	xs_close(xs);
	return run_xl("block-detach", domain, device);
}

const struct moat_command moat_command_attach = {
	.name = "attach",
	.synopsis = "[--readonly] DOMAIN VDEV STORAGE TARGET",
	.summary = "Give a domain a disk of a storage domain",
	.help =
	"VDEV is the disk's name in DOMAIN, as xvdb. TARGET is a device or a file\n"
	"in the storage domain, as /dev/nvme0n1.\n\n"
	"  -r, --readonly  the domain may not write\n",
	.run = run_attach,
};

const struct moat_command moat_command_detach = {
	.name = "detach",
	.synopsis = "DOMAIN VDEV",
	.summary = "Take a disk away from a domain",
	.help = "Fails if the domain is using the disk.\n",
	.run = run_detach,
};
