// SPDX-License-Identifier: GPL-2.0
/*
 * Who else has a disk.
 */
#include "sharing.h"

#include <string.h>

#include "vm.h"

/* Does it write to the disk, or would it see it being written? */
static bool minds(const struct moat_vbd *other, const struct moat_vbd *vbd, bool shared)
{
	return other != vbd && other->phase == MOAT_NODE_SERVED &&
	       !other->shared && !shared &&
	       !(other->disk.read_only && vbd->disk.read_only) &&
	       moat_blockdev_overlaps(&other->disk, &vbd->disk);
}

static int is_going(struct moat_store *store, struct moat_vbd *other, bool *going)
{
	struct moat_node_view view;
	int err = moat_vbd_look(store, other, &view);

	if (!err)
		*going = !view.present || !view.online ||
			 (view.front_seen && !view.front_present);
	return err;
}

static int compare_vms(struct moat_store *store, const struct moat_vbd *vbd,
		       const struct moat_vbd *other, struct moat_sharing *s, bool *same)
{
	struct moat_vm mine, others;
	int err;

	*same = false;
	s->unknown = false;
	if (vbd->front == other->front)
		return 0;
	err = moat_vm_read(store, vbd->front, &mine);
	if (!err)
		err = moat_vm_read(store, other->front, &others);
	if (err)
		return err;
	*same = moat_vm_same(&mine, &others);
	s->unknown = !mine.path[0] || !others.path[0];
	return 0;
}

int moat_sharing_look(struct moat_store *store, const struct moat_vbd *vbd, bool shared,
		      struct moat_vbd *all, struct moat_sharing *out)
{
	struct moat_sharing s = { 0 };

	for (struct moat_vbd *o = all; o && (!s.other || s.going); o = o->next) {
		bool same;
		int err;

		if (!minds(o, vbd, shared))
			continue;
		err = compare_vms(store, vbd, o, &s, &same);
		if (err)
			return err;
		if (same) {
			s.same_vm = true;
			continue;
		}
		s.other = o;
		err = is_going(store, o, &s.going);
		if (err)
			return err;
	}
	*out = s;
	return 0;
}
