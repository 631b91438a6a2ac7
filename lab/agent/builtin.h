/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands the agent knows by itself, so that files travel to and from a domain
 * that holds no other program.
 */
#ifndef LAB_BUILTIN_H
#define LAB_BUILTIN_H

int builtin_run(char **argv);

#endif
