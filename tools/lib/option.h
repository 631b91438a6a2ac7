/* SPDX-License-Identifier: GPL-2.0 */
/* What the measuring programs' command lines have in common. */
#ifndef MOAT_OPTION_H
#define MOAT_OPTION_H

#include <stdint.h>

/**
 * moat_option_refuse() - say why it cannot be done as asked, and end with status 2.
 * @format: printf's; the program's name goes before it, a newline behind it.
 */
__attribute__((noreturn, format(printf, 1, 2)))
void moat_option_refuse(const char *format, ...);

/**
 * moat_option_number() - the decimal number that an option was given, or the end.
 * @option: its long name, without the dashes.
 * @text: what stands behind it.
 * @min: the least that is allowed.
 * @max: the most.
 *
 * Return: the number, within the limits.
 */
uint64_t moat_option_number(const char *option, const char *text, uint64_t min, uint64_t max);

#endif
