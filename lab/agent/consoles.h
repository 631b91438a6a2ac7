/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Console logs that follow a domain's name.
 */
#ifndef LAB_CONSOLES_H
#define LAB_CONSOLES_H

int consoles_run(const char *pid_file);

#endif
