// SPDX-License-Identifier: GPL-2.0
/*
 * moat-create: a domain with a domid of one's choice.
 *
 * A front end has granted its pages to a domid. Whoever is created with the domid of a
 * storage domain that died can take over where it was; xl cannot be told a domid, libxl
 * can. A program of its own, since libxl waits, forks, and keeps what it has allocated until
 * it ends, and moatd must do none of that. Nothing stays behind: what becomes of the domain is
 * moatd's business.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/log.h"
#include "../lib/option.h"
#include "domain.h"
#include "request.h"

/* Xen's: what is beyond stands for something else than a domain. */
#define DOMID_MAX 0x7fef

#define EXIT_TAKEN 3

static const char usage[] =
	"Usage: moat-create --domid N [OPTION]... CONFIG [KEY=VALUE]...\n"
	"Create a Xen domain with the domid N, and leave it paused.\n"
	"\n"
	"  -d, --domid N       its domid, 1 to 32751\n"
	"  -r, --replace UUID  destroy the domain of that uuid before, if it has the domid\n"
	"  -u, --unpause       let it run\n"
	"      --xl PROGRAM    the xl that reads CONFIG; by default xl\n"
	"  -h, --help          show this and exit\n"
	"  -V, --version       show the version and exit\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 wrong usage, 3 another domain has the domid.\n";

static int run(struct moat_order *order, char *xl, char *const words[])
{
	char *json = NULL;
	int err = moat_request_read(xl, words, &json);

	if (err) {
		moat_err("%s cannot read %s: %s", xl, words[0], strerror(-err));
		return EXIT_FAILURE;
	}
	order->json = json;
	err = moat_domain_create(order);
	free(json);
	if (err == -EEXIST)
		return EXIT_TAKEN;
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
	static const struct option options[] = {
		{ "domid", required_argument, NULL, 'd' },
		{ "replace", required_argument, NULL, 'r' },
		{ "unpause", no_argument, NULL, 'u' },
		{ "xl", required_argument, NULL, 'x' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	static char default_xl[] = "xl";
	struct moat_order order = { 0 };
	char *xl = default_xl;
	int option;

	moat_log_init("moat-create", false);
	while ((option = getopt_long(argc, argv, "+d:r:uhV", options, NULL)) != -1)
		switch (option) {
		case 'd':
			order.domid = moat_option_number("domid", optarg, 1, DOMID_MAX);
			break;
		case 'r':
			order.replaced = optarg;
			break;
		case 'u':
			order.unpause = true;
			break;
		case 'x':
			xl = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		case 'V':
			printf("moat-create %s\n", MOAT_VERSION);
			return EXIT_SUCCESS;
		default:
			fputs("Try 'moat-create --help'.\n", stderr);
			return 2;
		}
	if (!order.domid)
		moat_option_refuse("--domid is missing");
	if (optind == argc)
		moat_option_refuse("CONFIG is missing");
	return run(&order, xl, argv + optind);
}
