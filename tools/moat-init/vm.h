/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which virtual machine a domain belongs to: a guest and its device model's stub
 * domain are one, and so are the two halves of a migration on one host.
 */
#ifndef MOAT_VM_H
#define MOAT_VM_H

#include <stdbool.h>
#include <stdint.h>

#include "../lib/store.h"

/* A VM's path in xenstore, /vm/UUID. */
#define MOAT_VM_PATH 64

struct moat_vm {
	uint32_t domid;
	char path[MOAT_VM_PATH];	/* "": cannot be told */
	bool has_target;
	uint32_t target;		/* the domain whose device model it is */
	char target_path[MOAT_VM_PATH];	/* "": cannot be told */
};

/**
 * moat_vm_read() - see what xenstore tells of a domain's VM
 * @store: the connection
 * @domid: the domain
 * @vm: set; what may not be read, or is not there, cannot be told
 *
 * libxl lets nobody but the domain itself read its VM: whoever wants a storage
 * domain to know it gives it leave to read /local/domain/DOMID/vm and .../target.
 *
 * Return: 0, or -errno if the connection is lost.
 */
int moat_vm_read(struct moat_store *store, uint32_t domid, struct moat_vm *vm);

/* Are they known to be one VM? */
bool moat_vm_same(const struct moat_vm *a, const struct moat_vm *b);

#endif
