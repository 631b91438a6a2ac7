/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processors that come while the domain runs ("xl vcpu-set"): the kernel announces one and
 * leaves it to user space whether it is used.
 */
#ifndef MOAT_PROCESSOR_H
#define MOAT_PROCESSOR_H

/**
 * moat_processor_use() - use a processor that has been announced
 * @devpath: where sysfs has it, as in its uevent
 *
 * It waits, for a second at most, until that can be; not for who has other things to do.
 * One that cannot be used is told in the log, and the domain does without it.
 */
void moat_processor_use(const char *devpath);

/* Use all that there are, likewise: announcements have been lost. */
void moat_processors_use(void);

#endif
