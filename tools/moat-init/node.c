// SPDX-License-Identifier: GPL-2.0
/*
 * The decision about one back-end node.
 */
#include "node.h"

/*
 * Nobody will use this connection again. The driver's grip counts as well as
 * its state: a node that no driver ever took stays in the state it has.
 */
static bool finished(const struct moat_node_view *view)
{
	if (!view->online)
		return view->closed || !view->bound;
	/* never announced as going, but the other side is not there any more */
	if (view->front_seen && !view->front_present)
		return !view->bound;
	return false;
}

enum moat_node_action moat_node_decide(enum moat_node_phase phase,
				       const struct moat_node_view *view)
{
	if (!view->present)
		return MOAT_NODE_FORGET;
	if (finished(view))
		return MOAT_NODE_REMOVE;
	if (!view->online || !view->has_params)
		return MOAT_NODE_NONE;
	switch (phase) {
	case MOAT_NODE_NEW:
		return MOAT_NODE_RESOLVE;
	case MOAT_NODE_WAITING:
		return view->retry || view->params_changed ?
			       MOAT_NODE_RESOLVE : MOAT_NODE_NONE;
	case MOAT_NODE_FAILED:
		return view->params_changed ? MOAT_NODE_RESOLVE :
					      MOAT_NODE_NONE;
	case MOAT_NODE_SERVED:
		/* the kernel's back ends cannot change a disk under a guest */
		break;
	}
	return MOAT_NODE_NONE;
}
