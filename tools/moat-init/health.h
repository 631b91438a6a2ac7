/* SPDX-License-Identifier: GPL-2.0 */
/*
 * moat-back's health: looking at it, and keeping its watchdog fed by that.
 */
#ifndef MOAT_HEALTH_H
#define MOAT_HEALTH_H

#include <stddef.h>

/**
 * moat_health_read() - look at moat-back's health, which pings its pollers
 * @text: gets "POLLER DEVICE", see MOAT_KEY_HEALTH
 * @size: of @text
 *
 * Never waits. The first look that succeeds promises moat-back that more will
 * follow, once a second, until moat_health_end().
 *
 * Return: 0; -ENOENT if moat-back is not loaded; or -errno.
 */
int moat_health_read(char *text, size_t size);

/* As moat_health_read(), for the sake of the ping only. */
void moat_health_ping(void);

/* There will be no more looks, and nobody shall die of it. */
void moat_health_end(void);

#endif
