/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Xenstore watches on a connection of their own. The static libxenstore takes a
 * watch event that arrives before the reply to a request for a failed request, so
 * its handle must never have a watch.
 */
#ifndef LAB_WATCH_H
#define LAB_WATCH_H

#include <stdbool.h>

int watch_open(void);
int watch_add(int fd, const char *path);
void watch_remove(int fd, const char *path);
bool watch_fired(int fd);

#endif
