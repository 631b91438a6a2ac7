/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's file systems, and the sysctls that a storage domain wants.
 */
#ifndef MOAT_MOUNTS_H
#define MOAT_MOUNTS_H

#define MOAT_SYSCTL_CONFIG "/etc/moat/sysctl"

/* Mount /proc, /sys, /dev, ... Failures are logged. Return: 0, or -errno. */
int moat_mounts_init(void);

/* Make /dev/console our standard input, output and error. */
void moat_mounts_stdio(void);

/**
 * moat_mounts_sysctl() - apply "key=value" lines
 * @text: lines as in sysctl.conf: dots for slashes, '#' starts a comment
 * @name: what to call the text in the log
 */
void moat_mounts_sysctl(const char *text, const char *name);

#endif
