/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LAB_HOTPLUG_H
#define LAB_HOTPLUG_H

int hotplug_run(void);

#endif
