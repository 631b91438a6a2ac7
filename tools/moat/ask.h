/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Asking before something is done that cannot be undone.
 */
#ifndef MOAT_ASK_H
#define MOAT_ASK_H

#include <stdbool.h>

/**
 * moat_ask_yes() - ask whoever sits there
 * @question: without the "[y/N]" behind it
 *
 * Where nobody does (stdin or stderr is no terminal) the answer is no, and
 * stderr says that --yes would be one.
 *
 * Return: whether the answer is yes.
 */
bool moat_ask_yes(const char *question);

#endif
