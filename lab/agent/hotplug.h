/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The agent as the block hotplug helper of a back-end domain.
 */
#ifndef LAB_HOTPLUG_H
#define LAB_HOTPLUG_H

int hotplug_run(void);

#endif
