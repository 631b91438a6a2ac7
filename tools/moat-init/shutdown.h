/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Powering off, rebooting and halting.
 *
 * The kernel itself watches xenstore's control/shutdown, acknowledges it by
 * writing an empty string, carries out "suspend", and for the rest runs
 * /sbin/poweroff or /sbin/reboot. In the image these are links to moat-init,
 * which then sends PID 1 the signal that means it.
 */
#ifndef MOAT_SHUTDOWN_H
#define MOAT_SHUTDOWN_H

#include <signal.h>

/* Signals to PID 1, as other small inits have them. */
#define MOAT_SIGNAL_HALT SIGUSR1
#define MOAT_SIGNAL_POWEROFF SIGUSR2
#define MOAT_SIGNAL_REBOOT SIGTERM
#define MOAT_SIGNAL_KEYS SIGINT	/* the kernel's ctrl-alt-del: reboot */

/* Add the signals above to a set. */
void moat_shutdown_signals(sigset_t *set);

/* "poweroff", "reboot", "halt", or NULL if the signal is none of them. */
const char *moat_shutdown_verb(int signal);

/**
 * moat_shutdown_request() - ask PID 1
 * @verb: "poweroff", "reboot" or "halt"
 *
 * Return: 0, or -errno; -EINVAL for any other word.
 */
int moat_shutdown_request(const char *verb);

/* End all processes, write back all data, and do it. Does not return. */
void moat_shutdown_now(const char *verb) __attribute__((noreturn));

#endif
