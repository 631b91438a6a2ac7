/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What only the hypervisor and dom0's kernel know: which domains there are and
 * how they fare, and whether pciback has let go of a domain's devices. A test
 * links another hyper.c.
 */
#ifndef MOATD_HYPER_H
#define MOATD_HYPER_H

#include <stdbool.h>
#include <stddef.h>

#include "vcpu.h"

#define MOAT_UUID_SIZE 37	/* as text, with the zero at its end */
#define MOAT_HYPER_CONSOLE 2048	/* what a console's ring holds */

/* A domain. One that Xen has taken apart but still counts is left out. */
struct moat_hyper_domain {
	unsigned int domid;
	char uuid[MOAT_UUID_SIZE];	/* from its first moment on; a domid is given again */
	bool ended;		/* shut down, whatever the reason */
	bool crashed;
	bool suspended;
	bool paused;
};

struct moat_hyper;

/* Return: 0, or -errno. */
int moat_hyper_open(struct moat_hyper **hyper);
void moat_hyper_close(struct moat_hyper *hyper);

/**
 * moat_hyper_list() - all domains, ordered by id
 * @list: set to them; belongs to @hyper, until the next call
 *
 * Return: how many, or -errno.
 */
int moat_hyper_list(struct moat_hyper *hyper,
		    const struct moat_hyper_domain **list);

/**
 * moat_hyper_vcpus() - what each of a domain's vCPUs was given
 * @domid: the domain
 * @list: gets those that are online, in their order
 * @room: for so many, at most
 *
 * Return: how many, 0 of a domain that there is not; or -errno.
 */
int moat_hyper_vcpus(struct moat_hyper *hyper, unsigned int domid,
		     struct moat_vcpu *list, size_t room);

/* Return: 0, or -errno. The domain runs no more, not even its interrupts. */
int moat_hyper_pause(struct moat_hyper *hyper, unsigned int domid);

/* Return: 0, or -errno: -EINVAL where it is not paused. */
int moat_hyper_unpause(struct moat_hyper *hyper, unsigned int domid);

/**
 * moat_hyper_pci_domains() - the domains that pciback has a device for
 * @domids: gets them; at most @room
 *
 * Return: how many there are.
 */
size_t moat_hyper_pci_domains(unsigned int *domids, size_t room);

/* Is a device, "0000:00:04.0", bound to pciback? */
bool moat_hyper_pci_assignable(const char *bdf);

/* Is there such a device in this machine? */
bool moat_hyper_pci_exists(const char *bdf);

/**
 * moat_hyper_console() - what a domain has written to its console last
 * @domid: the domain, which need not run
 * @frame: of the console's ring, as xenstore has it
 * @text: gets it; no string
 * @room: at most so much
 *
 * Whoever reads the console is not disturbed. Return: how much it is, or -errno.
 */
int moat_hyper_console(unsigned int domid, unsigned long frame, char *text, size_t room);

/**
 * moat_hyper_destroy_command() - destroy a domain past libxl
 * @domid: the domain
 *
 * For a child process, where "xl destroy" has failed. Return: an exit status.
 */
int moat_hyper_destroy_command(unsigned int domid);

#endif
